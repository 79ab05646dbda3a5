/*
 * Several processors: what each has, and that all take part. test_smp.py makes the
 * machines, and judges what these probes tell. Floor: given code.
 */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/page/inject.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/cpu/start.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/stack.h"
#include <linux/errno.h>

/* Run a function on each processor at once, with the processor's number as its argument. */
static void on_each(void (*run)(void *cpu))
{
	struct thread *thread[CPUS_MAX];

	for (uint64_t cpu = 0; cpu < percpu_count; cpu++) {
		thread[cpu] = thread_create("on each", run, (void *)cpu);
		KT_REQUIRE(thread[cpu]);
		thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
	}
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		thread_start(thread[cpu]);
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		thread_join(thread[cpu]);
}

static _Noreturn void look(void)
{
	kt_reply("looking");
	for (;;)
		CPU_PAUSE();
}

/* How many processors run, and where each has its data; then nothing more happens. */
static void tell_processors(void)
{
	uint64_t count = smp_online();

	kt_reply_hex(&count, sizeof(count));
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		kt_reply_hex(&percpu_areas[cpu], sizeof(percpu_areas[cpu]));
	look();
}

KPROBE(smp_look)
{
	tell_processors();
}

struct facts {
	uint64_t number, apic, area, gs_base, stack;
};

static void tell_facts(void *cpu)
{
	uint64_t apic = smp_online() > 1 ? apic_id() : 0; /* alone, nobody needs it */
	struct facts facts = { this_cpu(cpu_number), apic, (uint64_t)this_cpu(percpu_area),
		rdmsr(MSR_GS_BASE) + (uint64_t)percpu_template, (uint64_t)&facts };

	KT_EQ(this_cpu(cpu_number), cpu);
	KT_TRUE(sched_takes_part(this_cpu(cpu_number)));
	kt_reply_hex(&facts, sizeof(facts));
}

KPROBE(smp_facts)
{
	KT_EQ(percpu_count, smp_online());
	on_each(tell_facts);
}

/* Each processor counts in its own copy, all at the same time. */
static PERCPU(uint64_t, counter) = 7;

static void count_own(void *cpu)
{
	for (uint64_t i = 0; i < 20000 * ((uint64_t)cpu + 1); i++)
		this_cpu(counter)++;
}

KPROBE(smp_own_data)
{
	on_each(count_own);
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		kt_reply_hex(percpu_at(percpu_areas[cpu], counter), sizeof(counter));
}

/* As many threads as processors wait for each other without giving way. */
static unsigned together;

static void meet(void *ran_on)
{
	__atomic_add_fetch(&together, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&together, __ATOMIC_SEQ_CST) < smp_online())
		CPU_PAUSE();
	*(unsigned *)ran_on = this_cpu(cpu_number);
}

KPROBE(smp_meet)
{
	struct thread *thread[CPUS_MAX];
	unsigned ran_on[CPUS_MAX];

	for (unsigned i = 0; i < smp_online(); i++)
		KT_REQUIRE(thread[i] = thread_spawn("meets", meet, &ran_on[i]));
	for (unsigned i = 0; i < smp_online(); i++)
		thread_join(thread[i]);
	kt_reply_hex(ran_on, smp_online() * sizeof(ran_on[0]));
}

/* Each thread goes round all processors, and yields on each: where it then is, it may be. */
static void wander(void *first)
{
	for (uint64_t step = 0; step < 4 * smp_online(); step++) {
		unsigned cpu = (unsigned)(((uint64_t)first + step) % smp_online());

		thread_set_affinity(thread_self(), (uint8_t)(1u << cpu));
		for (int i = 0; i < 5; i++) {
			sched_yield();
			KT_EQ(this_cpu(cpu_number), cpu);
		}
	}
}

KPROBE(smp_wander)
{
	on_each(wander);
}

/* --- panics -------------------------------------------------------------------------- */

static uint64_t lines; /* that the others have printed */
static uint64_t turns; /* what they count */

static void talk(void *unused)
{
	(void)unused;
	for (;;) {
		kprintf("another processor\n");
		__atomic_add_fetch(&lines, 1, __ATOMIC_RELAXED);
		for (int i = 0; i < 1000; i++)
			__atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
	}
}

static uint64_t counted(void)
{
	return __atomic_load_n(&turns, __ATOMIC_RELAXED);
}

/* Behind lab 3's row: it has stopped the others, and nothing is printed yet. */
static bool watching;

static void watch_others(void)
{
	uint64_t told[2] = { counted() };

	if (!watching)
		return;
	for (int i = 0; i < 100000; i++)
		CPU_PAUSE();
	told[1] = counted();
	kt_reply_hex(told, sizeof(told));
}
PANIC_STOP(watch_others);

/* The test itself is on processor 0 then. */
static void on_others(void (*run)(void *unused))
{
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	for (unsigned cpu = 1; cpu < percpu_count; cpu++) {
		struct thread *thread = thread_create("talks", run, NULL);

		KT_REQUIRE(thread);
		thread_set_affinity(thread, (uint8_t)(1u << cpu));
		thread_start(thread);
	}
}

KPROBE(smp_panic)
{
	on_others(talk);
	while (__atomic_load_n(&lines, __ATOMIC_RELAXED) < 20)
		CPU_PAUSE();
	watching = true;
	panic("one is enough");
}

static void panic_together(void *unused)
{
	meet(&unused);
	panic("processor %u", this_cpu(cpu_number));
}

KPROBE(smp_panic_together)
{
	on_each(panic_together);
}

static volatile uint64_t deepest = ~0ul;

__attribute__((noipa)) static uint64_t falls_deeper(uint64_t depth)
{
	volatile char room[100];

	room[depth % sizeof(room)] = (char)depth;
	return depth == deepest ? 0
				: falls_deeper(depth + 1) + (uint64_t)room[depth % sizeof(room)];
}

static void overflow(void *cpu)
{
	if ((uint64_t)cpu + 1 == smp_online())
		falls_deeper(0);
}

/* On the last processor. */
KPROBE(smp_overflow)
{
	on_each(overflow);
}

KTEST(thread_stack_overflow, "", "a thread that runs off its stack is told as that",
	.needs = "1.3 3.1 3.2 3.3", .panics = "stack overflow: double fault at 0x")
{
	on_each(overflow);
}

/* --- those that come late ------------------------------------------------------------ */

/*
 * With "nosmp", so that there is one left to start. Nobody answers to a number that no processor
 * has. Then the one that there is comes, as if it were late; and then it is called.
 */
KPROBE(smp_late)
{
	KT_REQUIRE(apic_init(false) == 0 && smp_prepare(1) == 0 && start_begin() == 0);
	KT_EQ(start_processor(200, 1), -ETIMEDOUT);
	KT_EQ(apic_send_init(1), 0);
	clock_wait(10000000);
	KT_EQ(apic_send_start(1, start_page()), 0);
	clock_wait(10000000);
	look();
}

KPROBE(smp_again)
{
	KT_REQUIRE(apic_init(false) == 0 && smp_prepare(1) == 0 && start_begin() == 0);
	KT_EQ(start_processor(200, 1), -ETIMEDOUT);
	KT_EQ(start_processor(1, 1), 0);
	start_end();
	on_each(tell_facts);
	look();
}

/* --- without memory ------------------------------------------------------------------ */

KTEST(start_without_memory, "", "each page that starting needs can be missing, and nothing is lost")
{
	int error = -ENOMEM;

	for (unsigned n = 1; error; n++) {
		inject_failure(n);
		error = start_begin();
		if (inject_pending())
			inject_failure(0);
		KT_TRUE(error == 0 || error == -ENOMEM);
		KT_REQUIRE(n < 100);
	}
	start_end();
}

/* As smp_prepare when the count-th allocation fails; kept stacks, which need none, are used up. */
static int prepare_without(unsigned count)
{
	for (int stacks = 0; stacks < 4; stacks++)
		KT_REQUIRE(stack_alloc());
	inject_failure(count);
	return smp_prepare(1);
}

KPROBE(smp_without_memory)
{
	uint64_t threads = thread_count();
	unsigned n = 1;

	for (; prepare_without(n) == -ENOMEM; n++) {
		KT_EQ(percpu_count, 1);
		KT_EQ(thread_count(), threads);
		KT_REQUIRE(n < 100);
	}
	inject_failure(0);
	KT_TRUE(n > 10); /* the area, and two stacks of five allocations each */
	KT_REQUIRE(apic_init(false) == 0 && start_begin() == 0);
	KT_EQ(start_processor(1, 1), 0);
	on_each(tell_facts);
	look();
}

/* --- tables of the host's ------------------------------------------------------------ */

static uint8_t madt[1024], rsdt[40];

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void read_madt(void)
{
	static char line[2 * sizeof(madt) + 1];

	KT_REQUIRE(kt_input_line(line, sizeof(line)));
	for (size_t i = 0; line[2 * i]; i++)
		madt[i] = (uint8_t)(nibble(line[2 * i]) << 4 | nibble(line[2 * i + 1]));
}

static void put32(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, 4);
}

/* With "nosmp", and a line of input: the MADT in hexadecimal. */
KPROBE(smp_tables)
{
	read_madt();
	memcpy(rsdt, "RSDT", 4);
	put32(rsdt + 4, sizeof(rsdt));
	put32(rsdt + 36, kernel_phys(madt));
	rsdt[9] = (uint8_t)-firmware_sum(rsdt, sizeof(rsdt));
	memset(bootinfo.rsdp, 0, sizeof(bootinfo.rsdp));
	memcpy(bootinfo.rsdp, "RSD PTR ", 8);
	put32(bootinfo.rsdp + 16, kernel_phys(rsdt));
	bootinfo.rsdp[8] = (uint8_t)-firmware_sum(bootinfo.rsdp, 20);
	bootinfo.rsdp_length = 20;
	smp_start_others();
	tell_processors();
}
