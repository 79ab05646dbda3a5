/*
 * What operations cost that all processors do at once. `operations` is what they do
 * together, so a row that scales perfectly shows the same number of instructions on any
 * number of processors, and a fraction of the time. grader/bench.py boots these, whose
 * names begin with "all_", on 1, 2 and 4.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/bench.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/vm/space.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define ADDRESS 0x40000000ul

/* Work that each processor does in a thread of its own. prepare and finish are not measured. */
struct work {
	void (*prepare)(uint64_t operations);
	void (*run)(uint64_t operations);
	void (*finish)(uint64_t operations);
};

static const struct work *work;
static uint64_t share;            /* operations of each */
static unsigned parts;            /* how many take part */
static unsigned ready, go, ended; /* [a] */

/* The last one to come starts the clock, and the last one to end stops it. Each is alone on its
 * processor, and may spin. */
static void take_part(void *unused)
{
	(void)unused;
	if (work->prepare)
		work->prepare(share);
	if (__atomic_add_fetch(&ready, 1, __ATOMIC_ACQ_REL) == parts) {
		bench_start();
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	}
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	work->run(share);
	if (__atomic_add_fetch(&ended, 1, __ATOMIC_ACQ_REL) == parts)
		bench_stop();
	if (work->finish)
		work->finish(share);
}

static void on_all(const struct work *its_work, uint64_t operations)
{
	struct thread *thread[CPUS_MAX];

	work = its_work;
	parts = smp_online();
	share = operations / parts;
	ready = go = ended = 0;
	for (unsigned cpu = 0; cpu < parts; cpu++) {
		thread[cpu] = thread_create("part", take_part, NULL);
		assert(thread[cpu]);
		thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
		thread_start(thread[cpu]);
	}
	for (unsigned cpu = 0; cpu < parts; cpu++)
		thread_join(thread[cpu]);
}

/* The processor's own, between prepare and finish: its thread stays there. */
static PERCPU(struct vm_space *, space);
static PERCPU(struct pagetable, table);

#define ALL(name, title, in_all, ...)                                                              \
	static const struct work name##_work = { __VA_ARGS__ };                                    \
	BENCH(all_##name, title, in_all)                                                           \
	{                                                                                          \
		on_all(&name##_work, operations);                                                  \
	}

/* --- memory -------------------------------------------------------------------------- */

static void pages(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++)
		page_free(page_alloc(0, 0));
}
ALL(page, "page_alloc + page_free", 20000, .run = pages)

/* More than a front keeps: they come from the buddy allocator, and go back to it. */
static void many_pages(uint64_t operations)
{
	enum { MANY = 200 };
	struct page *page[MANY];

	for (uint64_t i = 0; i < operations; i += MANY) {
		for (unsigned j = 0; j < MANY; j++)
			page[j] = page_alloc(0, 0);
		for (unsigned j = 0; j < MANY; j++)
			page_free(page[j]);
	}
}
ALL(page_many, "page_alloc + page_free, 200 at a time", 20000, .run = many_pages)

static void objects(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++)
		kfree(kmalloc(64, 0));
}
ALL(kmalloc, "kmalloc + kfree of 64", 20000, .run = objects)

static void make_table(uint64_t operations)
{
	int error = pagetable_init(this_cpu_ptr(table));

	(void)operations;
	assert(!error);
}

static void map_512(uint64_t operations)
{
	struct tlb_batch batch;

	for (uint64_t i = 0; i < operations; i += 512) {
		int error = pagetable_map(this_cpu_ptr(table), ADDRESS, ADDRESS + PAGE_SIZE,
			512 * PAGE_SIZE, PTE_WRITE | PTE_USER | PTE_NX);

		assert(!error);
		tlb_batch_init(&batch, this_cpu_ptr(table));
		pagetable_unmap(this_cpu_ptr(table), ADDRESS, 512 * PAGE_SIZE, &batch);
		tlb_flush(&batch);
	}
}

static void end_table(uint64_t operations)
{
	(void)operations;
	pagetable_destroy(this_cpu_ptr(table));
}
ALL(map, "map + unmap 4 KiB, 512 in a call", 8192, make_table, map_512, end_table)

static void make_space(uint64_t operations)
{
	int64_t at;

	this_cpu(space) = vm_space_create();
	assert(this_cpu(space));
	/* A page short of a large page's place, each. */
	for (uint64_t i = 0; i * 511 < operations; i++) {
		at = vm_map(this_cpu(space), ADDRESS + i * 512 * PAGE_SIZE, 511 * PAGE_SIZE,
			PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, NULL, 0);
		assert(at > 0);
	}
}

static void faults(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++)
		vm_fault(this_cpu(space), ADDRESS + (i / 511 * 512 + i % 511) * PAGE_SIZE,
			PROT_WRITE);
}

static void end_space(uint64_t operations)
{
	(void)operations;
	vm_space_destroy(this_cpu(space));
}
ALL(fault, "fault on anonymous memory, 4 KiB pages", 8176, make_space, faults, end_space)

static void make_full_space(uint64_t operations)
{
	make_space(operations);
	faults(operations);
}

static void clone(uint64_t operations)
{
	struct vm_space *copy = vm_clone(this_cpu(space));

	(void)operations;
	assert(copy);
	vm_space_destroy(copy);
}
ALL(clone, "clone of a space and its end, each page", 8176, make_full_space, clone, end_space)

/* --- locks --------------------------------------------------------------------------- */

static struct spinlock spin = SPINLOCK_INIT("bench");
static struct mutex mutex = MUTEX_INIT(mutex, "bench");
static uint64_t counter;

static void spin_and_count(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		spin_lock(&spin);
		counter++;
		spin_unlock(&spin);
	}
}
ALL(spin, "one spin lock for all, and a counter", 20000, .run = spin_and_count)

static void lock_and_count(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		mutex_lock(&mutex);
		counter++;
		mutex_unlock(&mutex);
	}
}
ALL(mutex, "one mutex for all, and a counter", 20000, .run = lock_and_count)

static void yields(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++)
		sched_yield();
}
ALL(yield, "sched_yield with nobody else", 20000, .run = yields)

static void nothing(void *unused)
{
	(void)unused;
}

static void lives(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		struct thread *thread = thread_spawn("life", nothing, NULL);

		assert(thread);
		thread_join(thread);
	}
}
ALL(life, "thread_create + start + exit + join", 2000, .run = lives)
