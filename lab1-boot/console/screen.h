/*
 * A screen of characters: where the next one goes, and when everything moves up.
 *
 * The screen knows rows, columns and the cursor; how a character is made
 * visible is the business of its operations (VGA text memory, a frame buffer,
 * or a test's array).
 */
#pragma once
#include <stdint.h>

#define SCREEN_TAB 8

struct screen;

struct screen_ops {
	/* Show character c at row, column: both are inside the screen. */
	void (*draw)(struct screen *screen, unsigned row, unsigned column, char c);
	/* Move every row up by one: row 0 is lost, the last row becomes spaces. */
	void (*scroll)(struct screen *screen);
	/* Show the cursor at row, column. */
	void (*cursor)(struct screen *screen, unsigned row, unsigned column);
};

struct screen {
	const struct screen_ops *ops; /* [I] */
	unsigned rows, columns;       /* [I] at least 1 each */
	unsigned row, column;         /* [console_lock] the cursor: row < rows, column <= columns */
};

/*
 * screen_put: show one character at the cursor and move on.
 *   0x20 to 0xff        drawn; in a full row it first begins the next one, so a character in
 *                       the last column leaves the cursor behind it (column == columns) until
 *                       another one comes
 *   \n                  to the beginning of the next row; in the last row everything scrolls
 *   \r                  to the beginning of this row
 *   \b                  one column back, not beyond the row's beginning; draws nothing
 *   \t                  spaces up to the next multiple of SCREEN_TAB, at most to the row's end
 *   others              nothing
 * Does not move the visible cursor: screen_flush does.
 */
void screen_put(struct screen *screen, char c);

/* screen_flush: show the cursor where the next character goes (in the last column if behind it). */
void screen_flush(struct screen *screen);
