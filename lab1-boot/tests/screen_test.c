/*
 * Exercise 1.6: characters, rows and the cursor.
 *
 * The screens here are arrays of any size; the probes draw what the host asks
 * for, on such an array and on VGA text memory (test_screen.py).
 */
#include "lab1-boot/console/screen.h"
#include "lab1-boot/console/vga.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

#define ROWS_MAX    32
#define COLUMNS_MAX 96

static struct fake {
	struct screen screen;
	char cells[ROWS_MAX][COLUMNS_MAX + 1];
	unsigned scrolls, cursors;
	unsigned cursor_row, cursor_column;
	unsigned outside; /* how often something was wanted that is not on the screen */
} fake;

static bool inside(struct screen *screen, unsigned row, unsigned column)
{
	bool in = row < screen->rows && column < screen->columns;

	fake.outside += !in;
	return in;
}

static void fake_draw(struct screen *screen, unsigned row, unsigned column, char c)
{
	if (inside(screen, row, column))
		fake.cells[row][column] = c;
}

static void fake_scroll(struct screen *screen)
{
	fake.scrolls++;
	memmove(fake.cells[0], fake.cells[1], (screen->rows - 1) * sizeof(fake.cells[0]));
	memset(fake.cells[screen->rows - 1], ' ', screen->columns);
}

static void fake_cursor(struct screen *screen, unsigned row, unsigned column)
{
	fake.cursors++;
	if (inside(screen, row, column)) {
		fake.cursor_row = row;
		fake.cursor_column = column;
	}
}

static const struct screen_ops fake_ops = { fake_draw, fake_scroll, fake_cursor };

static void fake_init(unsigned rows, unsigned columns)
{
	memset(&fake, 0, sizeof(fake));
	fake.screen = (struct screen){ .ops = &fake_ops, .rows = rows, .columns = columns };
	for (unsigned row = 0; row < rows; row++)
		memset(fake.cells[row], ' ', columns);
}

static void put(const char *text)
{
	while (*text)
		screen_put(&fake.screen, *text++);
}

#define AT(its_row, its_column)                                                                    \
	(KT_EQ(fake.screen.row, its_row), KT_EQ(fake.screen.column, its_column),                   \
		KT_EQ(fake.outside, 0))

KTEST(screen_draws, "1.6", "characters are drawn from left to right, and a newline begins a row")
{
	fake_init(3, 10);
	put("Cub ~!");
	KT_STREQ(fake.cells[0], "Cub ~!    ");
	AT(0, 6);
	put("\none\n\xc4");
	KT_STREQ(fake.cells[1], "one       ");
	KT_STREQ(fake.cells[2], "\xc4         ");
	AT(2, 1);
	KT_EQ(fake.scrolls, 0);
}

KTEST(screen_scrolls, "1.6", "in the last row, and only there, a newline scrolls")
{
	fake_init(3, 6);
	put("one\ntwo\nthree");
	KT_EQ(fake.scrolls, 0);
	AT(2, 5);
	put("\n");
	KT_EQ(fake.scrolls, 1);
	AT(2, 0);
	put("four");
	KT_STREQ(fake.cells[0], "two   ");
	KT_STREQ(fake.cells[1], "three ");
	KT_STREQ(fake.cells[2], "four  ");

	fake_init(1, 6);
	put("one\ntwo");
	KT_EQ(fake.scrolls, 1);
	KT_STREQ(fake.cells[0], "two   ");
	AT(0, 3);
}

KTEST(screen_wraps_late, "1.6", "a full row is left when the next character comes, not before")
{
	fake_init(2, 4);
	put("abcd");
	KT_STREQ(fake.cells[0], "abcd");
	AT(0, 4);
	put("\n");
	AT(1, 0); /* one row, not two */
	put("efgh");
	AT(1, 4);
	KT_EQ(fake.scrolls, 0);
	put("i");
	KT_EQ(fake.scrolls, 1);
	KT_STREQ(fake.cells[0], "efgh");
	KT_STREQ(fake.cells[1], "i   ");
	AT(1, 1);
}

KTEST(screen_goes_back, "1.6",
	"\\b goes back by one and \\r to the row's beginning, and draw nothing")
{
	fake_init(3, 4);
	put("abc\b\b");
	AT(0, 1);
	KT_STREQ(fake.cells[0], "abc ");
	put("X\rY");
	AT(0, 1);
	KT_STREQ(fake.cells[0], "YXc ");
	put("\b\b\b"); /* not beyond the beginning, nor into the row before */
	AT(0, 0);
	put("\n\b");
	AT(1, 0);
	put("abcd\b");
	AT(1, 3);
	put("\rabcd\r");
	AT(1, 0);
	KT_EQ(fake.scrolls, 0);
}

KTEST(screen_tabs, "1.6", "a tab is spaces up to the next multiple of 8, or to the row's end")
{
	fake_init(2, 20);
	put("abcdefghijklmnopqrst\ra\tb");
	KT_STREQ(fake.cells[0], "a       bjklmnopqrst");
	AT(0, 9);
	put("\t");
	AT(0, 16);
	put("\t"); /* the row ends before the next multiple */
	AT(0, 20);
	KT_STREQ(fake.cells[0], "a       b           ");
	put("\t");
	AT(0, 20);
	put("\r12345678\t|"); /* from a multiple to the next one */
	KT_STREQ(fake.cells[0], "12345678        |   ");
	put("\r\t|");
	KT_STREQ(fake.cells[0], "        |       |   ");
	KT_EQ(fake.scrolls, 0);
}

KTEST(screen_ignores_controls, "1.6", "control characters without a meaning do nothing")
{
	fake_init(2, 40);
	put("a");
	for (char c = 0; c < ' '; c++)
		if (!strchr("\n\r\b\t", c) || !c)
			screen_put(&fake.screen, c);
	put("b");
	AT(0, 2);
	KT_EQ(fake.cells[0][0], 'a');
	KT_EQ(fake.cells[0][1], 'b');
	KT_EQ(fake.cells[0][2], ' ');
}

KTEST(screen_shows_cursor, "1.6", "the cursor is shown when asked, in the last column at most")
{
	fake_init(3, 5);
	put("ab\ncd\b");
	KT_EQ(fake.cursors, 0);
	screen_flush(&fake.screen);
	KT_EQ(fake.cursors, 1);
	KT_EQ(fake.cursor_row, 1);
	KT_EQ(fake.cursor_column, 1);
	put("def");
	screen_flush(&fake.screen);
	KT_EQ(fake.cursor_column, 4);
	put("g");
	screen_flush(&fake.screen);
	KT_EQ(fake.cursor_column, 4);
	AT(1, 5);
}

static unsigned input_byte(void)
{
	return (unsigned)kt_input_byte() & 0xff;
}

/*
 * Input: screens, each as rows, columns, the text's length in two bytes (high, low) and the text.
 * Reply for each: row, column, the cursor's row and column, outside, scrolls; and every row.
 */
KPROBE(screen_probe)
{
	int rows;

	while ((rows = kt_input_byte()) > 0) {
		unsigned columns = input_byte(), length = input_byte() << 8;

		length |= input_byte();
		fake_init((unsigned)rows % (ROWS_MAX + 1), columns % (COLUMNS_MAX + 1));
		while (length--)
			screen_put(&fake.screen, (char)input_byte());
		screen_flush(&fake.screen);

		uint8_t state[] = { (uint8_t)fake.screen.row, (uint8_t)fake.screen.column,
			(uint8_t)fake.cursor_row, (uint8_t)fake.cursor_column,
			(uint8_t)fake.outside, (uint8_t)fake.scrolls };
		kt_reply_hex(state, sizeof(state));
		for (unsigned row = 0; row < fake.screen.rows; row++)
			kt_reply_hex(fake.cells[row], fake.screen.columns);
	}
}

static uint8_t crtc(uint8_t index)
{
	out8(0x3d4, index);
	return in8(0x3d5);
}

/*
 * Input: text for the VGA screen, which begins empty. Reply: the cursor's position as the
 * controller has it, high and low byte; then it stands still, and the host reads the memory.
 */
KPROBE(screen_vga_probe)
{
	struct screen *screen = vga_screen();
	int byte;

	KT_REQUIRE(screen);
	screen->row = screen->column = 0;
	while ((byte = kt_input_byte()) >= 0)
		screen_put(screen, (char)byte);
	screen_flush(screen);

	uint8_t position[] = { crtc(0x0e), crtc(0x0f) };
	kt_reply_hex(position, sizeof(position));
	cpu_stop();
}
