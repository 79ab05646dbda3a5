/* Counting before and after a test. See leaks.h. */
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/report.h"

#define COUNTS_MAX 64

ROWS_DEFINE(leak_count);
ROWS_DEFINE(drain);

static uint64_t before[COUNTS_MAX];

/* Rows come in rising order of their lab: the highest first. */
static void drain_all(void)
{
	for (rows_drain_type *row = rows_drain_end; row > rows_drain_start;)
		(--row)->run();
}

void leaks_begin(void)
{
	assert(rows_leak_count_end - rows_leak_count_start <= COUNTS_MAX);
	drain_all();
	ROWS_EACH (leak_count, count)
		before[count - rows_leak_count_start] = count->now();
}

unsigned leaks_report(void)
{
	unsigned leaks = 0;

	drain_all();
	ROWS_EACH (leak_count, count) {
		uint64_t then = before[count - rows_leak_count_start], now = count->now();

		if (now <= then)
			continue;
		leaks++;
		report(REPORT_TEST, "# leaked: %lu %s (%lu before the test, %lu after)\n",
			now - then, count->what, then, now);
	}
	return leaks;
}
