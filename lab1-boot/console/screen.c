/* Rows, columns and the cursor. See screen.h. */
#include "lab1-boot/console/screen.h"
#include "lab1-boot/ktest/todo.h"

/* To the beginning of the next row; the last row makes room by scrolling. */
static void next_row(struct screen *screen)
{
	/* Exercise 1.6: the cursor never leaves the screen. */
	// BEGIN SOLUTION 1.6
	screen->column = 0;
	if (screen->row + 1 < screen->rows)
		screen->row++;
	else
		screen->ops->scroll(screen);
	// END SOLUTION 1.6 => todo("1.6"); (void)screen;
}

/* Draw a printable character and move on. */
static void draw(struct screen *screen, char c)
{
	/* Exercise 1.6: a row that is full is left only now. */
	// BEGIN SOLUTION 1.6
	if (screen->column == screen->columns)
		next_row(screen);
	screen->ops->draw(screen, screen->row, screen->column, c);
	screen->column++;
	// END SOLUTION 1.6 => todo("1.6"); (void)screen, (void)c, (void)next_row;
}

void screen_put(struct screen *screen, char c)
{
	/* Exercise 1.6: the control characters; screen.h has the contract. */
	// BEGIN SOLUTION 1.6
	switch (c) {
	case '\n':
		next_row(screen);
		break;
	case '\r':
		screen->column = 0;
		break;
	case '\b':
		if (screen->column > 0)
			screen->column--;
		break;
	case '\t':
		do {
			if (screen->column < screen->columns)
				draw(screen, ' ');
		} while (screen->column % SCREEN_TAB && screen->column < screen->columns);
		break;
	default:
		if ((unsigned char)c >= ' ')
			draw(screen, c);
	}
	// END SOLUTION 1.6 => todo("1.6"); (void)screen, (void)c, (void)draw;
}

void screen_flush(struct screen *screen)
{
	/* Exercise 1.6: show the cursor. */
	// BEGIN SOLUTION 1.6
	unsigned last = screen->columns - 1;

	screen->ops->cursor(screen, screen->row, screen->column < last ? screen->column : last);
	// END SOLUTION 1.6 => todo("1.6"); (void)screen;
}
