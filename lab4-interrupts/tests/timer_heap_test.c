/*
 * The probe for test_timer_heap.py, and the heap of timers (exercise 4.2) by itself.
 *
 *   i NAME MOMENT   put that timer in
 *   r NAME          take it out
 *
 * A reply is "-" for what cannot be done (it is in already, or not in), "empty", or the first one's
 * name and moment as 16 bytes.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab4-interrupts/time/heap.h"

#define TIMERS 512
#define MOST   100000 /* for what is tried out here */

static struct timer timer[TIMERS];
static struct timer_heap heap;

/* The next number of a line; false at its end. */
static bool number(char **line, uint64_t *value)
{
	size_t length = 0;

	while (**line == ' ')
		(*line)++;
	while ((*line)[length] && (*line)[length] != ' ')
		length++;
	*line += length;
	return number_parse(*line - length, length, value);
}

static void reply_first(void)
{
	uint64_t first[2];

	if (!heap.first) {
		kt_reply("empty");
		return;
	}
	first[0] = (uint64_t)(heap.first - timer);
	first[1] = heap.first->deadline;
	kt_reply_hex(first, sizeof(first));
}

/* What was in child and next before is nobody's business. */
static void insert(struct timer *one, uint64_t deadline)
{
	one->deadline = deadline;
	one->child = one->next = &timer[TIMERS - 1];
	heap_insert(&heap, one);
	KT_TRUE(one->at);
}

KPROBE(timer_heap_lines)
{
	char line[64];
	uint64_t name, deadline;

	while (kt_input_line(line, sizeof(line))) {
		char *at = line + 1;

		KT_REQUIRE(number(&at, &name) && name < TIMERS);
		if ((line[0] == 'i') == !!timer[name].at) {
			kt_reply("-");
			continue;
		}
		if (line[0] == 'r')
			heap_remove(&heap, &timer[name]);
		else if (number(&at, &deadline))
			insert(&timer[name], deadline);
		reply_first();
	}
}

KTEST(timer_heap_sorts, "4.2", "what is put in in any order comes out in order, each once",
	.limit = 10)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < TIMERS - 1; i++)
		insert(&timer[i], kt_random() % MOST);
	for (unsigned i = 0; i < TIMERS - 1; i++) {
		struct timer *first = heap.first;

		KT_REQUIRE(first && first->at && first->deadline >= last);
		last = first->deadline;
		heap_remove(&heap, first);
		KT_TRUE(!first->at);
	}
	KT_TRUE(!heap.first);
}

KTEST(timer_heap_large_moments, "4.2", "moments are compared in all of their 64 bits")
{
	static const uint64_t moments[] = { 1ul << 63, 1ul << 32, 0, UINT64_MAX - 1, 1ul << 31, 1,
		(1ul << 32) + 1, (1ul << 63) - 1 };
	uint64_t last = 0;

	for (unsigned i = 0; i < 8; i++)
		insert(&timer[i], moments[i]);
	for (unsigned i = 0; i < 8; i++) {
		KT_REQUIRE(heap.first);
		KT_TRUE(heap.first->deadline >= last);
		last = heap.first->deadline;
		heap_remove(&heap, heap.first);
	}
}

/* How deep and how wide the tree is. */
static unsigned children(const struct timer *one)
{
	unsigned count = 0;

	for (const struct timer *child = one->child; child; child = child->next)
		count++;
	return count;
}

KTEST(timer_heap_stays_cheap, "4.2",
	"taking the first one out of many again and again soon costs little: the tree does not "
	"stay wide",
	.limit = 10)
{
	unsigned wide = 0;

	for (unsigned i = 0; i < TIMERS - 1; i++)
		insert(&timer[i], i);
	for (unsigned i = 0; i < 400; i++) {
		struct timer *first = heap.first;

		KT_REQUIRE(first);
		heap_remove(&heap, first);
		insert(first, 1000 + i);
		if (i >= 10)
			wide += children(heap.first);
	}
	KT_TRUE(wide < 390 * 32);
}
