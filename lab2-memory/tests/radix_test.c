/* Arrays with holes against a plain list of pairs. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/lib/radix.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/slab/slab.h"
#include <linux/errno.h>

#define PAIRS 48

/* The model: values by index, NULL where nothing is. */
static struct {
	uint64_t index;
	void *value;
} pair[PAIRS];
static struct radix radix;

/* An index of any length, often next to another one, and each only once. */
static uint64_t new_index(size_t before)
{
	for (;;) {
		uint64_t index = kt_random() >> kt_random() % 64;
		size_t i = 0;

		if (before && kt_random() % 2)
			index = pair[kt_random() % before].index + kt_random() % 65 - 32;
		while (i < before && pair[i].index != index)
			i++;
		if (i == before)
			return index;
	}
}

static void choose_indexes(void)
{
	pair[0].index = 0;
	pair[1].index = UINT64_MAX;
	for (size_t i = 2; i < PAIRS; i++)
		pair[i].index = new_index(i);
}

/* Which pair is the next at or above an index; PAIRS if none is. */
static size_t model_next(uint64_t index)
{
	size_t found = PAIRS;

	for (size_t i = 0; i < PAIRS; i++)
		if (pair[i].value && pair[i].index >= index &&
			(found == PAIRS || pair[i].index < pair[found].index))
			found = i;
	return found;
}

static void check_next(uint64_t index)
{
	size_t right = model_next(index);
	void *value = radix_next(&radix, &index);

	KT_REQUIRE(value == (right < PAIRS ? pair[right].value : NULL));
	KT_REQUIRE(!value || index == pair[right].index);
}

static void check_all(void)
{
	for (size_t i = 0; i < PAIRS; i++)
		KT_REQUIRE(radix_get(&radix, pair[i].index) == pair[i].value);
	for (size_t i = 0; i < 4; i++) {
		uint64_t index = pair[kt_random() % PAIRS].index;

		check_next(index);
		if (index < UINT64_MAX)
			check_next(index + 1);
	}
	check_next(0);
	KT_REQUIRE(!radix.root == (model_next(0) == PAIRS));
}

static void clear(size_t i)
{
	KT_REQUIRE(radix_clear(&radix, pair[i].index) == pair[i].value);
	pair[i].value = NULL;
}

KTEST(radix_random, "", "after each random step an array with holes has what was put into it",
	.limit = 10, .needs = "2.5")
{
	choose_indexes();
	for (int step = 0; step < 1200; step++) {
		size_t i = kt_random() % PAIRS;

		if (kt_random() % 3 == (step / 200 % 2 ? 0 : 1)) {
			clear(i);
		} else {
			pair[i].value = (void *)(kt_random() | 1);
			KT_REQUIRE(radix_set(&radix, pair[i].index, pair[i].value) == 0);
		}
		check_all();
	}
	for (size_t i = 0; i < PAIRS; i++)
		clear(i);
	check_all();
}

KTEST(radix_depth, "",
	"an array with holes is as deep as its largest index asks for, and no deeper",
	.needs = "2.5")
{
	void *value = &radix;
	uint64_t before = slab_used();

	KT_REQUIRE(radix_set(&radix, 63, value) == 0);
	KT_EQ(slab_used() - before, 1);
	KT_REQUIRE(radix_set(&radix, 64, value) == 0);
	KT_EQ(slab_used() - before, 3);
	KT_REQUIRE(radix_set(&radix, UINT64_MAX, value) == 0);
	KT_EQ(slab_used() - before, 3 + 9 + 10);
	KT_EQ(radix_clear(&radix, UINT64_MAX), value);
	KT_EQ(slab_used() - before, 3);
	KT_EQ(radix_clear(&radix, 64), value);
	KT_EQ(slab_used() - before, 1);
	KT_EQ(radix_clear(&radix, 64), NULL);
	KT_EQ(radix_clear(&radix, 63), value);
	KT_EQ(slab_used() - before, 0);
}

/* Put a value there while the first allocation fails, then the second...: how often it failed. */
static unsigned set_failing(uint64_t index)
{
	unsigned failed = 0;
	uint64_t before = slab_used();

	for (;; failed++) {
		int error;

		inject_failure(failed + 1);
		error = radix_set(&radix, index, &radix);
		inject_failure(0);
		if (!error)
			return failed;
		KT_EQ(error, -ENOMEM);
		KT_EQ(slab_used(), before);
		KT_EQ(radix_get(&radix, index), NULL);
	}
}

KTEST(radix_no_memory, "", "an array with holes is as it was whenever memory runs out",
	.needs = "2.5")
{
	KT_TRUE(set_failing(1ul << 20) >= 4);
	KT_TRUE(set_failing(3) >= 3);
	KT_TRUE(set_failing(UINT64_MAX) >= 7);
	KT_EQ(radix_get(&radix, 3), &radix);
	KT_EQ(radix_clear(&radix, 1ul << 20), &radix);
	KT_EQ(radix_clear(&radix, 3), &radix);
	KT_EQ(radix_clear(&radix, UINT64_MAX), &radix);
}
