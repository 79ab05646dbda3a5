/* Line editing. See line.h. */
#include "lab1-boot/monitor/line.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"

#define CONTROL(letter) ((letter)&0x1f)
#define ESCAPE          0x1b
#define DELETE          0x7f

void line_init(struct line *line, const struct line_ops *ops)
{
	memset(line, 0, sizeof(*line));
	line->ops = ops;
}

static void back(struct line *line, size_t times)
{
	while (times--)
		line->ops->write(line, "\b", 1);
}

/*
 * Terminals know where their cursor is, but cannot be asked, so we remember what was shown: go back
 * to the change, write from there on, blank what is left of a longer line, and return to the
 * cursor.
 */
void line_show(struct line *line, size_t from)
{
	if (from > line->shown_cursor)
		from = line->shown_cursor;
	back(line, line->shown_cursor - from);
	line->ops->write(line, line->text + from, line->length - from);

	size_t end = line->length;
	for (; end < line->shown_length; end++)
		line->ops->write(line, " ", 1);
	back(line, end - line->cursor);
	line->shown_length = line->length;
	line->shown_cursor = line->cursor;
}

/* Move the cursor to a place in the line. */
static void move(struct line *line, size_t to)
{
	line->cursor = to;
	if (to > line->shown_cursor)
		line->ops->write(line, line->text + line->shown_cursor, to - line->shown_cursor);
	else
		back(line, line->shown_cursor - to);
	line->shown_cursor = to;
}

bool line_insert(struct line *line, char c)
{
	/* Exercise 1.7: make room, keep the end mark, and show what changed. */
	// BEGIN SOLUTION 1.7
	if (line->length == LINE_MAX)
		return false;
	memmove(line->text + line->cursor + 1, line->text + line->cursor,
		line->length - line->cursor + 1);
	line->text[line->cursor++] = c;
	line->length++;
	line_show(line, line->cursor - 1);
	return true;
	// END SOLUTION 1.7 => todo("1.7"); (void)line, (void)c; return false;
}

void line_erase(struct line *line, size_t from, size_t to)
{
	/* Exercise 1.7: close the gap, keep the end mark, and show what changed. */
	// BEGIN SOLUTION 1.7
	if (from == to)
		return;
	memmove(line->text + from, line->text + to, line->length - to + 1);
	line->length -= to - from;
	line->cursor = from;
	line_show(line, from);
	// END SOLUTION 1.7 => todo("1.7"); (void)line, (void)from, (void)to;
}

/* Where the word before the cursor begins: back over spaces, then over what is none. */
static size_t word_start(const struct line *line)
{
	/* Exercise 1.7: the beginning of the line ends the search, too. */
	// BEGIN SOLUTION 1.7
	size_t at = line->cursor;

	while (at > 0 && line->text[at - 1] == ' ')
		at--;
	while (at > 0 && line->text[at - 1] != ' ')
		at--;
	return at;
	// END SOLUTION 1.7 => todo("1.7"); return line->cursor;
}

/* Show another text instead, with the cursor at its end. */
static void replace(struct line *line, const char *text)
{
	line->length = strlcpy(line->text, text, sizeof(line->text));
	line->cursor = line->length;
	line_show(line, 0);
}

static char *history_slot(struct line *line, size_t number)
{
	return line->history[number % LINE_HISTORY];
}

/* Show the line before (by -1) or behind (by +1) the one being shown, if it is still kept. */
static void history_step(struct line *line, int by)
{
	/* Exercise 1.7: the line being typed is kept in `unfinished` while an earlier one is shown,
	 * and comes back as it was. An earlier line that was edited is not changed in the history.
	 */
	// BEGIN SOLUTION 1.7
	size_t oldest = line->history_count > LINE_HISTORY ? line->history_count - LINE_HISTORY : 0;

	if (by < 0 ? line->history_at == oldest : line->history_at == line->history_count)
		return;
	if (line->history_at == line->history_count)
		strlcpy(line->unfinished, line->text, sizeof(line->unfinished));
	line->history_at += (size_t)by;
	if (line->history_at == line->history_count)
		replace(line, line->unfinished);
	else
		replace(line, history_slot(line, line->history_at));
	// END SOLUTION 1.7 => todo("1.7"); (void)line, (void)by, (void)replace, (void)history_slot;
}

/* Keep the text for later, unless it is empty or the same as the line before. */
static void history_keep(struct line *line)
{
	/* Exercise 1.7: the newest line takes the oldest one's place when all are full. */
	// BEGIN SOLUTION 1.7
	bool again = line->history_count > 0 &&
		     !strcmp(line->text, history_slot(line, line->history_count - 1));

	if (line->length > 0 && !again)
		strlcpy(history_slot(line, line->history_count++), line->text, LINE_MAX + 1);
	// END SOLUTION 1.7 => todo("1.7"); (void)line;
}

void line_next(struct line *line)
{
	history_keep(line);
	line->history_at = line->history_count;
	line->length = line->cursor = line->shown_length = line->shown_cursor = 0;
	line->text[0] = '\0';
}

static void control_key(struct line *line, unsigned char byte)
{
	switch (byte) {
	case CONTROL('a'):
		move(line, 0);
		break;
	case CONTROL('e'):
		move(line, line->length);
		break;
	case CONTROL('b'):
		move(line, line->cursor - (line->cursor > 0));
		break;
	case CONTROL('f'):
		move(line, line->cursor + (line->cursor < line->length));
		break;
	case CONTROL('h'):
	case DELETE:
		line_erase(line, line->cursor - (line->cursor > 0), line->cursor);
		break;
	case CONTROL('d'):
		line_erase(line, line->cursor, line->cursor + (line->cursor < line->length));
		break;
	case CONTROL('u'):
		line_erase(line, 0, line->cursor);
		break;
	case CONTROL('k'):
		line_erase(line, line->cursor, line->length);
		break;
	case CONTROL('w'):
		line_erase(line, word_start(line), line->cursor);
		break;
	case CONTROL('p'):
		history_step(line, -1);
		break;
	case CONTROL('n'):
		history_step(line, +1);
		break;
	case '\t':
		line->ops->complete(line);
	}
}

/*
 * The keys that send more than one byte (ECMA-48, VT100): ESC [ or ESC O, perhaps a digit and ~,
 * and a letter. They are the same as control keys. line->escape is 0 between keys, ESCAPE after
 * ESC, '[' after the second byte, and the digit after a digit. Unknown sequences do nothing.
 */
static void escape_key(struct line *line, unsigned char byte)
{
	static const char keys[][2] = { { 'A', CONTROL('p') }, { 'B', CONTROL('n') },
		{ 'C', CONTROL('f') }, { 'D', CONTROL('b') }, { 'H', CONTROL('a') },
		{ 'F', CONTROL('e') }, { '1', CONTROL('a') }, { '4', CONTROL('e') },
		{ '7', CONTROL('a') }, { '8', CONTROL('e') }, { '3', CONTROL('d') } };
	int state = line->escape;

	if (state == ESCAPE && (byte == '[' || byte == 'O')) {
		line->escape = '[';
		return;
	}
	if (state != ESCAPE && ((byte >= '0' && byte <= '9') || byte == ';')) {
		line->escape = state == '[' ? byte : '?'; /* one digit is a key, more are not */
		return;
	}
	line->escape = 0;
	if (state == ESCAPE)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i][0] == (byte == '~' ? state : state == '[' ? byte : 0))
			control_key(line, (unsigned char)keys[i][1]);
}

bool line_key(struct line *line, unsigned char byte)
{
	if (line->escape)
		escape_key(line, byte);
	else if (byte == ESCAPE)
		line->escape = ESCAPE;
	else if (byte == '\r' || byte == '\n')
		return true;
	else if (byte < ' ' || byte == DELETE)
		control_key(line, byte);
	else if (byte < DELETE)
		line_insert(line, (char)byte);
	return false;
}
