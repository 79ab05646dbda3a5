/*
 * The line discipline: what is between what is typed and what a program reads, and between what
 * it writes and what is shown. No locks, no hardware: bytes go in and come out. (Exercise 4.3)
 *
 * Read more: termios(3), POSIX.1-2017, chapter 11 (general terminal interface).
 */
#pragma once
#include <asm/termbits.h>
#include <asm/termios.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LDISC_BUFFER 4096 /* bytes of input that can wait, as Linux */

/* What it needs of the terminal. */
struct ldisc_ops {
	void (*put)(void *context, char byte);     /* show it */
	void (*signal)(void *context, int number); /* to the foreground process group */
};

/* All of it belongs to the terminal's lock. */
struct ldisc {
	struct ktermios termios;
	const struct ldisc_ops *ops;
	void *context;
	char buffer[LDISC_BUFFER];       /* a ring */
	uint8_t marks[LDISC_BUFFER / 8]; /* a bit for each byte that ends a line (canonical) */
	unsigned head, tail,
		canonical_head; /* read from tail; complete lines end at canonical_head */
	unsigned column;        /* of the output, for tabs and erasing */
	unsigned line_column;   /* where the edited line begins */
	bool literal;           /* the next byte is taken as it is (^V) */
	bool stopped;           /* ^S */
};

/* ldisc_init: as Linux's consoles begin: canonical, echo, ^C ^\ ^Z ^D ^U ^W ^V. */
void ldisc_init(struct ldisc *ldisc, const struct ldisc_ops *ops, void *context);

/* ldisc_input: a byte was typed. */
void ldisc_input(struct ldisc *ldisc, char byte);

/* ldisc_ready: how many bytes a read can have now; -1: an end of file. 0: it has to wait. */
int ldisc_ready(const struct ldisc *ldisc);

/* ldisc_read: take at most so many bytes (canonical: of one line at most); 0 for an end of file. */
size_t ldisc_read(struct ldisc *ldisc, char *to, size_t bytes);

/* ldisc_output: what a program writes, post-processed (OPOST, ONLCR, ...) through ops->put. */
void ldisc_output(struct ldisc *ldisc, char byte);

/* ldisc_set: new settings; what has been typed is kept as POSIX asks. ldisc_flush: forget the
 * input. */
void ldisc_set(struct ldisc *ldisc, const struct ktermios *termios);
void ldisc_flush(struct ldisc *ldisc);
