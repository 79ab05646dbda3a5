/*
 * Echoes that wait: see ldisc_parts.h.
 *
 * How wide a tab is, and how far to go back when one is erased, depends on the column in which
 * it is shown, which nobody knows while the output is stopped. So what waits is not bytes
 * but what is to be done when its turn comes.
 */
#include "lab4-interrupts/tty/ldisc_parts.h"

enum {
	ECHO_BYTE,
	ECHO_CARET, /* ^X */
	ECHO_BEGINNING,
	ECHO_BACK,
	ECHO_TAB,       /* byte: columns from the beginning of the line */
	ECHO_TAB_AFTER, /* byte: columns from the tab before */
};

static void add(struct ldisc *ldisc, uint8_t kind, uint8_t byte)
{
	if (ldisc->echo_head - ldisc->echo_tail < LDISC_ECHOES)
		ldisc->echo[ldisc->echo_head++ % LDISC_ECHOES] = (struct ldisc_echo){ kind, byte };
}

void echo_byte(struct ldisc *ldisc, uint8_t byte)
{
	add(ldisc, ECHO_BYTE, byte);
}

void echo_visible(struct ldisc *ldisc, uint8_t byte)
{
	bool caret = ldisc_lflag(ldisc, ECHOCTL) && is_control(byte) && byte != '\t';

	add(ldisc, caret ? ECHO_CARET : ECHO_BYTE, byte);
}

void echo_beginning(struct ldisc *ldisc)
{
	add(ldisc, ECHO_BEGINNING, 0);
}

void echo_back(struct ldisc *ldisc)
{
	add(ldisc, ECHO_BACK, 0);
}

void echo_erase_tab(struct ldisc *ldisc, unsigned columns, bool behind_tab)
{
	add(ldisc, behind_tab ? ECHO_TAB_AFTER : ECHO_TAB, columns % 8);
}

void echo_forget(struct ldisc *ldisc)
{
	ldisc->echo_head = ldisc->echo_tail = 0;
}

/* --- showing ----------------------------------------------------------------------- */

static void step_back(struct ldisc *ldisc, unsigned columns)
{
	ldisc->column -= columns < ldisc->column ? columns : ldisc->column;
}

static bool show_caret(struct ldisc *ldisc, uint8_t byte)
{
	if (!output_show(ldisc, (char[]){ '^', (char)(byte ^ 0x40) }, 2))
		return false;
	ldisc->column += 2;
	return true;
}

static bool erase_tab(struct ldisc *ldisc, unsigned columns)
{
	unsigned width = 8 - columns % 8;

	if (!output_show(ldisc, "\b\b\b\b\b\b\b\b", width))
		return false;
	step_back(ldisc, width);
	return true;
}

/* One of them; false if it has to wait. */
static bool show(struct ldisc *ldisc, struct ldisc_echo echo)
{
	switch (echo.kind) {
	case ECHO_BYTE:
		return ldisc_output(ldisc, (char)echo.byte);
	case ECHO_CARET:
		return show_caret(ldisc, echo.byte);
	case ECHO_TAB:
		return erase_tab(ldisc, ldisc->line_column + echo.byte);
	case ECHO_TAB_AFTER:
		return erase_tab(ldisc, echo.byte);
	case ECHO_BEGINNING:
		ldisc->line_column = ldisc->column;
		return true;
	default:
		step_back(ldisc, 1);
		return true;
	}
}

void ldisc_echo(struct ldisc *ldisc)
{
	while (ldisc->echo_tail != ldisc->echo_head &&
		show(ldisc, ldisc->echo[ldisc->echo_tail % LDISC_ECHOES]))
		ldisc->echo_tail++;
}
