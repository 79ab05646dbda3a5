/*
 * What the line discipline's files share: ldisc.c (input), edit.c (the edited line), output.c,
 * echo.c (what is echoed, and when).
 */
#pragma once
#include "lab4-interrupts/tty/ldisc.h"

static inline bool ldisc_iflag(const struct ldisc *ldisc, tcflag_t flag)
{
	return ldisc->termios.c_iflag & flag;
}

static inline bool ldisc_oflag(const struct ldisc *ldisc, tcflag_t flag)
{
	return ldisc->termios.c_oflag & flag;
}

static inline bool ldisc_lflag(const struct ldisc *ldisc, tcflag_t flag)
{
	return ldisc->termios.c_lflag & flag;
}

/* ldisc_is: whether this byte is the control character (VINTR, VERASE, ...); 0 is none. */
static inline bool ldisc_is(const struct ldisc *ldisc, uint8_t byte, unsigned which)
{
	return byte && ldisc->termios.c_cc[which] == byte;
}

/* ldisc_at: the byte of that number. ldisc_keep: put a byte behind the others, if there is room. */
static inline uint8_t ldisc_at(const struct ldisc *ldisc, unsigned number)
{
	return (uint8_t)ldisc->buffer[number % LDISC_BUFFER];
}
void ldisc_keep(struct ldisc *ldisc, uint8_t byte);

/* ldisc_mark: the byte of that number ends a line. */
static inline void ldisc_mark(struct ldisc *ldisc, unsigned number)
{
	unsigned place = number % LDISC_BUFFER;

	ldisc->marks[place / 8] |= (uint8_t)(1 << place % 8);
}

/* ldisc_continues: it is not the first byte of a character of UTF-8 (IUTF8). */
static inline bool ldisc_continues(const struct ldisc *ldisc, uint8_t byte)
{
	return ldisc_iflag(ldisc, IUTF8) && (byte & 0xc0) == 0x80;
}

static inline bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

/* edit_key: in canonical mode: if this byte edits the line or ends it, do that; else false. */
bool edit_key(struct ldisc *ldisc, uint8_t byte);

/* edit_shown: end the showing of erased characters (ECHOPRT) before something else is echoed. */
void edit_shown(struct ldisc *ldisc);

/*
 * Echoes come when there is room and the output is not stopped, so they wait in a queue. These put
 * something into it; ldisc_echo takes it out. What does not fit is lost.
 *   echo_byte       a byte, to be shown as if a program wrote it
 *   echo_visible    the same, but a control character as ^X if ECHOCTL (a tab as it is)
 *   echo_beginning  the cursor is where the edited line begins then
 *   echo_back       the byte before was the continuation of a character: no column of its own
 *   echo_erase_tab  go back to where a tab was typed: `columns` behind the beginning of
 *                   the line, or behind an earlier tab
 */
void echo_byte(struct ldisc *ldisc, uint8_t byte);
void echo_visible(struct ldisc *ldisc, uint8_t byte);
void echo_beginning(struct ldisc *ldisc);
void echo_back(struct ldisc *ldisc);
void echo_erase_tab(struct ldisc *ldisc, unsigned columns, bool behind_tab);
void echo_forget(struct ldisc *ldisc);

/* output_show: show these bytes if there is room for all, and the output is not stopped. */
bool output_show(struct ldisc *ldisc, const char *bytes, size_t count);

/* output_start: let the output go on (^Q), unless it is held. */
void output_start(struct ldisc *ldisc);
