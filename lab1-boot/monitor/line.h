/*
 * A line that is being typed: its text, its cursor, and the lines before it.
 *
 * Bytes come in one at a time and are shown through a function that the owner
 * gives; nothing here knows of a console. Only printable characters and '\b'
 * are written, so every terminal will do, and the line fits in one row of it.
 *
 *   left right ctrl-b ctrl-f   move by one        home end ctrl-a ctrl-e   to the ends
 *   backspace                  erase before       delete ctrl-d            erase under the cursor
 *   ctrl-u                     erase all before   ctrl-k                   erase all behind
 *   ctrl-w                     erase the word before (with the spaces behind it)
 *   up down ctrl-p ctrl-n      earlier and later lines; the one being typed waits below
 *   tab                        complete           return                   done
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX     72 /* characters: with the prompt less than a row of 80 */
#define LINE_HISTORY 16

struct line;

struct line_ops {
	/* Show text on the terminal. */
	void (*write)(struct line *line, const char *text, size_t bytes);
	/* The tab key; may use line_insert. */
	void (*complete)(struct line *line);
};

struct line {
	const struct line_ops *ops; /* [I] */
	char text[LINE_MAX + 1];    /* always ended by 0 */
	size_t length;              /* <= LINE_MAX */
	size_t cursor;              /* <= length: the character under it, or the end */

	/* What the terminal shows. */
	size_t shown_length;
	size_t shown_cursor;

	/* Earlier lines: the newest at (history_count - 1) % LINE_HISTORY. */
	char history[LINE_HISTORY][LINE_MAX + 1];
	size_t history_count; /* lines ever kept */
	size_t history_at;    /* the one being shown; history_count is the line being typed */
	char unfinished[LINE_MAX + 1]; /* that line, while an earlier one is shown */

	int escape; /* how much of a key's sequence has come: see line_key */
};

/* line_init: an empty line with no history. */
void line_init(struct line *line, const struct line_ops *ops);

/*
 * line_key: take one byte that was typed. True when it ended the line: the text is then in
 * line->text until line_next, which keeps it in the history and begins an empty one.
 */
bool line_key(struct line *line, unsigned char byte);
void line_next(struct line *line);

/* line_insert: put one character in at the cursor and move on; false if the line is full. */
bool line_insert(struct line *line, char c);

/* line_erase: take out the characters from..to-1 (from <= to <= length) and leave the cursor at
 * from. */
void line_erase(struct line *line, size_t from, size_t to);

/* line_show: make the terminal show the line as it is, of which text from `from` on has changed. */
void line_show(struct line *line, size_t from);
