/*
 * Out of memory: what is done when neither the allocator nor the shrinkers have a page for a
 * program.
 *
 * Then a process is ended: the one that has most, since that helps most, and never process 1 as
 * long as there is another. It is told on the console. The kernel itself is never the one to pay,
 * and keeps a reserve: a program's fault finds no memory when only so much is left.
 */
#pragma once
#include <stdbool.h>

/* memory_low: whether only the reserve is left, which is the kernel's and process 1's. May sleep.
 */
bool memory_low(void);

/*
 * memory_make_room: end a process to have its memory, or wait a moment for one that is ending. True
 * if it is worth trying again; false: it is the caller's process that has to end, or ends. May
 * sleep. Takes process_tree, processes' locks and those of their spaces.
 */
bool memory_make_room(void);
