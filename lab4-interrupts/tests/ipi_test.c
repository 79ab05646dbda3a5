/*
 * Calls from processor to processor, and translations that all have to forget. test_ipi.py runs
 * these on several processors. Floor: given code, which needs exercise 4.1.
 */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ipi.h"

#define ALL 0xffu

static struct thread *threads[CPUS_MAX];

static unsigned me(void)
{
	return this_cpu(cpu_number);
}

/* A thread on each processor but this one. */
static void start_others(void (*run)(void *unused))
{
	KT_REQUIRE(interrupts_work() && smp_online() > 1);
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	for (unsigned cpu = 1; cpu < smp_online(); cpu++) {
		threads[cpu] = thread_create("other", run, NULL);
		KT_REQUIRE(threads[cpu]);
		thread_set_affinity(threads[cpu], (uint8_t)(1u << cpu));
		thread_start(threads[cpu]);
	}
}

static void join_others(void)
{
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		thread_join(threads[cpu]);
}

/* --- calls --------------------------------------------------------------------------- */

static unsigned calls[CPUS_MAX];

static void called(void *argument)
{
	KT_EQ((uint64_t)argument, 42);
	KT_TRUE(!irq_enabled());
	__atomic_add_fetch(&calls[me()], 1, __ATOMIC_RELAXED);
}

KPROBE(ipi_calls_idle)
{
	KT_REQUIRE(interrupts_work() && smp_online() > 1);
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	for (int i = 0; i < 200; i++)
		ipi_call(ALL, called, (void *)42);
	ipi_call(1, called, (void *)42); /* that is us */
	ipi_call(0, called, (void *)42);
	KT_EQ(calls[0], 0);
	for (unsigned cpu = 1; cpu < CPUS_MAX; cpu++)
		KT_EQ(calls[cpu], cpu < smp_online() ? 200 : 0);
}

static volatile bool over;
static unsigned spinning;

/* Whoever spins for a lock with interrupts off has only CPU_PAUSE. */
static void spin_without_interrupts(void *unused)
{
	uint64_t flags = irq_save();

	(void)unused;
	__atomic_add_fetch(&spinning, 1, __ATOMIC_RELEASE);
	while (!over)
		CPU_PAUSE();
	irq_restore(flags);
}

KPROBE(ipi_calls_spinners)
{
	start_others(spin_without_interrupts);
	while (__atomic_load_n(&spinning, __ATOMIC_ACQUIRE) < smp_online() - 1)
		CPU_PAUSE();
	for (int i = 0; i < 100; i++)
		ipi_call(ALL, called, (void *)42);
	over = true;
	join_others();
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		KT_EQ(calls[cpu], 100);
}

static unsigned arrived;

/* Everybody calls everybody, again and again. */
static void call_all(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < smp_online())
		CPU_PAUSE();
	for (int i = 0; i < 300; i++)
		ipi_call(ALL, called, (void *)42);
}

KPROBE(ipi_calls_mutual)
{
	start_others(call_all);
	call_all(NULL);
	join_others();
	for (unsigned cpu = 0; cpu < smp_online(); cpu++)
		KT_EQ(calls[cpu], 300 * (smp_online() - 1));
}

/* --- translations -------------------------------------------------------------------- */

#define ROUNDS 200
#define STALE  0xdeadu

static volatile unsigned *window; /* a page of the kernel's whose frame changes */
static uint64_t reads[CPUS_MAX];

/* What is read is what is mapped: no frame that was taken away is ever seen again. */
static void read_window(void *unused)
{
	(void)unused;
	while (!over) {
		KT_TRUE(*window != STALE);
		__atomic_add_fetch(&reads[me()], 1, __ATOMIC_RELAXED);
	}
}

/* Put a frame of zeros there; the one that was there is the caller's now, once all have forgotten
 * it. */
static struct page *exchange_frame(struct tlb_batch *batch)
{
	struct page *page = page_alloc(0, PAGE_ZERO), *old;
	struct mapping before;

	KT_REQUIRE(page && pagetable_query(&kernel_pagetable, (uint64_t)window, &before));
	old = page_of(phys_to_virt(before.physical));
	page_get(old);
	tlb_batch_init(batch, &kernel_pagetable);
	KT_REQUIRE(pagetable_replace(&kernel_pagetable, (uint64_t)window, &before,
			   page_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_GLOBAL |
				   PTE_COUNTED,
			   batch) == 0);
	tlb_batch_address(batch, (uint64_t)window);
	return old;
}

KTEST(ipi_flush_moved, "", "who is moved while it flushes forgets where it comes to, too")
{
	unsigned *memory = area_alloc(PAGE_SIZE);
	struct tlb_batch batch;
	struct page *old;

	KT_REQUIRE(memory);
	window = memory;
	*window = STALE;
	old = exchange_frame(&batch);
	batch.cpu = me() + 1; /* which has forgotten */
	ipi_flush(&batch);
	KT_EQ(*window, 0);
	tlb_flush(&batch);
	page_put(old);
	area_free(memory);
}

static bool all_read(const uint64_t *before)
{
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		if (__atomic_load_n(&reads[cpu], __ATOMIC_RELAXED) == before[cpu])
			return false;
	return true;
}

KPROBE(ipi_translations)
{
	unsigned *memory = area_alloc(PAGE_SIZE);
	uint64_t before[CPUS_MAX];

	KT_REQUIRE(memory);
	*memory = 0;
	window = memory;
	start_others(read_window);
	for (int round = 0; round < ROUNDS; round++) {
		struct tlb_batch batch;
		struct page *old = exchange_frame(&batch);

		tlb_flush(&batch);
		*(volatile unsigned *)page_address(old) = STALE;
		for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
			before[cpu] = __atomic_load_n(&reads[cpu], __ATOMIC_RELAXED);
		while (!all_read(before))
			CPU_PAUSE();
		page_put(old);
	}
	over = true;
	join_others();
	area_free(memory);
}

static unsigned *own_page[CPUS_MAX];

/* Each takes pages of its own away, and all others have to answer: nobody waits for ever. */
static void shoot(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < smp_online())
		CPU_PAUSE();
	for (int i = 0; i < 60; i++) {
		own_page[me()] = area_alloc(PAGE_SIZE);
		KT_REQUIRE(own_page[me()]);
		*own_page[me()] = 1;
		area_free(own_page[me()]);
	}
}

KPROBE(ipi_shoot_at_each_other)
{
	start_others(shoot);
	shoot(NULL);
	join_others();
}

/* The same with interrupts off while waiting for one's turn: as who spins for a lock. */
static struct spinlock turn = SPINLOCK_INIT("turn");

static void shoot_and_spin(void *unused)
{
	(void)unused;
	for (int i = 0; i < 60; i++) {
		unsigned *page = area_alloc(PAGE_SIZE);
		uint64_t flags = spin_lock_irqsave(&turn);

		for (int waits = 0; waits < 200; waits++)
			CPU_PAUSE();
		spin_unlock_irqrestore(&turn, flags);
		KT_REQUIRE(page);
		area_free(page);
	}
}

KPROBE(ipi_shoot_and_spin)
{
	start_others(shoot_and_spin);
	shoot_and_spin(NULL);
	join_others();
}

/* --- a program's table, on many processors ------------------------------------------- */

#define MANY 200          /* pages: more than a batch has addresses */
#define LOW  0x40000000ul /* where they are */

static struct pagetable table;
static unsigned known, mapped_anew; /* [a] processors that know all pages; that they are others */

static void map_many(struct page *page)
{
	for (unsigned i = 0; i < MANY; i++)
		KT_REQUIRE(pagetable_map(&table, LOW + i * PAGE_SIZE, page_phys(page), PAGE_SIZE,
				   PTE_WRITE | PTE_NX) == 0);
}

static unsigned stale_pages(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MANY; i++)
		count += *(volatile unsigned *)(LOW + i * PAGE_SIZE) == STALE;
	return count;
}

/* Waits without CPU_PAUSE: only an interrupt makes it forget. */
static void know_and_forget(void *unused)
{
	(void)unused;
	preempt_disable();
	tlb_load(&table);
	KT_EQ(stale_pages(), MANY);
	__atomic_add_fetch(&known, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&mapped_anew, __ATOMIC_ACQUIRE))
		asm volatile("pause");
	KT_EQ(stale_pages(), 0);
	tlb_load(&kernel_pagetable);
	preempt_enable();
}

static uint64_t calls_to(unsigned cpu)
{
	return trap_count(cpu, VECTOR_CALL);
}

/* However many pages are taken away at a time. */
KPROBE(ipi_one_call_for_many)
{
	struct page *old = page_alloc(0, 0), *new = page_alloc(0, PAGE_ZERO);
	uint64_t before[CPUS_MAX];
	struct tlb_batch batch;

	KT_REQUIRE(old && new &&pagetable_init(&table) == 0);
	*(unsigned *)page_address(old) = STALE;
	map_many(old);
	start_others(know_and_forget);
	while (__atomic_load_n(&known, __ATOMIC_ACQUIRE) < smp_online() - 1)
		CPU_PAUSE();
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		before[cpu] = calls_to(cpu);
	tlb_batch_init(&batch, &table);
	KT_EQ(pagetable_unmap(&table, LOW, MANY * PAGE_SIZE, &batch), 0);
	tlb_flush(&batch);
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		KT_EQ(calls_to(cpu) - before[cpu], 1);
	map_many(new);
	__atomic_store_n(&mapped_anew, 1, __ATOMIC_RELEASE);
	join_others();
	KT_EQ(pagetable_unmap(&table, LOW, MANY * PAGE_SIZE, &batch), 0);
	tlb_flush(&batch);
	pagetable_destroy(&table);
	page_put(old);
	page_put(new);
}

/* --- idle processors ----------------------------------------------------------------- */

static void nothing(void *unused)
{
	(void)unused;
}

/* Whoever halts is woken for each of them, or the test does not end. */
KPROBE(ipi_kicks)
{
	for (int i = 0; i < 100; i++) {
		start_others(nothing);
		join_others();
	}
}
