/*
 * Files as objects: what a descriptor means.
 *
 * An open file has a position, flags and a table of functions; descriptors (table.h) refer to it,
 * several of them after dup or fork. Pipes, terminals, eventfds and what stands in an initrd or on
 * a disk (lab 5), sockets (lab 6): all are this.
 *
 * Lengths and positions are in bytes; errors are negative errno values. Data goes to and from
 * struct buffer, which is user memory or the kernel's.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/mutex.h"
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct place;
struct poll_table;
struct stat;
struct vm_object;

/* Where data comes from or goes to, in parts: readv's and writev's. It advances as it is used. */
struct buffer {
	const struct iovec *part; /* kernel memory that holds user addresses */
	size_t parts;
	size_t done; /* bytes of the first part that are used up */
	size_t left; /* bytes in all */
	bool kernel; /* the addresses are the kernel's */
};

/* buffer_put: copy so many bytes into a buffer, buffer_take: out of one; how many could be copied,
 * fewer only at a bad address. No more than buffer->left (asserted). May sleep. */
size_t buffer_put(struct buffer *buffer, const void *from, size_t bytes);
size_t buffer_take(struct buffer *buffer, void *to, size_t bytes);

/*
 * What a file can do; a NULL function is what its name says is not possible (read, write: -EINVAL;
 * seek: -ESPIPE; ioctl: -ENOTTY; list: -ENOTDIR; object: -ENODEV; poll: always ready). position is
 * NULL for what cannot be sought in. All may sleep; interruptible sleeps end with -ERESTARTSYS
 * (call/syscall.h).
 */
struct file_ops {
	const char *name;
	int64_t (*read)(struct file *file, struct buffer *to, int64_t *position);
	int64_t (*write)(struct file *file, struct buffer *from, int64_t *position);
	int64_t (*seek)(struct file *file, int64_t offset, int whence); /* holds file->lock */
	/* poll: POLL* bits that hold now; registers with the table (poll.h) to be told of more. */
	unsigned (*poll)(struct file *file, struct poll_table *table);
	int64_t (*ioctl)(struct file *file, unsigned request, uint64_t argument);
	int (*stat)(struct file *file, struct stat *stat);
	/* list: directory entries from file->position on, in getdents64's form (entries.h), into
	 * kernel memory; bytes, 0 at the end. Caller holds file->lock. */
	int64_t (*list)(struct file *file, void *entries, size_t bytes);
	/* object: for mmap: a reference more. */
	int (*object)(struct file *file, struct vm_object **object);
	/* flags: fcntl changed file->flags (O_NONBLOCK, O_APPEND, O_ASYNC). */
	void (*flags)(struct file *file);
	void (*release)(struct file *file); /* the last reference is gone */
};

/* Key: [I], [a], [lock], [watching] file_watching. */
struct file {
	const struct file_ops *ops; /* [I] */
	uint32_t references;        /* [a] */
	unsigned flags;             /* [a] O_ACCMODE, O_NONBLOCK, O_APPEND, ... as open(2) */
	struct mutex lock;          /* held over reads and writes that use the position */
	int64_t position;           /* [lock] */
	struct place *place;        /* [I] where it was opened (place.h); NULL: it has no name */
	struct list watches;        /* [watching] */
	void *data;                 /* [I] whatever the ops want */
};

/* file_init: the cache of files. Once. */
void file_init(void);

/* file_create: one reference; NULL without memory. data is the ops' own from then on. May sleep.
 * file_get: one more, by who has one; never sleeps. file_put: one less; the last one tells who
 * watches, and calls ops->release. May sleep (asserted for the last one): caller holds no spin
 * lock, and not file_watching. */
struct file *file_create(const struct file_ops *ops, unsigned flags, void *data);
void file_get(struct file *file);
void file_put(struct file *file);

/*
 * Whoever waits for a file for longer than a call (epoll) has no reference to it, or a pipe would
 * never lose its last writer. It is told instead, before the file's ops->release, in which the
 * queues go that it has joined. Key: [watching] file_watching.
 */
struct file_watch {
	struct list link;                       /* [watching] */
	void (*gone)(struct file_watch *watch); /* [I] it watches no more; holds file_watching */
};
extern struct mutex file_watching;

/* file_watch: caller has a reference to the file. file_unwatch: gone will not be called any more.
 * Caller holds file_watching. */
void file_watch(struct file *file, struct file_watch *watch);
void file_unwatch(struct file_watch *watch);

/*
 * file_read, file_write: check the access mode, and take the position (at NULL: the file's own).
 * Bytes, 0 at the end; -EBADF, -EINVAL, -EISDIR; -ESPIPE for a position in what has none; or the
 * ops' error. May sleep. Take file->lock, where the file's own position is used.
 */
int64_t file_read(struct file *file, struct buffer *to, int64_t *position);
int64_t file_write(struct file *file, struct buffer *from, int64_t *position);

/*
 * file_seek_in: what most seek functions do: lseek(2) in a file that ends there, in which all is
 * data. The new position, or -EINVAL, -EOVERFLOW, -ENXIO. Caller holds file->lock.
 */
int64_t file_seek_in(struct file *file, int64_t offset, int whence, int64_t end);

/* file_set_flags: what F_SETFL can change. May sleep. */
void file_set_flags(struct file *file, unsigned flags);

/* file_stat: as fstat(2). 0 or an error. May sleep. */
int file_stat(struct file *file, struct stat *stat);

/*
 * file_open: what open(2) does with a path that is kernel memory, for exec, too: a reference in
 * *file. In standin/namespace.c, until lab 5. directory: a descriptor's file or NULL (the working
 * directory).
 */
int file_open(struct file *directory, const char *path, unsigned flags, unsigned mode,
	struct file **file);
