/*
 * What a call returned, in words: for the programs whose output on Linux and on Cub is compared
 * (tests/test_abi.py). They print nothing that differs from run to run: no numbers of processes,
 * no addresses, no times.
 */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SAY(close(7)): prints "close(7) = -1 Bad file descriptor". */
#define SAY(call) (errno = 0, say(#call, (long)(call)))

/* TELL(x == 3): prints "x == 3: yes", or no. */
#define TELL(condition) (printf("%s: %s\n", #condition, (condition) ? "yes" : "no"))

/* An address where nothing is, in a way that the compiler cannot see. */
extern char *volatile nowhere;

/* say: print it; returns the result. */
long say(const char *text, long result);

/* say_child: run it in a child, wait for that, and print how it ended. The child exits with what
 * it returns. */
void say_child(const char *title, int (*run)(void));

/*
 * say_parts: what main does: run the parts that the arguments name, or all, each in a child of its
 * own behind a line "== NAME". The last part has no name.
 */
struct part {
	const char *name;
	int (*run)(void);
};
int say_parts(int count, char **names, const struct part *parts);

/* say_status: what wait has told, in words. */
void say_status(const char *title, int status);
