/*
 * Lab 2's allocators when several processors use them at once: pages and objects of
 * the heap, made by some threads and given back by others. test_race.py runs
 * these in a kernel whose every access is watched.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define THREADS 4
#define SLOTS   16

/* What is allocated and by nobody owned: who exchanges a slot's content owns it. */
static struct page *pages[SLOTS];
static void *objects[SLOTS];

static unsigned rounds;

/* A number of its own sequence. */
static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void exchange_page(uint32_t random)
{
	unsigned order = random / SLOTS % 2;
	struct page *page = page_alloc(order, 0), *old;

	if (page)
		memset(page_address(page), (int)random, PAGE_SIZE << order);
	old = __atomic_exchange_n(&pages[random % SLOTS], page, __ATOMIC_ACQ_REL);
	if (old)
		page_put(old);
}

static void exchange_object(uint32_t random)
{
	size_t bytes = 16 + random / SLOTS % 3000;
	char *object = kmalloc(bytes, 0), *old;

	if (object)
		memset(object, (int)random, bytes);
	old = __atomic_exchange_n(&objects[random % SLOTS], object, __ATOMIC_ACQ_REL);
	kfree(old);
}

static void use_memory(void *number)
{
	uint32_t state = (uint32_t)(uint64_t)number + 1;

	for (unsigned i = 0; i < rounds; i++) {
		exchange_page(next(&state));
		exchange_object(next(&state));
	}
}

static void give_all_back(void)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (pages[i])
			page_put(pages[i]);
		kfree(objects[i]);
		pages[i] = NULL;
		objects[i] = NULL;
	}
}

/* A thread for each processor that there is, and for each virtual one. */
static void all_processors(void)
{
	struct thread *thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		KT_REQUIRE(thread[i] = thread_create("memory", use_memory, (void *)i));
	for (unsigned i = 0; i < THREADS; i++) {
		if (i < percpu_count)
			thread_set_affinity(thread[i], (uint8_t)(1u << i));
		thread_start(thread[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(thread[i]);
	give_all_back();
}

KTEST(allocator_parallel, "", "pages and objects go from processor to processor, and none is lost",
	.limit = 20)
{
	rounds = 300;
	all_processors();
}

KTEST(allocator_explored, "", "the same in many schedules of four processors", .limit = 20)
{
	rounds = 8;
	explore(4, 20, all_processors);
}

static unsigned shared;

static void count_plainly(void *unused)
{
	(void)unused;
	for (;;) {
		shared++;
		asm volatile("" : : : "memory"); /* one by one */
	}
}

/*
 * A data race between processors that really run together: test_race.py sees it found.
 * It goes on until then, since a busy host may run one processor long before the other.
 */
KPROBE(allocator_race)
{
	struct thread *thread[2];

	for (unsigned i = 0; i < 2; i++) {
		KT_REQUIRE(thread[i] = thread_create("racer", count_plainly, NULL));
		thread_set_affinity(thread[i], (uint8_t)(1u << i));
		thread_start(thread[i]);
	}
	for (unsigned i = 0; i < 2; i++)
		thread_join(thread[i]);
}
