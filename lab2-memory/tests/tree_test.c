/*
 * The balanced tree against a plain model: which of some keys are in it. After
 * each step the whole tree is looked at.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/lib/tree.h"

#define KEYS 120

struct item {
	struct tree_node node;
	uint64_t value; /* what is summed up */
	uint64_t sum;   /* of the values in its subtree */
	bool in;        /* the model */
};
static struct item items[KEYS]; /* by key */

static struct item *item_of(const struct tree_node *node)
{
	return tree_entry(node, struct item, node);
}

static uint64_t sum_of(const struct tree_node *node)
{
	return node ? item_of(node)->sum : 0;
}

static void sum_up(struct tree_node *node)
{
	item_of(node)->sum = item_of(node)->value + sum_of(node->child[0]) + sum_of(node->child[1]);
}

static struct tree tree = TREE_INIT(sum_up);

/* A subtree's height as it really is; checks what each of its nodes knows. */
static int check_subtree(const struct tree_node *node, const struct tree_node *parent)
{
	int left, right;

	if (!node)
		return 0;
	KT_REQUIRE(node->parent == parent);
	left = check_subtree(node->child[0], node);
	right = check_subtree(node->child[1], node);
	KT_REQUIRE(left - right >= -1 && left - right <= 1);
	KT_REQUIRE(node->height == 1 + (left > right ? left : right));
	KT_REQUIRE(item_of(node)->sum ==
		   item_of(node)->value + sum_of(node->child[0]) + sum_of(node->child[1]));
	return node->height;
}

/* The tree is sound, and has what the model has, in order, from both ends. */
static void check(void)
{
	const struct tree_node *up = tree_first(&tree), *down = tree_last(&tree);

	check_subtree(tree.root, NULL);
	for (size_t i = 0; i < KEYS; i++)
		if (items[i].in) {
			KT_REQUIRE(up == &items[i].node);
			up = tree_next(up);
		}
	for (size_t i = KEYS; i-- > 0;)
		if (items[i].in) {
			KT_REQUIRE(down == &items[i].node);
			down = tree_prev(down);
		}
	KT_REQUIRE(!up && !down);
}

static void put(struct item *item)
{
	struct tree_node *parent = NULL, *at = tree.root;
	int side = 0;

	while (at) {
		parent = at;
		side = item > item_of(at);
		at = at->child[side];
	}
	tree_insert(&tree, parent, side, &item->node);
	item->in = true;
}

static void take(struct item *item)
{
	tree_remove(&tree, &item->node);
	item->in = false;
}

/* A step: mostly adds while it grows, and mostly removes while it shrinks. */
static void random_step(bool growing)
{
	struct item *item = &items[kt_random() % KEYS];

	if (kt_random() % 8 == 0 && item->in) {
		item->value = kt_random() % 1000;
		tree_changed(&tree, &item->node);
	} else if (item->in != (growing ^ (kt_random() % 4 == 0))) {
		if (item->in)
			take(item);
		else
			put(item);
	}
}

KTEST(tree_random, "",
	"after each random step a tree is in order and balanced, and its summaries are right",
	.limit = 10)
{
	for (int i = 0; i < 2000; i++) {
		random_step(i / 250 % 2 == 0);
		check();
	}
	for (size_t i = 0; i < KEYS; i++)
		if (items[i].in)
			take(&items[i]);
	check();
	KT_TRUE(!tree.root);
}

/* Fill the tree from one end, and empty it from the other or the same. */
static void sweep(bool fill_up, bool empty_up)
{
	for (size_t i = 0; i < KEYS; i++)
		put(&items[fill_up ? i : KEYS - 1 - i]);
	check();
	KT_TRUE(tree.root->height <= 9); /* 1.44 log2 122 - 0.33 */
	for (size_t i = 0; i < KEYS; i++) {
		take(&items[empty_up ? i : KEYS - 1 - i]);
		check();
	}
}

KTEST(tree_sorted, "", "a tree filled and emptied in rising or falling order stays low",
	.limit = 10)
{
	for (int i = 0; i < 4; i++)
		sweep(i & 1, i & 2);
}
