/*
 * The runner of benchmarks: each row once to warm up and then some times more, of
 * which the smallest counts, without what starting and stopping cost. See bench.h.
 */
#include "lab1-boot/ktest/bench.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/report.h"
#include "lab1-boot/lib/string.h"

#define DEBUG_EXIT  0xf4 /* QEMU's isa-debug-exit: the status is 2 * value + 1 */
#define EXIT_OK     0x10
#define EXIT_FAILED 0x11
#define RUNS        3

ROWS_DEFINE(bench);

static const struct bench *running;
static uint64_t started, stopped;

void bench_start(void)
{
	started = rdtsc();
}

void bench_stop(void)
{
	stopped = rdtsc();
}

/* The ticks of one run. */
static uint64_t once(const struct bench *bench)
{
	started = stopped = 0;
	bench->run(bench->operations);
	assert(started && stopped >= started);
	return stopped - started;
}

/* The least ticks of some runs, behind one that warms up. */
static uint64_t smallest(const struct bench *bench)
{
	uint64_t least = UINT64_MAX;

	once(bench);
	for (int i = 0; i < RUNS; i++) {
		uint64_t ticks = once(bench);

		least = ticks < least ? ticks : least;
	}
	return least;
}

static void nothing(uint64_t operations)
{
	(void)operations;
	bench_start();
	bench_stop();
}

static const struct bench empty = { "empty", "nothing", nothing, 1 };

/* A line for the host: the name, how many operations, their ticks, the title. */
static void measure(const struct bench *bench)
{
	uint64_t ticks, cost = smallest(&empty);

	running = bench;
	ticks = smallest(bench);
	report(REPORT_TEST, "# bench %s %lu %lu %s\n", bench->name, bench->operations,
		ticks > cost ? ticks - cost : 0, bench->title);
}

_Noreturn static void leave(uint8_t value)
{
	report_flush(REPORT_CONSOLE);
	report_flush(REPORT_TEST);
	out8(DEBUG_EXIT, value);
	cpu_stop();
}

static void panicked(const char *message)
{
	if (!running)
		return;
	report(REPORT_TEST, "# panic: %s: %s\n", running->name, message);
	leave(EXIT_FAILED);
}
PANIC_HOOK(9, panicked);

static bool asked(const struct bench *bench, const char *name, size_t length)
{
	if (length == 3 && !strncmp(name, "all", length))
		return true;
	if (length && name[length - 1] == '*')
		return !strncmp(bench->name, name, length - 1);
	return strlen(bench->name) == length && !strncmp(name, bench->name, length);
}

void bench_run_if_asked(void)
{
	size_t length;
	const char *name = cmdline_value("bench", &length);

	if (!name)
		return;
	ROWS_EACH (bench, bench)
		if (asked(bench, name, length))
			measure(bench);
	leave(EXIT_OK);
}
