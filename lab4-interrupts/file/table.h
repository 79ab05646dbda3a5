/*
 * Descriptors: a process's numbers for open files.
 *
 * Below, "table" is a table's address that the caller has a reference to: its own process's.
 */
#pragma once
#include "lab4-interrupts/file/file.h"

struct file_table;

#define TABLE_MAX (1 << 20) /* no number is so high, whatever RLIMIT_NOFILE allows */

/* table_init: the cache of tables. Once. */
void table_init(void);

/* table_limit: the current process's numbers are all below it: RLIMIT_NOFILE. */
int table_limit(void);

/* table_create: without a file; table_clone: the same files. NULL without memory. table_close_exec:
 * close what is marked so. table_put: one reference less, and the last one closes all. These may
 * sleep. table_get: one reference more, by who has one; never sleeps. */
struct file_table *table_create(void);
struct file_table *table_clone(struct file_table *from);
void table_get(struct file_table *table);
void table_put(struct file_table *table);
void table_close_exec(struct file_table *table);

/*
 * table_install: the lowest free number from `from` on becomes the file's; close_exec: FD_CLOEXEC.
 * The caller's reference goes over. The number, or -EMFILE or -ENOMEM: the reference is still the
 * caller's then. May sleep.
 */
int table_install(struct file_table *table, struct file *file, int from, bool close_exec);

/* table_install_new: a new file of these ops in the current process's table; data is given to the
 * ops' release if that fails. The number, or -ENOMEM, -EMFILE. May sleep. */
int table_install_new(const struct file_ops *ops, unsigned flags, void *data, bool close_exec);

/*
 * table_replace: that number means this file now (dup2); what it meant is closed. The caller's
 * reference goes over. 0, or -EBADF (too high), -ENOMEM, as table_install. May sleep.
 */
int table_replace(struct file_table *table, int fd, struct file *file, bool close_exec);

/* table_file: a reference to a descriptor's file of the current process; NULL if there is none.
 * table_file_of: of any table. Never sleep. Take the table's lock. */
struct file *table_file(int fd);
struct file *table_file_of(struct file_table *table, int fd);

/* table_file_with: a reference to a descriptor's file of the current process that has these ops. 0;
 * -EBADF; -EINVAL: it is of another kind. May sleep. */
int table_file_with(int fd, const struct file_ops *ops, struct file **file);

/* table_close: 0 or -EBADF. table_close_if: the same, but only if the number means that file, which
 * the caller has a reference to. table_close_range: whatever is open from first to last. May sleep.
 */
int table_close(struct file_table *table, int fd);
int table_close_if(struct file_table *table, int fd, const struct file *file);
void table_close_range(struct file_table *table, unsigned first, unsigned last);

/* table_marked, table_mark: whether FD_CLOEXEC is set, and setting it or not: 0 (1), or -EBADF.
 * table_mark_range: set it from first to last. Never sleep. */
int table_marked(struct file_table *table, int fd);
int table_mark(struct file_table *table, int fd, bool close_exec);
void table_mark_range(struct file_table *table, unsigned first, unsigned last);

/* table_unshare: a table for the current process alone (CLONE_FILES undone). 0; -ENOMEM;
 * -EINVAL if it has several tasks. May sleep. */
int table_unshare(void);

/* table_console: let 0, 1 and 2 be /dev/console, for the first process. 0, or why not: then it
 * begins without. May sleep. */
int table_console(struct file_table *table);
