/*
 * The names in the initrd, as a tree in memory: made once at boot, and only read from then on, so
 * that it needs no lock. What files contain stays where the boot loader has put it.
 *
 * A place is a name in a directory; a node is what it names. Hard links are places with one node.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/lib/radix.h"
#include "lab2-memory/vm/object.h"
#include "lab4-interrupts/file/cpio.h"
#include <linux/stat.h>

/* Key: [I] once the tree is made, [lock]. */
struct node {
	uint64_t number;  /* [I] what stat calls the inode */
	unsigned mode;    /* [I] S_IF* and rights */
	unsigned links;   /* [I] */
	unsigned user;    /* [I] */
	unsigned group;   /* [I] */
	uint32_t changed; /* [I] seconds since 1970 */

	const char *data; /* [I] of a file, or where a symbolic link leads, without a 0 */
	uint64_t bytes;   /* [I] of it */
	/* [I] where a symbolic link leads that is different for each who asks: into so many bytes;
	 * its length or an error; NULL for others. */
	int64_t (*leads)(char *to, size_t bytes);
	unsigned major, minor; /* [I] of a device */
	struct list children;  /* [I] of a directory */
	unsigned entries;      /* [I] in it */

	struct list link;        /* [I] among all nodes */
	struct vm_object object; /* what is mapped of it (pages.c) */
	struct mutex lock;
	struct radix pages; /* [lock] */

	/* [I] What an archive knows it by, if that says that it has more than one name; else 0. */
	uint32_t archive, archive_inode, archive_major, archive_minor;
};

/* All [I]. */
struct place {
	struct node *node;
	struct place *parent; /* the root's is itself */
	const char *name;     /* so many characters, without a 0 */
	size_t length;
	unsigned position;   /* among its directory's entries */
	struct list sibling; /* in node->children */
	struct place *next;  /* in the same bucket */
};

extern struct place *tree_root;
extern struct list tree_nodes;

/* tree_init: a tree with an empty root. Once. May sleep. */
void tree_init(void);

/* tree_add: what an archive has: 0, or why not. -EINVAL: it is broken, or a name leads out of it by
 * ".."; then nothing of it is in the tree; -ENOMEM. A name below a symbolic link is where that
 * leads; what has no place there, or would take that of a directory with names in it, is left out
 * and told. May sleep. */
int tree_add(const char *archive, size_t bytes);

/* tree_make: a node of that mode at a path below the root, whose directories are made if need be;
 * what is there already stays, but for a file's content. NULL: -EINVAL (a name leads out by ".."),
 * -ENOMEM in *error. May sleep. Only at the boot, before anybody reads the tree: it takes no lock.
 */
struct node *tree_make(const char *path, unsigned mode, int *error);

/* tree_find: so many characters in a directory: NULL if there is no such name. */
struct place *tree_find(const struct place *directory, const char *name, size_t length);

/* pages_init: what a node's object needs (pages.c). */
void pages_init(struct node *node);

static inline bool node_is(const struct node *node, unsigned kind)
{
	return (node->mode & S_IFMT) == kind;
}
