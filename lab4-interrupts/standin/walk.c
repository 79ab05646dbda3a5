/*
 * Walking a path: see walk.h.
 *
 * What is left to walk is a string. A symbolic link replaces it by the link's target with the old
 * rest behind it, in new memory, so nothing here is recursive, whatever links lead to.
 */
#include "lab4-interrupts/standin/walk.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include <linux/errno.h>

struct walk {
	struct place *at;
	const char *rest;
	char *memory; /* in which rest is; NULL: the caller's path */
	unsigned links;
	bool follow;
};

int64_t link_target(const struct node *node, char *to, size_t bytes)
{
	size_t length = node->bytes < bytes ? node->bytes : bytes;

	if (node->leads)
		return node->leads(to, bytes);
	memcpy(to, node->data, length);
	return (int64_t)length;
}

/* Put the target of a link in front of the rest. 0 or an error. */
static int follow_link(struct walk *walk, const struct node *link)
{
	char *memory;
	int64_t length;

	if (++walk->links > SYMLINKS_MAX)
		return -ELOOP;
	memory = kmalloc(PATH_MAX, 0);
	if (!memory)
		return -ENOMEM;
	length = link_target(link, memory, PATH_MAX);
	if (length > 0 && (size_t)length + strlen(walk->rest) >= PATH_MAX)
		length = -ENAMETOOLONG;
	if (length <= 0) {
		kfree(memory);
		return length ? (int)length : -ENOENT;
	}
	strlcpy(memory + length, walk->rest, PATH_MAX - (size_t)length);
	kfree(walk->memory);
	walk->memory = memory;
	walk->rest = memory;
	if (memory[0] == '/')
		walk->at = tree_root;
	return 0;
}

static bool is_dots(const char *name, size_t length, size_t dots)
{
	return length == dots && name[0] == '.' && name[length - 1] == '.';
}

/* Whether nothing but slashes is left. */
static bool is_last(const char *rest)
{
	while (*rest == '/')
		rest++;
	return !*rest;
}

/* Go down (or up) by one component, which rest begins with. 0 or an error. */
static int step(struct walk *walk)
{
	const char *name = walk->rest;
	size_t length = 0;
	struct place *next;

	while (name[length] && name[length] != '/')
		length++;
	if (!node_is(walk->at->node, S_IFDIR))
		return -ENOTDIR;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	walk->rest = name + length;
	if (is_dots(name, length, 1))
		return 0;
	if (is_dots(name, length, 2)) {
		walk->at = walk->at->parent;
		return 0;
	}
	next = tree_find(walk->at, name, length);
	if (!next) {
		walk->at = is_last(walk->rest) ? walk->at : NULL;
		return -ENOENT;
	}
	if (node_is(next->node, S_IFLNK) && (walk->follow || *walk->rest))
		return follow_link(walk, next->node);
	walk->at = next;
	return 0;
}

int walk(struct place *from, const char *path, bool follow, struct place **place)
{
	struct walk walk = {
		.at = path[0] == '/' ? tree_root : from, .rest = path, .follow = follow
	};
	int result = path[0] ? 0 : -ENOENT;
	bool directory = false; /* a slash stands behind it */

	*place = NULL;
	if (!walk.at || result < 0)
		return -ENOENT;
	while (result == 0) {
		for (; *walk.rest == '/'; walk.rest++)
			directory = true;
		if (!*walk.rest)
			break;
		directory = false;
		result = step(&walk);
	}
	if (result == 0 && directory && !node_is(walk.at->node, S_IFDIR))
		result = -ENOTDIR;
	if (result == 0 || result == -ENOENT)
		*place = walk.at;
	kfree(walk.memory);
	return result;
}

int64_t place_path(const struct place *place, char *path, size_t bytes)
{
	size_t length = 0, at;

	for (const struct place *up = place; up != tree_root; up = up->parent)
		length += up->length + 1;
	if (length + 2 > bytes)
		return -ERANGE;
	if (length == 0)
		return (int64_t)strlcpy(path, "/", bytes);
	path[length] = 0;
	at = length;
	for (const struct place *up = place; up != tree_root; up = up->parent) {
		at -= up->length;
		memcpy(path + at, up->name, up->length);
		path[--at] = '/';
	}
	return (int64_t)length;
}
