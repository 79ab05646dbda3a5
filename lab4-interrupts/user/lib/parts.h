/*
 * Programs that tell in lines what the kernel does, part by part.
 */
#pragma once
#include "asked.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* say: a line, at once: a child inherits nothing unwritten. */
#define say(...) (printf(__VA_ARGS__), putchar('\n'), fflush(stdout))

/* The parts end with one without a name. */
struct part {
	const char *name;
	void (*run)(void);
};

/* A call's result, or what errno says. */
static inline void say_error(const char *what, long result)
{
	if (result < 0)
		say("%s: %s", what, strerror(errno));
	else
		say("%s: %ld", what, result);
}

/* What wait has said. */
static inline void say_status(const char *what, int status)
{
	if (WIFEXITED(status))
		say("%s: exited %d", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say("%s: signal %d", what, WTERMSIG(status));
	else if (WIFSTOPPED(status))
		say("%s: stopped %d", what, WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		say("%s: continued", what);
	else
		say("%s: 0x%x", what, status);
}

/* Long enough that others come to something. */
static inline void nap(void)
{
	usleep(20000);
}

/* Whether there is one of that name. */
static inline int parts_have(const struct part *parts, const char *name)
{
	for (; parts->name; parts++)
		if (!strcmp(parts->name, name))
			return 1;
	return 0;
}

/* Run the parts that are named, or all, each behind a line "== NAME". */
static inline int parts_main(int count, char **names, const struct part *parts)
{
	for (; parts->name; parts++) {
		if (!asked(count, names, parts->name))
			continue;
		say("== %s", parts->name);
		parts->run();
	}
	return 0;
}
