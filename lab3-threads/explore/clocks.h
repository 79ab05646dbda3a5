/*
 * Happened-before, by vector clocks: which accesses are ordered, and which only
 * happened to come one after the other.
 *
 * Each processor counts its releases. A release leaves all that the processor knows of
 * the others' counts with the atomic variable; an acquire takes that over. An access is
 * ordered after another processor's if the own clock knows that processor's count. Of
 * two accesses to the same bytes of which one writes and one is plain (C11, 5.1.2.4),
 * those which are not ordered are a data race, and reported with both places.
 *
 * Read more: Flanagan and Freund, "FastTrack: efficient and precise dynamic race
 * detection", PLDI 2009; C11, sections 5.1.2.4, 7.17.3 and 7.17.4 (fences).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clocks_atomic { CLOCKS_LOAD, CLOCKS_STORE, CLOCKS_CHANGE };

/* clocks_reset: all that has happened is ordered before what comes. */
void clocks_reset(void);

/* clocks_access: the present processor has accessed so many bytes, plainly. frame: of the function
 * that the compiler called; it returns to the access. */
void clocks_access(uint64_t address, size_t bytes, bool write, const uint64_t *frame);

/* clocks_atomic: the same, atomically, with one of the compiler's memory orders. */
void clocks_atomic(
	uint64_t address, size_t bytes, enum clocks_atomic kind, int order, const uint64_t *frame);

/* clocks_fence: a fence of that memory order. */
void clocks_fence(int order);
