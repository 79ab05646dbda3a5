/* Interrupts that cannot be masked come to all processors, while these compute and call each other:
 * exercise 4.1 on several processors. test_entry.py sends them. */
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ipi.h"

#define ALL   0xffu
#define STEPS 300

static unsigned nmis[CPUS_MAX];  /* [a] each processor its own */
static unsigned turns[CPUS_MAX]; /* [a] the same */
static bool over;                /* [a] */

static bool count_nmi(struct trap_frame *frame, uint64_t detail)
{
	(void)frame, (void)detail;
	__atomic_add_fetch(&nmis[this_cpu(cpu_number)], 1, __ATOMIC_RELAXED);
	return true;
}

/* Many values at a time, which are in registers. */
static uint64_t compute(uint64_t seed)
{
	uint64_t a = seed, b = ~seed, c = seed << 7, d = seed >> 9, e = seed * 3, f = seed * 5;

	for (unsigned i = 0; i < STEPS; i++) {
		a += b ^ i, b = b << 5 | b >> 59, c ^= a, d += c;
		e = (e << 11 | e >> 53) + d, f ^= e * a;
	}
	return a ^ b ^ c ^ d ^ e ^ f;
}

static void called(void *sum)
{
	__atomic_add_fetch((unsigned *)sum, 1, __ATOMIC_RELAXED);
}

static void work_once(uint64_t seed, uint64_t right)
{
	unsigned answers = 0;

	KT_EQ(compute(seed), right);
	ipi_call(ALL, called, &answers);
	KT_EQ(answers, smp_online() - 1);
	__atomic_add_fetch(&turns[this_cpu(cpu_number)], 1, __ATOMIC_RELAXED);
}

static void work(void *seed)
{
	uint64_t right = compute((uint64_t)seed);

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		work_once((uint64_t)seed, right);
}

static bool all_above(const unsigned *counts, const unsigned *before)
{
	for (unsigned cpu = 0; cpu < smp_online(); cpu++)
		if (__atomic_load_n(&counts[cpu], __ATOMIC_RELAXED) == before[cpu])
			return false;
	return true;
}

/* Each processor meets one, and goes on with its work afterwards. */
static void await_nmis(uint64_t seed)
{
	uint64_t right = compute(seed);
	unsigned before[CPUS_MAX], then[CPUS_MAX];

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		before[cpu] = __atomic_load_n(&nmis[cpu], __ATOMIC_RELAXED);
	kprintf("send them\n");
	while (!all_above(nmis, before))
		work_once(seed, right);
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		then[cpu] = __atomic_load_n(&turns[cpu], __ATOMIC_RELAXED);
	while (!all_above(turns, then))
		work_once(seed, right);
}

/* Input: a byte: how many rounds. */
KPROBE(nmi_storm_of_all)
{
	struct thread *threads[CPUS_MAX];

	KT_REQUIRE(interrupts_work() && smp_online() > 1);
	trap_replace_exception(TRAP_NMI, count_nmi);
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	for (unsigned cpu = 1; cpu < smp_online(); cpu++) {
		threads[cpu] = thread_create("worker", work, (void *)kt_random());
		KT_REQUIRE(threads[cpu]);
		thread_set_affinity(threads[cpu], (uint8_t)(1u << cpu));
		thread_start(threads[cpu]);
	}
	for (int rounds = kt_input_byte(); rounds > 0; rounds--)
		await_nmis(kt_random());
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (unsigned cpu = 1; cpu < smp_online(); cpu++)
		thread_join(threads[cpu]);
	kprintf("enough\n");
	while (console_read() < 0)
		CPU_PAUSE();
}
