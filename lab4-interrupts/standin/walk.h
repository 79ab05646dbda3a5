/*
 * From a path to the place it means, in the initrd's tree.
 *
 * Read more: path_resolution(7), symlink(7).
 */
#pragma once
#include "lab4-interrupts/standin/tree.h"

#define PATH_MAX     4096 /* bytes, with the 0 */
#define NAME_MAX     255
#define SYMLINKS_MAX 40 /* that are followed on one way: Linux's number */

/*
 * walk: the place of a path, which begins at the root or at `from`; follow: if its last component
 * is a symbolic link, go on. 0; -ENOENT, and *place is the directory if only the last component is
 * missing, else NULL; -ENOTDIR; -ELOOP; -ENAMETOOLONG; -ENOMEM. May sleep.
 */
int walk(struct place *from, const char *path, bool follow, struct place **place);

/* place_path: where a place is, with a 0: its length, or -ERANGE if there is no room. */
int64_t place_path(const struct place *place, char *path, size_t bytes);

/* link_target: where a symbolic link leads, as readlink: not ended. How many bytes, or an error. */
int64_t link_target(const struct node *node, char *to, size_t bytes);
