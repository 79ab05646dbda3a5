/*
 * Coroutines, for the tests of exercise 3.1: stacks that thread_prepare has laid, and
 * thread_switch between them, without a scheduler.
 *
 * A prepared stack leads to thread_begin, which needs the scheduler. So the word that says so
 * is replaced in the frame; whatever else lies there is the exercise's business.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/thread/thread.h"

enum { RBX, RBP, R12, R13, R14, R15, KEPT }; /* what a function keeps for its caller */

struct coroutine {
	uint64_t rsp; /* while another one runs */
	uint64_t *stack, *top;
	void (*run)(void); /* never returns */
	/* At its first instruction: the two registers, and the word that %rsp points to. */
	uint64_t entry_rsp, entry_rbp, entry_return;
};

/* The one that runs; first of all the test itself, which has no stack of its own here. */
extern struct coroutine *coroutine_now, coroutine_test;

/* coroutine_make: lay a stack of so many bytes for it. It begins when it is first switched to. */
void coroutine_make(struct coroutine *coroutine, void *stack, size_t bytes, void (*run)(void));

/* coroutine_switch: go on with that one; returns when somebody switches back. */
void coroutine_switch(struct coroutine *to);

/* coroutine_switch_with: the same, with these values in the registers; they are replaced by what
 * the registers hold afterwards. */
void coroutine_switch_with(struct coroutine *to, uint64_t registers[KEPT]);

/* coroutine_test_garbage: fill memory with numbers from the seed; none is 0. */
void coroutine_test_garbage(void *memory, size_t bytes);
