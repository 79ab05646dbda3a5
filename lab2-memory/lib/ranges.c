/*
 * Sets of ranges: see ranges.h.
 *
 * A range owns the gap in front of it; the gap behind the last range is nobody's
 * and looked at by itself. What changes a range's end changes the gap of the one
 * that follows, so both are refreshed.
 */
#include "lab2-memory/lib/ranges.h"
#include "lab1-boot/debug/panic.h"
#include <stdbool.h>

static struct range *range_of(const struct tree_node *node)
{
	return node ? tree_entry(node, struct range, node) : NULL;
}

static uint64_t largest_gap(const struct tree_node *node)
{
	return node ? range_of(node)->largest_gap : 0;
}

/* The summary that the tree keeps. */
static void update(struct tree_node *node)
{
	struct range *range = range_of(node);
	uint64_t a = largest_gap(node->child[0]), b = largest_gap(node->child[1]);

	range->largest_gap = a > b ? a : b;
	if (range->largest_gap < range->gap)
		range->largest_gap = range->gap;
}

/* Where the gap in front of a range begins; of NULL, the gap behind the last one. */
static uint64_t gap_start(const struct ranges *set, const struct range *range)
{
	const struct range *prev = range ? range_prev(range) : range_of(tree_last(&set->tree));

	return prev ? prev->end : set->low;
}

/* A range's bounds, or its neighbour's, have changed: compute its gap anew. */
static void refresh(struct ranges *set, struct range *range)
{
	if (!range)
		return;
	range->gap = range->start - gap_start(set, range);
	tree_changed(&set->tree, &range->node);
}

/* Whether a range that stands in the tree is not empty and where it may be. */
static bool in_place(const struct ranges *set, const struct range *range)
{
	const struct range *next = range_next(range);

	return range->start < range->end && range->start >= gap_start(set, range) &&
	       range->end <= (next ? next->start : set->high);
}

void ranges_init(struct ranges *set, uint64_t low, uint64_t high)
{
	*set = (struct ranges){ .tree = TREE_INIT(update), .low = low, .high = high };
}

void range_insert(struct ranges *set, struct range *range)
{
	struct tree_node *parent = NULL, *node = set->tree.root;
	int side = 0;

	while (node) {
		parent = node;
		side = range->start >= range_of(node)->start;
		node = node->child[side];
	}
	range->gap = 0;
	tree_insert(&set->tree, parent, side, &range->node);
	assert(in_place(set, range));
	refresh(set, range);
	refresh(set, range_next(range));
	set->count++;
}

void range_remove(struct ranges *set, struct range *range)
{
	struct range *next = range_next(range);

	tree_remove(&set->tree, &range->node);
	refresh(set, next);
	set->count--;
}

void range_move(struct ranges *set, struct range *range, uint64_t start, uint64_t end)
{
	range->start = start;
	range->end = end;
	assert(in_place(set, range));
	refresh(set, range);
	refresh(set, range_next(range));
}

struct range *range_from(const struct ranges *set, uint64_t address)
{
	struct tree_node *node = set->tree.root;
	struct range *found = NULL;

	while (node) {
		struct range *range = range_of(node);

		if (range->end > address)
			found = range;
		node = node->child[range->end <= address];
	}
	return found;
}

struct range *range_at(const struct ranges *set, uint64_t address)
{
	struct range *range = range_from(set, address);

	return range && range->start <= address ? range : NULL;
}

struct range *range_first(const struct ranges *set)
{
	return range_of(tree_first(&set->tree));
}

struct range *range_next(const struct range *range)
{
	return range_of(tree_next(&range->node));
}

struct range *range_prev(const struct range *range)
{
	return range_of(tree_prev(&range->node));
}

/*
 * In a subtree that has such a gap, the outermost range with one: the first in the order that side
 * tells (1 rising, 0 falling).
 */
static struct range *first_with_gap(const struct tree_node *node, uint64_t bytes, int side)
{
	for (;;) {
		if (largest_gap(node->child[!side]) >= bytes)
			node = node->child[!side];
		else if (range_of(node)->gap >= bytes)
			return range_of(node);
		else
			node = node->child[side];
	}
}

/* The next range, in that order, with such a gap in front of it: up until a subtree has one. */
static struct range *next_with_gap(const struct range *range, uint64_t bytes, int side)
{
	const struct tree_node *node = &range->node;

	while (largest_gap(node->child[side]) < bytes) {
		while (node->parent && node->parent->child[side] == node)
			node = node->parent;
		node = node->parent;
		if (!node || range_of(node)->gap >= bytes)
			return range_of(node);
	}
	return first_with_gap(node->child[side], bytes, side);
}

/* The lowest place in the gap [start, end) at or above from, or 0. */
static uint64_t lowest_fit(
	uint64_t start, uint64_t end, uint64_t from, uint64_t bytes, uint64_t align)
{
	if (start < from)
		start = from;
	if (!start)
		start = align;
	start = (start + align - 1) & -align; /* 0 if it wraps */
	return start && start < end && end - start >= bytes ? start : 0;
}

/* The highest place in the gap [start, end) that ends at or below until, or 0. */
static uint64_t highest_fit(
	uint64_t start, uint64_t end, uint64_t until, uint64_t bytes, uint64_t align)
{
	uint64_t place;

	if (end > until)
		end = until;
	if (end < bytes)
		return 0;
	place = (end - bytes) & -align;
	return place >= start ? place : 0;
}

/*
 * The first gap that is looked at may be cut by from or until, and any may be long enough and yet
 * lie badly for align: those are passed one by one. With everything a multiple of align, as pages
 * are, a second or third gap fits.
 */
uint64_t ranges_gap(const struct ranges *set, uint64_t from, uint64_t bytes, uint64_t align)
{
	for (const struct range *range = range_from(set, from); range;
		range = next_with_gap(range, bytes, 1)) {
		uint64_t place =
			lowest_fit(range->start - range->gap, range->start, from, bytes, align);

		if (place)
			return place;
	}
	return lowest_fit(gap_start(set, NULL), set->high, from, bytes, align);
}

uint64_t ranges_gap_high(const struct ranges *set, uint64_t until, uint64_t bytes, uint64_t align)
{
	const struct range *range = until ? range_from(set, until - 1) : NULL;
	uint64_t place = 0;

	if (!range) {
		place = highest_fit(gap_start(set, NULL), set->high, until, bytes, align);
		range = range_of(tree_last(&set->tree));
	}
	for (; range && !place; range = next_with_gap(range, bytes, 0))
		place = highest_fit(range->start - range->gap, range->start, until, bytes, align);
	return place;
}
