/*
 * What lab 1's own work costs, and a loop of known length, by which `make bench` sees that the
 * clock counts instructions.
 */
#include "lab1-boot/ktest/bench.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"

static char from[4096], to[4096];

/* grader/bench.py compares this one with what it must be: 2 instructions each, give or take 4. */
BENCH(a_known_loop, "a loop of 2 instructions", 100000)
{
	bench_start();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(operations));
	bench_stop();
}

BENCH(boot_memset, "memset of 4 KiB", 100)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		memset(to, (int)i, sizeof(to));
	bench_stop();
}

BENCH(boot_memcpy, "memcpy of 4 KiB", 100)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		memcpy(to, from, sizeof(to));
	bench_stop();
}

BENCH(boot_format, "ksnprintf of \"%016lx %d %s\"", 100)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		ksnprintf(to, sizeof(to), "%016lx %d %s", i, -4711, "ranges");
	bench_stop();
}
