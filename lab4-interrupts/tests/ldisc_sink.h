/*
 * A line discipline whose other side is an array: for its tests.
 */
#pragma once
#include "lab4-interrupts/tty/ldisc.h"

struct sink {
	struct ldisc ldisc;
	char shown[LDISC_BUFFER]; /* what was put */
	size_t count;
	size_t room;        /* how much more of it can be */
	char signals[16];   /* a letter each: i, q, z */
	unsigned discarded; /* how often */
};
extern struct sink sink;

/* sink_init: a new line discipline; sink_forget: nothing was shown, and there is room for all. */
void sink_init(void);
void sink_forget(void);

/* sink_type: these bytes are typed. */
void sink_type(const char *bytes, size_t count);
