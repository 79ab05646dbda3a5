/*
 * Balanced search trees whose nodes stand inside the things they order.
 *
 * An AVL tree: in every node the heights of the two children differ by one at
 * most, so a tree of n nodes is at most 1.44 log2 n high. Who uses a tree walks
 * down by himself, since only he knows the order, and hands the place that he
 * found to tree_insert. A tree may keep a summary of each subtree in its nodes:
 * "update" computes a node's from its own value and its children's.
 *
 * Read more: Adelson-Velsky and Landis, 1962; Knuth, "The Art of Computer
 * Programming", volume 3, section 6.2.3.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct tree_node {
	struct tree_node *child[2]; /* smaller, greater */
	struct tree_node *parent;   /* NULL at the root */
	int height;                 /* 1 for a leaf */
};

struct tree {
	struct tree_node *root;
	void (*update)(struct tree_node *node); /* NULL if there is no summary */
};

#define TREE_INIT(its_update)                                                                      \
	{                                                                                          \
		NULL, its_update                                                                   \
	}
#define tree_entry(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/*
 * tree_insert: make node the child of parent on that side (0 smaller, 1 greater), where none is
 * yet; parent is NULL in an empty tree. O(log n).
 */
void tree_insert(struct tree *tree, struct tree_node *parent, int side, struct tree_node *node);

/* tree_remove: take node out. O(log n). */
void tree_remove(struct tree *tree, struct tree_node *node);

/* tree_changed: node's own value changed, not its place in the order: update it and those above. */
void tree_changed(struct tree *tree, struct tree_node *node);

/* tree_first, tree_last: NULL if the tree is empty. tree_next, tree_prev: NULL at the end. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);
