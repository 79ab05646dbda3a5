/*
 * Benchmarks: what an operation costs.
 *
 *   BENCH(page_alloc_free, "a page allocated and freed", 1000)
 *   {
 *           bench_start();
 *           for (uint64_t i = 0; i < operations; i++)
 *                   page_free(page_alloc(0, 0));
 *           bench_stop();
 *   }
 *
 * They stand in labN-.../tests/..._bench.c and are linked in a kernel of their own
 * (kernel.mk, BENCH=1), without checks as a release is. `make bench` boots it with
 * "bench=all" on the command line. What is measured is the time-stamp counter: under
 * QEMU's -icount with shift=0 it counts guest instructions exactly.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdint.h>

struct bench {
	const char *name;
	const char *title;
	void (*run)(uint64_t operations);
	uint64_t operations; /* how many are done between bench_start and bench_stop */
};
ROWS_DECLARE(bench, struct bench);

/* The rows come in the order of their names. */
#define BENCH(its_name, its_title, its_operations)                                                 \
	static void bench_##its_name(uint64_t operations);                                         \
	ROW(bench, "." #its_name, bench_row_##its_name) = { .name = #its_name,                     \
		.title = its_title,                                                                \
		.run = bench_##its_name,                                                           \
		.operations = its_operations };                                                    \
	static void bench_##its_name(uint64_t operations)

/* bench_start, bench_stop: what lies between them is measured; each once in a run. */
void bench_start(void);
void bench_stop(void);

/* bench_run_if_asked: run the benchmark that the command line names ("bench=all": every one;
 * "bench=map_*": those whose names begin so), and leave; return if it names none. */
void bench_run_if_asked(void);
