/*
 * Futexes: sleeping on a word of user memory (exercise 4.10).
 *
 * Read more: futex(2); Drepper, "Futexes are tricky", 2011; Franke et al., "Fuss, futexes and
 * furwocks", OLS 2002.
 */
#pragma once
#include <stdint.h>

struct task;

/* futex_init: nobody waits. Once. */
void futex_init(void);

/* futex_wake_address: wake so many that wait on that address of the current process, as a shared
 * futex (CLEARTID). How many, or -EFAULT. May sleep. */
int futex_wake_address(uint64_t address, unsigned count);

/* futex_task_exit: what a task leaves when it leaves its memory, at its end or by exec: its robust
 * list, its CLEARTID word. May sleep. */
void futex_task_exit(struct task *task);
