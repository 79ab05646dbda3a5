/* A pairing heap of timers: see heap.h. */
#include "lab4-interrupts/time/heap.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include <stddef.h>

// BEGIN SOLUTION 4.2
/* Let *at point to the timer, and the timer know it. */
static void put(struct timer **at, struct timer *timer)
{
	*at = timer;
	if (timer)
		timer->at = at;
}

/* Two heaps become one, a's first on top if both are as early. Either may be NULL, not both. */
static struct timer *merge(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		struct timer *earlier = b;

		b = a;
		a = earlier;
	}
	put(&b->next, a->child);
	put(&a->child, b);
	return a;
}

static struct timer *take(struct timer **list)
{
	struct timer *timer = *list;

	if (timer) {
		*list = timer->next;
		timer->next = NULL;
	}
	return timer;
}

/*
 * All of a list become one heap. In pairs first, and only then the pairs one after the other: that
 * halves how many children the winner has, and so is what keeps the tree from being a list.
 */
static struct timer *merge_all(struct timer *list)
{
	struct timer *pairs = NULL, *all = NULL;

	while (list) {
		struct timer *one = take(&list), *pair = merge(one, take(&list));

		pair->next = pairs;
		pairs = pair;
	}
	while (pairs)
		all = merge(take(&pairs), all);
	return all;
}
// END SOLUTION 4.2 =>

void heap_insert(struct timer_heap *heap, struct timer *timer)
{
	assert(!timer->at);
	/* Exercise 4.2: whatever child and next were before. */
	// BEGIN SOLUTION 4.2
	timer->child = timer->next = NULL;
	put(&heap->first, heap->first ? merge(heap->first, timer) : timer);
	// END SOLUTION 4.2 => todo("4.2"); (void)heap;
}

void heap_remove(struct timer_heap *heap, struct timer *timer)
{
	assert(timer->at);
	/* Exercise 4.2: wherever in the tree it stands; those below it stay in the heap. Its at is
	 * NULL afterwards. */
	// BEGIN SOLUTION 4.2
	struct timer *below = merge_all(timer->child);

	put(timer->at, timer->next);
	timer->child = timer->next = NULL;
	timer->at = NULL;
	if (below)
		put(&heap->first, heap->first ? merge(heap->first, below) : below);
	// END SOLUTION 4.2 => todo("4.2"); (void)heap;
}
