/*
 * Output: from what a program writes to what is shown. See ldisc.h.
 *
 * A newline becomes a return and a newline (ONLCR): that is the most of it. To make spaces of a
 * tab one has to know the column, which is counted here, so that the echo (echo.c) knows it, too.
 */
#include "lab1-boot/ktest/todo.h"
#include "lab4-interrupts/tty/ldisc_parts.h"

bool output_show(struct ldisc *ldisc, const char *bytes, size_t count)
{
	if (ldisc->stopped || ldisc->ops->room(ldisc->context) < count)
		return false;
	for (size_t i = 0; i < count; i++)
		ldisc->ops->put(ldisc->context, bytes[i]);
	return true;
}

void output_start(struct ldisc *ldisc)
{
	if (!ldisc->held)
		ldisc->stopped = false;
}

void ldisc_hold(struct ldisc *ldisc, bool hold)
{
	if (hold != ldisc->held) /* else a ^S stays one */
		ldisc->held = ldisc->stopped = hold;
}

// BEGIN SOLUTION 4.3
static bool show_newline(struct ldisc *ldisc)
{
	bool pair = ldisc_oflag(ldisc, ONLCR);

	if (!output_show(ldisc, pair ? "\r\n" : "\n", pair ? 2 : 1))
		return false;
	if (pair || ldisc_oflag(ldisc, ONLRET))
		ldisc->column = 0;
	ldisc->line_column = ldisc->column;
	return true;
}

static bool show_return(struct ldisc *ldisc)
{
	bool newline = ldisc_oflag(ldisc, OCRNL);

	if (ldisc_oflag(ldisc, ONOCR) && ldisc->column == 0)
		return true;
	if (!output_show(ldisc, newline ? "\n" : "\r", 1))
		return false;
	if (!newline || ldisc_oflag(ldisc, ONLRET))
		ldisc->line_column = ldisc->column = 0;
	return true;
}

static bool show_tab(struct ldisc *ldisc)
{
	unsigned width = 8 - ldisc->column % 8;
	bool spaces = (ldisc->termios.c_oflag & TABDLY) == XTABS;

	if (!output_show(ldisc, spaces ? "        " : "\t", spaces ? width : 1))
		return false;
	ldisc->column += width;
	return true;
}

/* In Latin-1. */
static uint8_t upper(uint8_t byte)
{
	bool lower = (byte >= 'a' && byte <= 'z') || (byte >= 0xdf && byte != 0xf7);

	return lower ? byte - 'a' + 'A' : byte;
}

static bool show_other(struct ldisc *ldisc, uint8_t byte)
{
	char shown = (char)(ldisc_oflag(ldisc, OLCUC) ? upper(byte) : byte);

	if (!output_show(ldisc, &shown, 1))
		return false;
	if (byte == '\b' && ldisc->column)
		ldisc->column--;
	if (!is_control(byte) && !ldisc_continues(ldisc, byte))
		ldisc->column++;
	return true;
}
// END SOLUTION 4.3 =>

bool ldisc_output(struct ldisc *ldisc, char byte)
{
	/* Exercise 4.3: without OPOST it is shown as it is, and the column is not looked at. Else
	 * c_oflag says what is shown for it (all of it or nothing), and column and line_column are
	 * afterwards what they are then. A control character has no column, nor has what continues
	 * a character (ldisc_continues). */
	// BEGIN SOLUTION 4.3
	if (ldisc->stopped)
		return false;
	if (!ldisc_oflag(ldisc, OPOST))
		return output_show(ldisc, &byte, 1);
	switch (byte) {
	case '\n':
		return show_newline(ldisc);
	case '\r':
		return show_return(ldisc);
	case '\t':
		return show_tab(ldisc);
	default:
		return show_other(ldisc, (uint8_t)byte);
	}
	// END SOLUTION 4.3 => todo("4.3"); return output_show(ldisc, &byte, 1);
}
