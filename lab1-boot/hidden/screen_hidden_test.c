/* Exercise 1.6, the instructor's own: any bytes, on the smallest of screens. */
#include "lab1-boot/console/screen.h"
#include "lab1-boot/ktest/ktest.h"

static unsigned outside, drawn;
static char last;

static void check(struct screen *screen, unsigned row, unsigned column)
{
	outside += row >= screen->rows || column >= screen->columns;
}

static void see_draw(struct screen *screen, unsigned row, unsigned column, char c)
{
	check(screen, row, column);
	drawn++;
	last = c;
}

static void see_scroll(struct screen *screen)
{
	outside += screen->row + 1 != screen->rows;
}

static const struct screen_ops seeing = { see_draw, see_scroll, check };

KTEST(screen_is_never_left, "1.6", "whatever is printed, nothing happens outside the screen")
{
	for (unsigned rows = 1; rows <= 3; rows++)
		for (unsigned columns = 1; columns <= 9; columns++) {
			struct screen screen = { .ops = &seeing, .rows = rows, .columns = columns };

			drawn = outside = 0;
			for (int i = 0; i < 300; i++) {
				uint64_t random = kt_random();

				screen_put(&screen,
					random & 256 ? "\b\t\n\r"[random & 3] : (char)random);
				screen_flush(&screen);
				outside += screen.row >= rows || screen.column > columns;
			}
			screen_put(&screen, '\n');
			screen_put(&screen, 'x');
			KT_EQ(outside, 0);
			KT_TRUE(drawn > 0 && last == 'x');
			KT_EQ(screen.column, 1);
		}
}
