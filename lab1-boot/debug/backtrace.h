/*
 * Who called whom, by the chain of frame pointers.
 *
 * Cub is compiled with -fno-omit-frame-pointer: every function begins with
 * "push %rbp; mov %rsp, %rbp", so at %rbp lies the caller's %rbp and above it
 * the return address. The first frame's saved %rbp is 0. (GCC leaves the push
 * out where a function calls nobody and needs no stack: a fault inside such a
 * function is shown, but not its caller.) Read more: System V psABI for AMD64,
 * section 3.2.2.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stack that a frame may lie on: [low, high). */
struct stack_bounds {
	uint64_t low, high;
};

/*
 * backtrace_walk: the return addresses of the chain that begins at frame pointer rbp, innermost
 * first, at most max of them; returns how many. Whatever rbp and the stack hold, it reads only
 * whole frames (16 bytes, 8-byte aligned) inside bounds and ends: at a return address of 0, or
 * behind a frame whose caller's frame is not above it, since stacks grow down. Takes no lock.
 */
size_t backtrace_walk(struct stack_bounds bounds, uint64_t rbp, uint64_t *addresses, size_t max);

/*
 * backtrace_print: the chain from rbp on the console, as "function+0x12"; before it rip, where a
 * trapped processor was, unless it is 0.
 */
void backtrace_print(uint64_t rip, uint64_t rbp);

/* backtrace_stack: the bounds of the stack that rbp lies on; empty if it lies on none. */
struct stack_bounds backtrace_stack(uint64_t rbp);

/* BACKTRACE_STACK(function): how a later lab tells of its stacks; false if rbp is on none. */
struct backtrace_stacks {
	bool (*find)(uint64_t rbp, struct stack_bounds *bounds);
};
ROWS_DECLARE(backtrace_stacks, struct backtrace_stacks);
#define BACKTRACE_STACK(function) ROW(backtrace_stacks, "", stacks_##function) = { function }
