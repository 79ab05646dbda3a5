/*
 * Watchpoints: data races between processors that really run together.
 *
 * A kernel that is made with RACE=1 has all its code instrumented. Now and then the
 * processor that is about to access some memory plainly leaves a note which bytes
 * those are, and waits a little. Another processor that accesses them meanwhile, and
 * one of the two writes, and not both are atomic: that is a data race, caught in the
 * act. If nobody says so and the bytes have changed all the same, code that is not
 * instrumented did it, and that is told, too. What is ordered is never reported, since
 * who waits holds whatever it holds.
 *
 * Read more: Linux's Documentation/dev-tools/kcsan.rst; Erickson et al., "Effective
 * data-race detection for the kernel" (DataCollider), OSDI 2010.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether accesses are watched: more than one processor runs, in a kernel made with RACE=1. */
extern bool watch_on;

/* watch_plain, watch_atomic: the calling processor is about to access so many bytes. frame: of the
 * function that the compiler called. Never sleep; take no lock. A race that is found panics, with
 * both backtraces. */
void watch_plain(uint64_t address, size_t bytes, bool write, const uint64_t *frame);
void watch_atomic(uint64_t address, size_t bytes, bool write, const uint64_t *frame);
