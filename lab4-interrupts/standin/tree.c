/* The tree of the initrd's names: see tree.h. */
#include "lab4-interrupts/standin/tree.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/standin/walk.h"
#include <linux/errno.h>

#define BUCKETS 1024

struct place *tree_root;
struct list tree_nodes = LIST_INIT(tree_nodes);
static struct place *bucket[BUCKETS];
static uint64_t nodes;

/* --- nodes and places -------------------------------------------------------------- */

static struct node *node_new(unsigned mode)
{
	struct node *node = kmalloc(sizeof(*node), PAGE_ZERO);

	if (!node)
		return NULL;
	node->number = ++nodes;
	node->mode = mode;
	node->links = (mode & S_IFMT) == S_IFDIR; /* its own "." */
	list_init(&node->children);
	pages_init(node);
	list_push_back(&tree_nodes, &node->link);
	return node;
}

/* Forget a node that has got no name after all. */
static void node_drop(struct node *node)
{
	if (node && node->links == node_is(node, S_IFDIR)) {
		list_remove(&node->link);
		kfree(node);
	}
}

static struct place **bucket_of(const struct place *directory, const char *name, size_t length)
{
	uint64_t hash = directory->node->number;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3; /* FNV-1a */
	return &bucket[(hash ^ hash >> 32) % BUCKETS];
}

struct place *tree_find(const struct place *directory, const char *name, size_t length)
{
	for (struct place *at = *bucket_of(directory, name, length); at; at = at->next)
		if (at->parent == directory && at->length == length &&
			memcmp(at->name, name, length) == 0 && at != tree_root)
			return at;
	return NULL;
}

/* A name for a node in a directory, where there is none. name has to stay. NULL without memory. */
static struct place *place_new(
	struct place *directory, const char *name, size_t length, struct node *node)
{
	struct place *place = kmalloc(sizeof(*place), PAGE_ZERO), **first;

	if (!place)
		return NULL;
	*place =
		(struct place){ .node = node, .parent = directory, .name = name, .length = length };
	place->position = directory->node->entries++;
	list_push_back(&directory->node->children, &place->sibling);
	first = bucket_of(directory, name, length);
	place->next = *first;
	*first = place;
	node->links++;
	if (node_is(node, S_IFDIR))
		directory->node->links++; /* its ".." */
	return place;
}

void tree_init(void)
{
	static struct place root = { .name = "/", .length = 1 };

	root.node = node_new(S_IFDIR | 0755);
	root.parent = &root;
	if (!root.node)
		return;
	root.node->links++;
	tree_root = &root;
}

/* --- making names ------------------------------------------------------------------ */

/* The next component of a path: its length, 0 at the end. "." is passed over. */
static size_t component(const char **path)
{
	size_t length;

	for (;;) {
		while (**path == '/')
			(*path)++;
		length = 0;
		while ((*path)[length] && (*path)[length] != '/')
			length++;
		if (length != 1 || **path != '.')
			return length;
		(*path)++;
	}
}

/* Whether a path stays below the root, and its names are such as can be asked for. */
static bool name_fits(const char *path)
{
	size_t length;

	while ((length = component(&path))) {
		if (length > NAME_MAX || (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
	}
	return true;
}

/* A directory's entry of that name, or a new one for a node (NULL: a new directory). */
static struct place *enter(
	struct place *directory, const char *name, size_t length, struct node *node, int *error)
{
	struct place *place = tree_find(directory, name, length);

	if (place)
		return place;
	if (!node)
		node = node_new(S_IFDIR | 0755);
	place = node ? place_new(directory, name, length, node) : NULL;
	*error = place ? 0 : -ENOMEM;
	return place;
}

/* The directory in which a path goes on behind a place: that, or where a symbolic link leads. NULL:
 * why not. */
static struct place *directory_at(struct place *place, int *error)
{
	char name[NAME_MAX + 1];

	if (node_is(place->node, S_IFLNK)) {
		memcpy(name, place->name, place->length);
		name[place->length] = 0;
		*error = walk(place->parent, name, true, &place);
		if (*error)
			return NULL;
	}
	*error = -ENOTDIR;
	return node_is(place->node, S_IFDIR) ? place : NULL;
}

/* The place of that path, as one for a node (NULL: a directory) if there is none. */
static struct place *enter_path(const char *path, struct node *node, int *error)
{
	struct place *at = tree_root;
	size_t length = component(&path);

	while (length && at) {
		const char *name = path;
		size_t this_length = length;

		path += length;
		length = component(&path);
		at = directory_at(at, error);
		if (at)
			at = enter(at, name, this_length, length ? NULL : node, error);
	}
	return at;
}

struct node *tree_make(const char *path, unsigned mode, int *error)
{
	struct node *node;
	struct place *place;

	*error = -EINVAL;
	if (!name_fits(path))
		return NULL;
	*error = -ENOMEM;
	node = tree_root ? node_new(mode) : NULL;
	place = node ? enter_path(path, node, error) : NULL;
	node_drop(node);
	return place ? place->node : NULL;
}

/* --- an archive -------------------------------------------------------------------- */

/* Whether all of an archive can be read, and no name leads out of it. */
static bool archive_fits(struct cpio archive)
{
	struct cpio_entry entry;
	int result;

	while ((result = cpio_next(&archive, &entry)) > 0)
		if (!name_fits(entry.name))
			return false;
	return result == 0;
}

/* Whether it is what the entry of that archive is another name of. */
static bool is_same(const struct node *node, const struct cpio_entry *entry, uint32_t archive)
{
	return node->archive == archive && node->archive_inode == entry->inode &&
	       node->archive_major == entry->device_major &&
	       node->archive_minor == entry->device_minor &&
	       (node->mode & S_IFMT) == (entry->mode & S_IFMT);
}

/* The node that the archive has had before under another name. */
static struct node *linked_before(const struct cpio_entry *entry, uint32_t archive)
{
	if (entry->links < 2 || (entry->mode & S_IFMT) == S_IFDIR)
		return NULL;
	for (struct list *link = tree_nodes.prev; link != &tree_nodes; link = link->prev) {
		struct node *node = list_entry(link, struct node, link);

		if (is_same(node, entry, archive))
			return node;
	}
	return NULL;
}

/* What an entry says of its node. Of hard links the last one in the archive brings the data. */
static void describe(struct node *node, const struct cpio_entry *entry, uint32_t archive)
{
	node->mode = entry->mode & (S_IFMT | 07777);
	node->user = entry->user;
	node->group = entry->group;
	node->changed = entry->modified;
	node->major = entry->node_major;
	node->minor = entry->node_minor;
	node->archive = entry->links > 1 ? archive : 0;
	node->archive_inode = entry->inode;
	node->archive_major = entry->device_major;
	node->archive_minor = entry->device_minor;
	if (entry->bytes || !node->data) {
		node->data = entry->data;
		node->bytes = node_is(node, S_IFDIR) ? 0 : entry->bytes;
	}
}

/* Let a name mean another node; what it meant may be gone. A directory's ".." is one more name of
 * the one that it is in. */
static void place_set(struct place *place, struct node *node)
{
	struct node *old = place->node, *above = place->parent->node;

	above->links += node_is(node, S_IFDIR);
	above->links -= node_is(old, S_IFDIR);
	place->node = node;
	node->links++;
	old->links--;
	node_drop(old);
}

/* A node at a path. A name that is there already means this one from now on, but a directory stays
 * one: -EEXIST, if it is not empty and the node is none. Returns the node that is there, or NULL.
 */
static struct node *put_at(const char *path, struct node *node, int *error)
{
	struct place *place = enter_path(path, node, error);
	bool directory = node_is(node, S_IFDIR), was;

	if (!place)
		return NULL;
	was = node_is(place->node, S_IFDIR);
	*error = -EEXIST;
	if (was && !directory && (place == tree_root || !list_empty(&place->node->children)))
		return NULL;
	if (place->node != node && !(was && directory))
		place_set(place, node);
	*error = 0;
	return place->node;
}

/* One entry into the tree; archive: its number, not 0. 0 or an error. */
static int add_entry(const struct cpio_entry *entry, uint32_t archive)
{
	struct node *node = linked_before(entry, archive), *there;
	int error;

	if (!node)
		node = node_new(entry->mode & (S_IFMT | 07777));
	if (!node)
		return -ENOMEM;
	there = put_at(entry->name, node, &error);
	if (there)
		describe(there, entry, archive);
	node_drop(node);
	return error;
}

int tree_add(const char *start, size_t bytes)
{
	static uint32_t first = 1; /* the next archive's number */
	struct cpio archive = { .start = start, .bytes = bytes };
	struct cpio_entry entry;
	int error = 0;

	if (!tree_root || !archive_fits(archive))
		return tree_root ? -EINVAL : -ENOMEM;
	while (error != -ENOMEM && cpio_next(&archive, &entry) > 0) {
		error = add_entry(&entry, first + archive.ended);
		if (error)
			kprintf("initrd: there is no place for %s (error %d)\n", entry.name,
				-error);
	}
	first += archive.ended + 1;
	return error == -ENOMEM ? error : 0;
}
