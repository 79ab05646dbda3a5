/*
 * Descriptors: a process's numbers for open files.
 */
#pragma once
#include "lab4-interrupts/file/file.h"

struct file_table;

/* table_create: without a file; table_clone: the same files. NULL without memory. table_close_exec:
 * close what is marked so. table_put: one reference less, and the last one closes all. May sleep.
 */
struct file_table *table_create(void);
struct file_table *table_clone(struct file_table *from);
void table_get(struct file_table *table);
void table_put(struct file_table *table);
void table_close_exec(struct file_table *table);

/*
 * table_install: the lowest free number from `from` on becomes the file's; close_exec: FD_CLOEXEC.
 * The caller's reference goes over. The number, or -EMFILE or -ENOMEM: the reference is still the
 * caller's then.
 */
int table_install(struct file_table *table, struct file *file, int from, bool close_exec);

/* table_replace: that number means this file now (dup2); what it meant is closed. 0, -EBADF (too
 * high), -ENOMEM. */
int table_replace(struct file_table *table, int fd, struct file *file, bool close_exec);

/* table_file: a reference to a descriptor's file of the current process; NULL if there is none. */
struct file *table_file(int fd);
int table_close(struct file_table *table, int fd);
