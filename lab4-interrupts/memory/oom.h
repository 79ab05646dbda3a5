/*
 * Out of memory: what is done when neither the allocator nor the shrinkers have a page for a
 * program.
 */
#pragma once
#include <stdbool.h>

/* memory_make_room: end a process to have its memory. True if it is worth trying again; false: the
 * caller is the one that has to go, and has been told so by a signal. May sleep. */
bool memory_make_room(void);
