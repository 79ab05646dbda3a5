/*
 * Places: where in the tree of names a file is. Whoever has the names (the initrd's tree in
 * standin/namespace.c, until lab 5 brings real file systems) says what a place is; an open file
 * only carries one along.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct file;
struct place;
struct stat;

/* place_put: the file that was opened there is gone. May sleep. */
void place_put(struct place *place);

/* place_stat: what stat(2) says of it. 0 or an error. May sleep. */
int place_stat(struct place *place, struct stat *stat);

/* file_path: the absolute path of what is open, with its 0, for getcwd and /proc/self/exe: its
 * length, -ENOENT if it has none, -ERANGE if there is no room. May sleep. */
int64_t file_path(struct file *file, char *path, size_t bytes);

/* namespace_init: make the tree of names from the boot loader's modules. Once. May sleep. */
void namespace_init(void);

/* namespace_given: whether there was an initrd. */
_Bool namespace_given(void);
