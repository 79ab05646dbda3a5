/*
 * Paths that programs give with a call.
 */
#pragma once
#include <stdint.h>

struct file;
struct place;

/* path_from_user: a copy, to be given to kfree. 0; -EFAULT, -ENAMETOOLONG, -ENOMEM: *path is NULL
 * then. May sleep. */
int path_from_user(uint64_t from, char **path);

/* directory_at: what the first argument of openat and its like means: a reference (for file_put),
 * or NULL for AT_FDCWD. Whether it is a directory is for others to see. 0 or -EBADF. Never sleeps.
 * Takes the table's lock. */
int directory_at(int fd, struct file **directory);

/*
 * place_at: what a path of the program's leads to, from an open directory on; flags: of
 * AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. 0 or walk's errors, and *place as walk leaves it. -EINVAL for
 * what is open but has no place. May sleep.
 */
int place_at(int fd, uint64_t path, unsigned flags, struct place **place);
