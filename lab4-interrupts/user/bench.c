/*
 * What a program's operations cost: `make bench LAB=4` runs this on Cub and on Linux.
 *
 *   bench [NAME|PREFIX*|all]
 *
 * measures with the time-stamp counter, which counts guest instructions under QEMU's -icount with
 * shift=0, and prints a line an operation, as the kernel's own benchmarks do:
 *
 *   # bench NAME OPERATIONS TICKS TITLE
 *
 * Each operation is measured in a child of its own, so that it finds the same memory whatever else
 * is measured; one that fails, or crashes, costs its own line only.
 */
#include "bench/bench.h"
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <x86intrin.h>

#define RUNS 3

static const struct operation *const all[] = { calls, processes, memory, rounds };

const char *own_path;
static const char *measured;
static uint64_t ticks;

void start(void)
{
	ticks -= __rdtsc();
}

void stop(void)
{
	ticks += __rdtsc();
}

void fail(const char *what)
{
	dprintf(1, "# failed %s: %s: %s\n", measured, what, strerror(errno));
	_exit(1);
}

static uint64_t once(const struct operation *operation)
{
	ticks = 0;
	operation->run(operation->count);
	return ticks;
}

/* The least ticks of some runs, behind one that warms up. */
static uint64_t least(const struct operation *operation)
{
	uint64_t smallest = UINT64_MAX;

	once(operation);
	for (int i = 0; i < RUNS; i++) {
		uint64_t needed = once(operation);

		smallest = needed < smallest ? needed : smallest;
	}
	return smallest;
}

/* Say what one costs, without what starting and stopping do. */
static void report(const struct operation *operation)
{
	uint64_t cost = least(&empty), needed = least(operation);

	dprintf(1, "# bench %s %lu %lu %s\n", operation->name, operation->count,
		needed > cost ? needed - cost : 0, operation->title);
}

static void measure(const struct operation *operation)
{
	int status;
	pid_t child = fork();

	measured = operation->name;
	if (child == 0) {
		report(operation);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		fail("a child");
	if (WIFSIGNALED(status))
		dprintf(1, "# failed %s: signal %d\n", measured, WTERMSIG(status));
}

/* As the kernel's benchmarks are named; the loop whose length is known is always wanted. */
static int asked(const char *name, const char *pattern)
{
	size_t length = strlen(pattern);

	if (!strcmp(pattern, "all") || !strcmp(name, KNOWN))
		return 1;
	if (length && pattern[length - 1] == '*')
		return !strncmp(name, pattern, length - 1);
	return !strcmp(name, pattern);
}

int main(int count, char **arguments)
{
	const char *pattern = count > 1 ? arguments[1] : "all";

	if (!strcmp(pattern, NOTHING))
		return 0;
	own_path = arguments[0];
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (const struct operation *operation = all[i]; operation->name; operation++)
			if (asked(operation->name, pattern))
				measure(operation);
	return 0;
}
