/*
 * Sets of ranges against a plain model: a row of cells, each free or of one
 * range. Gaps are compared with a search cell by cell.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/lib/ranges.h"

#define CELLS  160
#define RANGES 24
#define FREE   0xff

static struct ranges set;
static struct range range[RANGES];
static bool in[RANGES];
static uint8_t cell[CELLS];
static uint64_t base; /* of cell 0; a cell is one byte of the set's */

/* The model: cells [start, end) are from now on this. */
static void paint(uint64_t start, uint64_t end, uint8_t what)
{
	memset(cell + start, what, end - start);
}

/* Whether the cells [start, end) are there, and free or of this range. */
static bool is_free(uint64_t start, uint64_t end, uint8_t but)
{
	if (end > CELLS)
		return false;
	for (; start < end; start++)
		if (cell[start] != FREE && cell[start] != but)
			return false;
	return true;
}

static struct range *owner(uint64_t at)
{
	return cell[at] == FREE ? NULL : &range[cell[at]];
}

/* What ranges_gap and ranges_gap_high should find; from and until are absolute. */
static uint64_t model_gap(uint64_t from, uint64_t bytes, uint64_t align)
{
	for (uint64_t at = 0; at < CELLS; at++)
		if (base + at >= from && base + at != 0 && (base + at) % align == 0 &&
			is_free(at, at + bytes, FREE))
			return base + at;
	return 0;
}

static uint64_t model_gap_high(uint64_t until, uint64_t bytes, uint64_t align)
{
	for (uint64_t at = CELLS; at-- > 0;)
		if (base + at != 0 && (base + at) % align == 0 && is_free(at, at + bytes, FREE) &&
			base + at + bytes <= until)
			return base + at;
	return 0;
}

/* The largest gap in a subtree, as it really is; checks what each node knows. */
static uint64_t check_summary(const struct tree_node *node)
{
	const struct range *here = tree_entry(node, struct range, node);
	uint64_t largest;

	if (!node)
		return 0;
	largest = here->gap;
	for (int side = 0; side < 2; side++) {
		uint64_t below = check_summary(node->child[side]);

		largest = below > largest ? below : largest;
	}
	KT_REQUIRE(here->largest_gap == largest);
	return largest;
}

/* The set has the model's ranges, in order, and its gaps are right. */
static void check_set(void)
{
	struct range *at = range_first(&set), *prev = NULL;
	uint64_t count = 0, last = base;

	for (uint64_t i = 0; i < CELLS; i++) {
		struct range *here = owner(i);

		KT_REQUIRE(range_at(&set, base + i) == here);
		if (!here || base + i != here->start)
			continue;
		KT_REQUIRE(
			at == here && range_prev(here) == prev && here->gap == here->start - last);
		KT_REQUIRE(here->end - here->start <= CELLS - i &&
			   cell[here->end - base - 1] == cell[i]);
		count++;
		last = here->end;
		prev = here;
		at = range_next(here);
	}
	KT_REQUIRE(!at && set.count == count);
	check_summary(set.tree.root);
}

/* Some questions, compared with the model. */
static void check_questions(void)
{
	uint64_t at = kt_random() % CELLS, bytes = 1 + kt_random() % (CELLS / 4);
	uint64_t align = 1ul << kt_random() % 5;
	uint64_t bound = base + kt_random() % (CELLS + 1);
	struct range *from = NULL;

	for (uint64_t i = at; i < CELLS && !from; i++)
		from = owner(i);
	KT_REQUIRE(range_from(&set, base + at) == from);
	KT_REQUIRE(!range_from(&set, base + CELLS));
	KT_REQUIRE(ranges_gap(&set, bound, bytes, align) == model_gap(bound, bytes, align));
	KT_REQUIRE(ranges_gap(&set, 0, bytes, align) == model_gap(0, bytes, align));
	KT_REQUIRE(
		ranges_gap_high(&set, bound, bytes, align) == model_gap_high(bound, bytes, align));
	KT_REQUIRE(ranges_gap_high(&set, UINT64_MAX, bytes, align) ==
		   model_gap_high(UINT64_MAX, bytes, align));
}

/* Move a range a little, but not over its neighbours. */
static void move(uint8_t which)
{
	struct range *it = &range[which];
	uint64_t start = it->start - base, end = it->end - base;
	uint64_t to = start + kt_random() % 9 - 4, to_end = end + kt_random() % 9 - 4;

	if (to >= CELLS || to >= to_end ||
		!is_free(start < to ? start : to, end > to_end ? end : to_end, which))
		return;
	paint(start, end, FREE);
	paint(to, to_end, which);
	range_move(&set, it, base + to, base + to_end);
}

/* One of the ranges comes, goes or moves, if there is room for what chance says. */
static void random_step(void)
{
	uint8_t which = kt_random() % RANGES;
	struct range *it = &range[which];
	uint64_t start = kt_random() % CELLS, end = start + 1 + kt_random() % (CELLS / RANGES * 2);

	if (in[which] && kt_random() % 2) {
		paint(it->start - base, it->end - base, FREE);
		range_remove(&set, it);
		in[which] = false;
	} else if (!in[which] && is_free(start, end, FREE)) {
		it->start = base + start;
		it->end = base + end;
		range_insert(&set, it);
		paint(start, end, which);
		in[which] = true;
	} else if (in[which]) {
		move(which);
	}
}

static void run(uint64_t its_base)
{
	base = its_base;
	paint(0, CELLS, FREE);
	memset(in, 0, sizeof(in));
	ranges_init(&set, base, base + CELLS);
	check_questions();
	for (int i = 0; i < 700; i++) {
		random_step();
		check_set();
		check_questions();
	}
}

KTEST(ranges_random, "",
	"after each random step ranges are found by address, and gaps as by looking everywhere",
	.limit = 10)
{
	run(0x7fffffff12345);
}

KTEST(ranges_random_at_the_bounds, "",
	"ranges and gaps at the bottom and the top of all addresses are found without wrapping",
	.limit = 10)
{
	run(0);
	run(UINT64_MAX - CELLS);
}

KTEST(ranges_overlap, "", "a range over another one is no range of the set",
	.panics = "assertion failed")
{
	ranges_init(&set, 0, 100);
	range[0] = (struct range){ .start = 10, .end = 20 };
	range[1] = (struct range){ .start = 19, .end = 21 };
	range_insert(&set, &range[0]);
	range_insert(&set, &range[1]);
}
