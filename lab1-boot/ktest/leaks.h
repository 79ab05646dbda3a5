/*
 * What a test may not lose.
 *
 * Each floor tells in rows what it counts (pages, objects, threads), and how to
 * give back what it merely keeps for later (per-processor caches, dead stacks).
 * The runner drains and counts before and after every test; what has grown is a
 * leak, and the test has failed.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdint.h>

/* LEAK_COUNT("pages", function): how many of them are in use now. */
struct leak_count {
	const char *what;
	uint64_t (*now)(void);
};
ROWS_DECLARE(leak_count, struct leak_count);
#define LEAK_COUNT(what, function) ROW(leak_count, "", leak_count_##function) = { what, function }

/*
 * DRAIN(2, function): give back what lab 2 only keeps for later. May sleep. Higher labs are drained
 * first, since what they give back ends in the caches of lower ones.
 */
struct drain {
	void (*run)(void);
};
ROWS_DECLARE(drain, struct drain);
#define DRAIN(lab, function) ROW(drain, "." #lab, drain_##function) = { function }

/* leaks_begin: drain, and remember every count. May sleep, as DRAIN's functions may. */
void leaks_begin(void);

/*
 * leaks_report: drain, and say on COM2 which counts are higher than they were; returns how many
 * are. May sleep.
 */
unsigned leaks_report(void);
