/*
 * Ranges of addresses that do not overlap, in a balanced tree, so that both
 * "which one holds this address" and "where are so many bytes free" take
 * O(log n) steps: each node knows the largest gap in front of any range below it.
 *
 * Why not a maple tree, as Linux has one? That is a B-tree, tuned for caches and
 * for readers without a lock, and takes thousands of lines. We have a lock for
 * readers, and a tree of two pages that one can hold in the head.
 */
#pragma once
#include "lab2-memory/lib/tree.h"
#include <stdint.h>

/* A range [start, end), not empty; to change the bounds, call range_move. */
struct range {
	struct tree_node node;
	uint64_t start, end;
	uint64_t gap; /* bytes between the range before it, or the set's low, and its start */
	uint64_t largest_gap; /* of all in its subtree */
};

/* The set: ranges within [low, high). */
struct ranges {
	struct tree tree;
	uint64_t low, high;
	uint64_t count;
};

/* ranges_init: an empty set within [low, high). */
void ranges_init(struct ranges *set, uint64_t low, uint64_t high);

/* range_insert: add a range, which lies inside the set's bounds and overlaps none (asserted). */
void range_insert(struct ranges *set, struct range *range);

/* range_remove: take a range out. */
void range_remove(struct ranges *set, struct range *range);

/* range_move: change a range's bounds; it stays not empty, in order and without overlap (asserted).
 */
void range_move(struct ranges *set, struct range *range, uint64_t start, uint64_t end);

/* range_at: the range that holds the address; NULL if none does. */
struct range *range_at(const struct ranges *set, uint64_t address);

/* range_from: the first range that ends above the address (and so may hold it); NULL if none. */
struct range *range_from(const struct ranges *set, uint64_t address);

/* range_next, range_prev, range_first: in rising order; NULL at the end. */
struct range *range_first(const struct ranges *set);
struct range *range_next(const struct range *range);
struct range *range_prev(const struct range *range);

/*
 * ranges_gap: the lowest start, a multiple of align (a power of two), of so many free bytes (> 0)
 * at or above from; 0 if there are none (0 itself is never returned).
 */
uint64_t ranges_gap(const struct ranges *set, uint64_t from, uint64_t bytes, uint64_t align);

/* ranges_gap_high: the same, but the highest start of bytes that end at or below until. */
uint64_t ranges_gap_high(const struct ranges *set, uint64_t until, uint64_t bytes, uint64_t align);
