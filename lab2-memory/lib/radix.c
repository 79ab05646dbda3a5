/*
 * Arrays with holes: see radix.h.
 *
 * An index is read six bits at a time, from the top, as an address is by page
 * tables. Each node knows its parent and its place there, so what is left empty
 * is freed from below without remembering the way down.
 */
#include "lab2-memory/lib/radix.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/slab.h"
#include <linux/errno.h>

#define BITS       6
#define SLOTS      (1u << BITS)
#define LEVELS_MAX ((64 + BITS - 1) / BITS)

struct radix_node {
	void *slot[SLOTS]; /* nodes; in the lowest level, values */
	struct radix_node *parent;
	uint32_t place; /* its slot in the parent */
	uint32_t used;  /* slots that are not NULL */
};

static struct slab_cache nodes;

void radix_init(void)
{
	slab_cache_init(&nodes, "radix node", sizeof(struct radix_node), 64);
}

/* The slot on the way to an index in a node of that level; 0 is the lowest. */
static uint32_t place_of(uint64_t index, unsigned level)
{
	return index >> BITS * level & (SLOTS - 1);
}

/* How many levels an index asks for. */
static unsigned levels_for(uint64_t index)
{
	unsigned levels = 1;

	while (levels < LEVELS_MAX && index >> BITS * levels)
		levels++;
	return levels;
}

static void link(struct radix_node *parent, uint32_t place, struct radix_node *child)
{
	parent->slot[place] = child;
	parent->used++;
	child->parent = parent;
	child->place = place;
}

static struct radix_node *node_new(void)
{
	return slab_alloc(&nodes, PAGE_ZERO | PAGE_NOWAIT);
}

/* Free the root as long as it leads to a single node, for the lowest indexes. */
static void lower(struct radix *radix)
{
	struct radix_node *root = radix->root;

	while (radix->levels > 1 && root->used == 1 && root->slot[0]) {
		radix->root = root->slot[0];
		radix->levels--;
		slab_free(&nodes, root);
		root = radix->root;
		root->parent = NULL;
	}
}

/* Free a node that is empty, and those above that become so, and make the tree as low as can be. */
static void prune(struct radix *radix, struct radix_node *node)
{
	while (node && !node->used) {
		struct radix_node *parent = node->parent;

		if (parent) {
			parent->slot[node->place] = NULL;
			parent->used--;
		} else {
			*radix = (struct radix)RADIX_INIT;
		}
		slab_free(&nodes, node);
		node = parent;
	}
	lower(radix);
}

/* Make the tree so high that it reaches an index; false if there is no memory. */
static bool grow(struct radix *radix, uint64_t index)
{
	unsigned levels = levels_for(index);

	if (!radix->root) {
		radix->root = node_new();
		radix->levels = radix->root ? levels : 0;
		return radix->root;
	}
	for (; radix->levels < levels; radix->levels++) {
		struct radix_node *root = node_new();

		if (!root)
			return false;
		link(root, 0, radix->root);
		radix->root = root;
	}
	return true;
}

/* The lowest node on the way to an index, made where it is missing; NULL: no memory, no change. */
static struct radix_node *reach(struct radix *radix, uint64_t index)
{
	struct radix_node *node;

	if (!grow(radix, index)) {
		lower(radix);
		return NULL;
	}
	node = radix->root;
	for (unsigned level = radix->levels - 1; level > 0; level--) {
		uint32_t place = place_of(index, level);
		struct radix_node *child = node->slot[place];

		if (!child) {
			child = node_new();
			if (!child) {
				prune(radix, node);
				return NULL;
			}
			link(node, place, child);
		}
		node = child;
	}
	return node;
}

/*
 * Follow an index down as far as there are nodes: the node, and in *level its level. NULL if the
 * tree does not reach the index.
 */
static struct radix_node *descend(const struct radix *radix, uint64_t index, unsigned *level)
{
	struct radix_node *node = radix->root;

	if (!node || levels_for(index) > radix->levels)
		return NULL;
	for (*level = radix->levels - 1; *level > 0; --*level) {
		struct radix_node *child = node->slot[place_of(index, *level)];

		if (!child)
			break;
		node = child;
	}
	return node;
}

void *radix_get(const struct radix *radix, uint64_t index)
{
	unsigned level;
	struct radix_node *node = descend(radix, index, &level);

	return node && level == 0 ? node->slot[place_of(index, 0)] : NULL;
}

int radix_set(struct radix *radix, uint64_t index, void *value)
{
	struct radix_node *node = reach(radix, index);
	void **slot;

	assert(value);
	if (!node)
		return -ENOMEM;
	slot = &node->slot[place_of(index, 0)];
	node->used += !*slot;
	*slot = value;
	return 0;
}

void *radix_clear(struct radix *radix, uint64_t index)
{
	unsigned level;
	struct radix_node *node = descend(radix, index, &level);
	void *value = node && level == 0 ? node->slot[place_of(index, 0)] : NULL;

	if (!value)
		return NULL;
	node->slot[place_of(index, 0)] = NULL;
	node->used--;
	prune(radix, node);
	return value;
}

void *radix_next(const struct radix *radix, uint64_t *index)
{
	struct radix_node *node;
	unsigned level;

	while ((node = descend(radix, *index, &level))) {
		void *found = node->slot[place_of(*index, level)];
		uint64_t rest = (1ul << BITS * level) - 1; /* of what that slot stands for */

		if (level == 0 && found)
			return found;
		if ((*index | rest) == UINT64_MAX)
			return NULL;
		*index = (*index | rest) + 1;
	}
	return NULL;
}
