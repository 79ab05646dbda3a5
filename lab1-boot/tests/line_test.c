/*
 * Exercise 1.7: typing, erasing and the lines before.
 *
 * Keys are typed as control characters, so that nothing here depends on how a
 * terminal sends its arrows; test_line.py types those, too, and looks at what a
 * terminal would show.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/line.h"

#define LEFT   "\x02" /* ctrl-b */
#define RIGHT  "\x06" /* ctrl-f */
#define HOME   "\x01" /* ctrl-a */
#define END    "\x05" /* ctrl-e */
#define DELETE "\x04" /* ctrl-d */
#define WORD   "\x17" /* ctrl-w */
#define BEFORE "\x15" /* ctrl-u */
#define BEHIND "\x0b" /* ctrl-k */
#define UP     "\x10" /* ctrl-p */
#define DOWN   "\x0e" /* ctrl-n */

static struct line line;
static uint8_t written[1024];
static size_t written_bytes;

static void fake_write(struct line *of, const char *text, size_t bytes)
{
	(void)of;
	for (size_t i = 0; i < bytes; i++)
		if (written_bytes < sizeof(written))
			written[written_bytes++] = (uint8_t)text[i];
}

static void fake_complete(struct line *of)
{
	for (const char *c = "tab"; *c && line_insert(of, *c); c++)
		;
}

static const struct line_ops fake_ops = { fake_write, fake_complete };

static void type(const char *keys)
{
	for (; *keys; keys++)
		if (line_key(&line, (uint8_t)*keys))
			line_next(&line);
}

/* A new line that has seen these keys. */
static void start(const char *keys)
{
	line_init(&line, &fake_ops);
	type(keys);
}

#define LINE_IS(its_text, its_cursor)                                                              \
	(KT_STREQ(line.text, its_text), KT_EQ(line.length, strlen(its_text)),                      \
		KT_EQ(line.cursor, its_cursor))

KTEST(line_inserts, "1.7", "a character goes in at the cursor, and what is behind it moves")
{
	start("cub");
	LINE_IS("cub", 3);
	start("ub" HOME "c");
	LINE_IS("cub", 1);
	type(RIGHT "X" END "Y" LEFT LEFT "Z");
	LINE_IS("cuXZbY", 4);
	start("");
	KT_TRUE(line_insert(&line, 'a'));
	LINE_IS("a", 1);
}

KTEST(line_is_never_too_long, "1.7", "a full line takes no more and loses nothing")
{
	char want[LINE_MAX + 1] = "";

	start("");
	line.history[0][0] = 'h'; /* what lies behind the text */
	for (size_t i = 0; i < LINE_MAX; i++) {
		want[i] = (char)('a' + i % 26);
		KT_TRUE(line_insert(&line, want[i]));
	}
	LINE_IS(want, LINE_MAX);
	KT_TRUE(!line_insert(&line, 'X'));
	LINE_IS(want, LINE_MAX);
	type(HOME "Y");
	LINE_IS(want, 0);
	type(RIGHT DELETE "Z");
	want[1] = 'Z';
	LINE_IS(want, 2);
	KT_EQ(line.history[0][0], 'h');

	type(END "X" UP DOWN); /* nor does it as an unfinished line, nor in the history */
	LINE_IS(want, LINE_MAX);
	type("\r" UP);
	LINE_IS(want, LINE_MAX);
}

KTEST(line_erases, "1.7", "erased characters are gone, and the cursor is where they were")
{
	start("abcdef");
	line_erase(&line, 1, 3);
	LINE_IS("adef", 1);
	type(DELETE);
	LINE_IS("aef", 1);
	type("\b\b\b"); /* only one is there */
	LINE_IS("ef", 0);
	type(END "\x7f" DELETE);
	LINE_IS("e", 1);
	type("fg h" LEFT LEFT BEFORE);
	LINE_IS(" h", 0);
	type(RIGHT BEHIND);
	LINE_IS(" ", 1);
	type(BEFORE BEFORE BEHIND DELETE "\b");
	LINE_IS("", 0);
}

KTEST(line_erases_word, "1.7", "ctrl-w erases the word before the cursor and the spaces behind it")
{
	start("peek 0x1000 16" WORD);
	LINE_IS("peek 0x1000 ", 12);
	type(WORD);
	LINE_IS("peek ", 5);
	type("  " WORD);
	LINE_IS("", 0);
	type("   " WORD);
	LINE_IS("", 0);
	start(WORD "one two-three" LEFT LEFT WORD);
	LINE_IS("one ee", 4);
	type(WORD);
	LINE_IS("ee", 0);
	type(WORD);
	LINE_IS("ee", 0);
}

KTEST(line_shows_history, "1.7", "up and down go through the earlier lines")
{
	start("one\rtwo\rthree\r" UP);
	LINE_IS("three", 5);
	type(UP UP);
	LINE_IS("one", 3);
	type(UP); /* the oldest stays */
	LINE_IS("one", 3);
	type(DOWN);
	LINE_IS("two", 3);
	type(DOWN DOWN);
	LINE_IS("", 0);
	type(DOWN);
	LINE_IS("", 0);
	type(UP UP "\r" UP); /* an earlier line that is entered again is the newest */
	LINE_IS("two", 3);
	type(UP);
	LINE_IS("three", 5);
}

KTEST(line_keeps_unfinished, "1.7", "the line being typed waits below, and edits change no history")
{
	start("one\rtwo\runfinished" LEFT UP);
	LINE_IS("two", 3);
	type(" edited" UP);
	LINE_IS("one", 3);
	type(BEFORE DOWN);
	LINE_IS("two", 3);
	type(DOWN);
	LINE_IS("unfinished", 10);
	type(DOWN);
	LINE_IS("unfinished", 10);
	type("!" UP DOWN);
	LINE_IS("unfinished!", 11);
	type(UP UP);
	LINE_IS("one", 3);
}

KTEST(line_keeps_history_once, "1.7", "empty lines and the same line again are not kept")
{
	start("\rone\r\r\rone\rtwo\r \r" UP UP);
	LINE_IS("two", 3);
	type(UP UP);
	LINE_IS("one", 3);
	KT_EQ(line.history_count, 3);
	start("one\rtwo\rone\r" UP UP UP); /* only the line just before counts */
	LINE_IS("one", 3);
	KT_EQ(line.history_count, 3);
}

/* "line 7" */
static void type_numbered(unsigned number)
{
	char text[] = "line 00\r";

	text[5] = (char)('0' + number / 10);
	text[6] = (char)('0' + number % 10);
	type(text);
}

KTEST(line_history_is_16, "1.7", "the newest 16 lines are kept, all of them, and no older one")
{
	start("");
	for (unsigned i = 0; i < LINE_HISTORY; i++)
		type_numbered(i);
	for (unsigned i = 0; i < 2 * LINE_HISTORY; i++)
		type(UP);
	LINE_IS("line 00", 7);
	type("\r"); /* now the newest as well, in the oldest one's place */
	type_numbered(20);
	type_numbered(21);
	for (unsigned i = 0; i < LINE_HISTORY; i++)
		type(UP);
	LINE_IS("line 03", 7);
	type(UP);
	LINE_IS("line 03", 7);
	for (unsigned i = 1; i < LINE_HISTORY; i++)
		type(DOWN);
	LINE_IS("line 21", 7);
	type(DOWN);
	LINE_IS("", 0);
}

/*
 * Input: bytes that are typed. Reply for each: whether the line is done, its length, its cursor and
 * its text as far as the end mark; and what was written to the terminal. A done line is kept.
 */
KPROBE(line_probe)
{
	int byte;

	start("");
	while ((byte = kt_input_byte()) >= 0) {
		uint8_t state[3 + LINE_MAX + 1];
		size_t length;

		written_bytes = 0;
		state[0] = line_key(&line, (uint8_t)byte);
		state[1] = (uint8_t)line.length;
		state[2] = (uint8_t)line.cursor;
		length = strnlen(line.text, sizeof(line.text));
		memcpy(state + 3, line.text, length);
		kt_reply_hex(state, 3 + length);
		kt_reply_hex(written, written_bytes);
		if (state[0])
			line_next(&line);
	}
}
