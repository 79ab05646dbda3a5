/*
 * The edited line: erasing in it, showing it again, ending it. See ldisc.h.
 *
 * An erased character is taken off the screen by going back, a space, and going back again, as
 * often as it had columns: two for a control character that was shown as ^X (ECHOCTL), what
 * echo_erase_tab finds for a tab, one for a character of UTF-8, however many bytes it has.
 */
#include "lab1-boot/ktest/todo.h"
#include "lab4-interrupts/tty/ldisc_parts.h"

void edit_shown(struct ldisc *ldisc)
{
	if (ldisc->erasing)
		echo_byte(ldisc, '/');
	ldisc->erasing = false;
}

// BEGIN SOLUTION 4.3
enum kind { CHARACTER, WORD, LINE };

/* --- taking it off the screen ------------------------------------------------------ */

/* How far behind the line's beginning, or the tab before, the end of the line is on the screen. */
static unsigned columns_before(const struct ldisc *ldisc, bool *behind_tab)
{
	unsigned columns = 0;

	*behind_tab = false;
	for (unsigned at = ldisc->head; at-- != ldisc->canonical_head;) {
		uint8_t byte = ldisc_at(ldisc, at);

		if (byte == '\t') {
			*behind_tab = true;
			break;
		}
		if (is_control(byte))
			columns += ldisc_lflag(ldisc, ECHOCTL) ? 2 : 0;
		else if (!ldisc_continues(ldisc, byte))
			columns++;
	}
	return columns;
}

static void unshow_column(struct ldisc *ldisc)
{
	echo_byte(ldisc, '\b');
	echo_byte(ldisc, ' ');
	echo_byte(ldisc, '\b');
}

/* The character that was behind the line's end, whose first byte this is. */
static void unshow(struct ldisc *ldisc, uint8_t first)
{
	bool behind_tab;

	if (first == '\t') {
		unsigned columns = columns_before(ldisc, &behind_tab);

		echo_erase_tab(ldisc, columns, behind_tab);
		return;
	}
	if (!is_control(first) || ldisc_lflag(ldisc, ECHOCTL))
		unshow_column(ldisc);
	if (is_control(first) && ldisc_lflag(ldisc, ECHOCTL))
		unshow_column(ldisc);
}

/* On paper nothing can be taken off: show what is erased (ECHOPRT). */
static void show_erased(struct ldisc *ldisc, unsigned end)
{
	if (!ldisc->erasing)
		echo_byte(ldisc, '\\');
	ldisc->erasing = true;
	echo_visible(ldisc, ldisc_at(ldisc, ldisc->head));
	for (unsigned at = ldisc->head + 1; at != end; at++) {
		echo_byte(ldisc, ldisc_at(ldisc, at));
		echo_back(ldisc);
	}
}

/* The line has got shorter: it went to end. */
static void echo_erased(struct ldisc *ldisc, enum kind kind, unsigned end)
{
	if (!ldisc_lflag(ldisc, ECHO))
		return;
	if (ldisc_lflag(ldisc, ECHOPRT))
		show_erased(ldisc, end);
	else if (kind == CHARACTER && !ldisc_lflag(ldisc, ECHOE))
		echo_visible(ldisc, ldisc->termios.c_cc[VERASE]);
	else
		unshow(ldisc, ldisc_at(ldisc, ldisc->head));
}

/* --- taking it out of the line ----------------------------------------------------- */

/* Where the last character of the line, which is not empty, begins; its end if it has no beginning.
 */
static unsigned last_character(const struct ldisc *ldisc)
{
	unsigned at = ldisc->head - 1;

	while (at != ldisc->canonical_head && ldisc_continues(ldisc, ldisc_at(ldisc, at)))
		at--;
	return ldisc_continues(ldisc, ldisc_at(ldisc, at)) ? ldisc->head : at;
}

/* Letters (of Latin-1, too), digits and _ make a word. */
static bool in_word(uint8_t byte)
{
	uint8_t letter = byte | 0x20;

	return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
	       (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

static void erase(struct ldisc *ldisc, enum kind kind)
{
	bool word = false;

	if (ldisc->head == ldisc->canonical_head)
		return;
	while (ldisc->head != ldisc->canonical_head) {
		unsigned end = ldisc->head, start = last_character(ldisc);

		if (start == end)
			break;
		if (kind == WORD && word && !in_word(ldisc_at(ldisc, start)))
			break;
		word |= in_word(ldisc_at(ldisc, start));
		ldisc->head = start;
		echo_erased(ldisc, kind, end);
		if (kind == CHARACTER)
			break;
	}
	if (ldisc->head == ldisc->canonical_head && ldisc_lflag(ldisc, ECHO))
		edit_shown(ldisc);
}

static void erase_line(struct ldisc *ldisc)
{
	const tcflag_t all = ECHOK | ECHOKE | ECHOE;

	if (ldisc_lflag(ldisc, ECHO) && (ldisc->termios.c_lflag & all) == all) {
		erase(ldisc, LINE);
		return;
	}
	if (ldisc->head == ldisc->canonical_head)
		return;
	ldisc->head = ldisc->canonical_head;
	if (!ldisc_lflag(ldisc, ECHO))
		return;
	edit_shown(ldisc);
	echo_visible(ldisc, ldisc->termios.c_cc[VKILL]);
	if (ldisc_lflag(ldisc, ECHOK))
		echo_byte(ldisc, '\n');
}

/* --- other keys -------------------------------------------------------------------- */

static void next_is_literal(struct ldisc *ldisc)
{
	ldisc->literal = true;
	if (!ldisc_lflag(ldisc, ECHO))
		return;
	edit_shown(ldisc);
	if (ldisc_lflag(ldisc, ECHOCTL)) {
		echo_byte(ldisc, '^'); /* what comes will be shown in its place */
		echo_byte(ldisc, '\b');
	}
}

static void reprint(struct ldisc *ldisc)
{
	edit_shown(ldisc);
	echo_visible(ldisc, ldisc->termios.c_cc[VREPRINT]);
	echo_byte(ldisc, '\n');
	for (unsigned at = ldisc->canonical_head; at != ldisc->head; at++)
		echo_visible(ldisc, ldisc_at(ldisc, at));
}

static void end_line(struct ldisc *ldisc, uint8_t byte)
{
	ldisc_mark(ldisc, ldisc->head);
	ldisc_keep(ldisc, byte);
	ldisc->canonical_head = ldisc->head;
}

static bool ends_line(const struct ldisc *ldisc, uint8_t byte)
{
	return ldisc_is(ldisc, byte, VEOL) ||
	       (ldisc_is(ldisc, byte, VEOL2) && ldisc_lflag(ldisc, IEXTEN));
}

static void end_with(struct ldisc *ldisc, uint8_t byte)
{
	if (ldisc_lflag(ldisc, ECHO)) {
		if (ldisc->head == ldisc->canonical_head)
			echo_beginning(ldisc);
		echo_visible(ldisc, byte);
	}
	end_line(ldisc, byte);
}

/* Those that POSIX does not know (IEXTEN). */
static bool extended_key(struct ldisc *ldisc, uint8_t byte)
{
	if (!ldisc_lflag(ldisc, IEXTEN))
		return false;
	if (ldisc_is(ldisc, byte, VWERASE))
		erase(ldisc, WORD);
	else if (ldisc_is(ldisc, byte, VLNEXT))
		next_is_literal(ldisc);
	else if (ldisc_is(ldisc, byte, VREPRINT) && ldisc_lflag(ldisc, ECHO))
		reprint(ldisc);
	else
		return false;
	return true;
}
// END SOLUTION 4.3 =>

bool edit_key(struct ldisc *ldisc, uint8_t byte)
{
	/* Exercise 4.3: VERASE, VKILL, VWERASE, VLNEXT, VREPRINT, newline, VEOF, VEOL, VEOL2: what
	 * c_lflag lets them mean. */
	// BEGIN SOLUTION 4.3
	if (ldisc_is(ldisc, byte, VERASE)) {
		erase(ldisc, CHARACTER);
	} else if (ldisc_is(ldisc, byte, VKILL)) {
		erase_line(ldisc);
	} else if (extended_key(ldisc, byte)) {
		return true;
	} else if (byte == '\n') {
		if (ldisc->termios.c_lflag & (ECHO | ECHONL))
			echo_byte(ldisc, '\n');
		end_line(ldisc, '\n');
	} else if (ldisc_is(ldisc, byte, VEOF)) {
		end_line(ldisc, 0);
	} else if (ends_line(ldisc, byte)) {
		end_with(ldisc, byte);
	} else {
		return false;
	}
	return true;
	// END SOLUTION 4.3 => (void)ldisc; (void)byte; todo("4.3"); return false;
}
