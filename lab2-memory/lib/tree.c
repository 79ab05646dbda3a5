/*
 * Balanced trees: see tree.h.
 *
 * Left and right are the same code: "side" is one of them, "!side" the other.
 * Whatever changed, one loop goes from there to the root and puts heights,
 * balance and summaries right (repair). It never stops early: a summary above
 * may have changed though a height has not, and the way up is short.
 */
#include "lab2-memory/lib/tree.h"
#include "lab1-boot/debug/panic.h"

static int height(const struct tree_node *node)
{
	return node ? node->height : 0;
}

/* Compute what a node knows of its subtree from its two children. */
static void update(struct tree *tree, struct tree_node *node)
{
	int a = height(node->child[0]), b = height(node->child[1]);

	node->height = 1 + (a > b ? a : b);
	if (tree->update)
		tree->update(node);
}

/* Let "with" (or nothing, NULL) stand below parent where node stood. */
static void replace(struct tree *tree, struct tree_node *parent, const struct tree_node *node,
	struct tree_node *with)
{
	if (parent)
		parent->child[parent->child[1] == node] = with;
	else
		tree->root = with;
	if (with)
		with->parent = parent;
}

static void adopt(struct tree_node *parent, int side, struct tree_node *child)
{
	parent->child[side] = child;
	if (child)
		child->parent = parent;
}

/*
 * Lift the child on that side above its parent; returns it. With side 0:
 *
 *        node             child
 *       /    \           /     \
 *    child    c   -->   a      node
 *    /   \                    /    \
 *   a     b                  b      c
 */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, int side)
{
	struct tree_node *child = node->child[side];

	replace(tree, node->parent, node, child);
	adopt(node, side, child->child[!side]);
	adopt(child, !side, node);
	update(tree, node);
	update(tree, child);
	return child;
}

/* Both subtrees of node are balanced, and their heights differ by two at most: make that one. */
static struct tree_node *balance(struct tree *tree, struct tree_node *node)
{
	int lean = height(node->child[1]) - height(node->child[0]);
	int side = lean > 0;
	struct tree_node *child = node->child[side];

	if (lean >= -1 && lean <= 1)
		return node;
	if (height(child->child[!side]) > height(child->child[side]))
		rotate(tree, child, !side); /* or the inner grandchild would stay as low as it is */
	return rotate(tree, node, side);
}

/* Put everything right from a node up to the root. */
static void repair(struct tree *tree, struct tree_node *node)
{
	for (; node; node = node->parent) {
		update(tree, node);
		node = balance(tree, node);
	}
}

void tree_insert(struct tree *tree, struct tree_node *parent, int side, struct tree_node *node)
{
	assert(parent ? !parent->child[side] : !tree->root);
	*node = (struct tree_node){ .parent = parent, .height = 1 };
	if (parent)
		parent->child[side] = node;
	else
		tree->root = node;
	repair(tree, node);
}

/* The outermost node on that side of a subtree. */
static struct tree_node *outermost(struct tree_node *node, int side)
{
	while (node && node->child[side])
		node = node->child[side];
	return node;
}

/* Put the next greater node, which has no smaller child, in the place of one with two children. */
static void remove_inner(struct tree *tree, struct tree_node *node)
{
	struct tree_node *next = outermost(node->child[1], 0);
	struct tree_node *lowest = next->parent == node ? next : next->parent;

	if (lowest != next) {
		replace(tree, lowest, next, next->child[1]);
		adopt(next, 1, node->child[1]);
	}
	adopt(next, 0, node->child[0]);
	replace(tree, node->parent, node, next);
	repair(tree, lowest);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
	struct tree_node *parent = node->parent;

	if (node->child[0] && node->child[1]) {
		remove_inner(tree, node);
		return;
	}
	replace(tree, parent, node, node->child[0] ? node->child[0] : node->child[1]);
	repair(tree, parent);
}

void tree_changed(struct tree *tree, struct tree_node *node)
{
	if (tree->update)
		for (; node; node = node->parent)
			tree->update(node);
}

struct tree_node *tree_first(const struct tree *tree)
{
	return outermost(tree->root, 0);
}

struct tree_node *tree_last(const struct tree *tree)
{
	return outermost(tree->root, 1);
}

/* The neighbour on that side: below on that side, or the first above that lies there. */
static struct tree_node *neighbour(const struct tree_node *node, int side)
{
	const struct tree_node *above = node->parent;

	if (node->child[side])
		return outermost(node->child[side], !side);
	while (above && above->child[side] == node) {
		node = above;
		above = above->parent;
	}
	return (struct tree_node *)above;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	return neighbour(node, 1);
}

struct tree_node *tree_prev(const struct tree_node *node)
{
	return neighbour(node, 0);
}
