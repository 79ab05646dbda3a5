/*
 * The line discipline: what is between what is typed and what a program reads, and between what
 * it writes and what is shown. No locks, no hardware: bytes go in and come out. (Exercise 4.3)
 *
 *   typed ---> ldisc_input ---> buffer ---> ldisc_read ---> program
 *                   |
 *                   | echo.c
 *                   v
 *   shown <--- ops->put <---------------- ldisc_output <--- program
 *
 * In canonical mode (ICANON) what is typed is a line that can be edited until it ends; only whole
 * lines can be read. Else each byte can be read as soon as it is there. Everything that termios(3)
 * lists under c_iflag, c_oflag, c_lflag and c_cc is here, except VMIN and VTIME, which are about
 * how long a read waits (tty.c), and what a line of wires may do: breaks and wrong parity (BRKINT,
 * IGNBRK, INPCK, IGNPAR) are kept and told, as c_cflag is, and change nothing.
 *
 * Read more: termios(3); POSIX.1-2017, chapter 11 (general terminal interface); Ritchie, "A stream
 * input-output system", Bell System Technical Journal 63(8), 1984, for another way to do it.
 */
#pragma once
#include <asm/termbits.h>
#include <asm/termios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISC_BUFFER 4096 /* bytes of input that can wait, as Linux */
#define LDISC_ECHOES 2048 /* what can wait to be echoed */

/* What it needs of the terminal. */
struct ldisc_ops {
	size_t (*room)(void *context);             /* how many bytes can be shown now */
	void (*put)(void *context, char byte);     /* show it: there is room */
	void (*signal)(void *context, int number); /* to the foreground process group */
	void (*discard)(void *context);            /* forget what has not been shown yet */
};

struct ldisc_echo {
	uint8_t kind; /* echo.c knows */
	uint8_t byte;
};

/*
 * All of it belongs to the terminal's lock.
 *
 * buffer is a ring: head, tail and canonical_head only ever grow, and a byte's place is its
 * number modulo LDISC_BUFFER (ldisc_at). In canonical mode there are whole lines from tail on,
 * each of whose last bytes has its bit in marks, and the line that is being edited from
 * canonical_head on:
 *
 *      read already |  o n e \n  t w o \n  |  t h r e      |
 *                  tail              canonical_head       head
 *
 * A mark at a 0 byte is an end of file: it ends a line, and is no part of it.
 */
struct ldisc {
	struct ktermios termios;
	const struct ldisc_ops *ops;
	void *context;
	char buffer[LDISC_BUFFER];
	uint8_t marks[LDISC_BUFFER / 8];
	unsigned head, tail, canonical_head;
	unsigned column;      /* of the output, for tabs */
	unsigned line_column; /* where the edited line begins */
	bool literal;         /* the next byte is taken as it is (^V) */
	bool erasing;         /* erased characters are being shown: \abc/ (ECHOPRT) */
	bool stopped;         /* nothing is shown: ^S, or held */
	bool held;            /* tcflow(TCOOFF): ^Q does not help */
	struct ldisc_echo echo[LDISC_ECHOES];
	unsigned echo_head, echo_tail; /* the same for echo */
};

/* ldisc_init: as Linux's consoles begin: canonical, echo, ^C ^\ ^Z ^D ^U ^W ^V. */
void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops, void *context);

/* ldisc_input: a byte was typed. What there is no room for is lost. */
void ldisc_input(struct ldisc *ldisc, char byte);

/* ldisc_room: how many bytes can be typed now before one is lost. A line that is too long is none
 * the longer for what is typed, but can still be ended: there is room for one always. */
size_t ldisc_room(const struct ldisc *ldisc);

/* ldisc_ready: whether a read has something to take: a line or an end of file, or (not canonical)
 * so many bytes, at least 1. */
bool ldisc_ready(const struct ldisc *ldisc, size_t least);

/* ldisc_count: how many bytes can be read now (FIONREAD), ends of file not counted. */
size_t ldisc_count(const struct ldisc *ldisc);

/* ldisc_read: take at most so many bytes, more than 0 (canonical: of one line at most, the end of
 * file that follows them included). How many; 0: an end of file, if it was ready. */
size_t ldisc_read(struct ldisc *ldisc, char *to, size_t bytes);

/* ldisc_output: a byte that a program writes, post-processed (OPOST, ONLCR, ...). Whether it could
 * be shown: if not, nothing has happened, and it is to come again when there is room. */
bool ldisc_output(struct ldisc *ldisc, char byte);

/* ldisc_echo: show what waits to be echoed, as far as there is room. */
void ldisc_echo(struct ldisc *ldisc);

/* ldisc_hold: stop the output until it is let go of (tcflow(3): TCOOFF, TCOON). */
void ldisc_hold(struct ldisc *ldisc, bool hold);

/* ldisc_set: new settings. What has been typed can be read at once if they turn canonical mode
 * off; if they turn it on, it is a line. */
void ldisc_set(struct ldisc *ldisc, const struct ktermios *termios);

/* ldisc_flush: forget the input. */
void ldisc_flush(struct ldisc *ldisc);
