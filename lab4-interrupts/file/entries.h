/*
 * Directory entries in the form that getdents64 gives them, written one behind the other.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entries {
	char *to;
	size_t bytes; /* that there is room for */
	size_t used;
};

/*
 * entries_add: one more: an inode's number, its mode (for its type), a name of so many characters,
 * and the directory's position behind it. False: there is no room.
 */
bool entries_add(struct entries *entries, uint64_t inode, unsigned mode, const char *name,
	size_t length, int64_t next);
