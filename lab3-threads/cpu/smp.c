/* Finding processors, and what each needs: see smp.h. */
#include "lab3-threads/cpu/smp.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/madt.h"
#include "lab3-threads/cpu/start.h"
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

#define ID_NARROW_MAX 254          /* numbers of APICs above it need the wide ones */
#define STOP_NS       1000000000ul /* for others to stop in a panic */

static const struct page_owner area_owner = { "processor" };

static struct thread idle[CPUS_MAX]; /* [I] the further processors' idle threads */
static void *fault_stack[CPUS_MAX];  /* [I] */
static uint32_t apic_ids[CPUS_MAX];  /* [I] each its own, before it counts as online */
static unsigned online = 1;          /* [a] */

/* --- what a processor needs ---------------------------------------------------------- */

/* A copy of the per-processor data, with the processor's own number in it. */
static char *area_make(unsigned cpu)
{
	size_t bytes = (size_t)(percpu_template_end - percpu_template);
	struct page *page = page_alloc(page_order_for(bytes), 0);
	char *area = page ? page_address(page) : NULL;

	if (!area)
		return NULL;
	page->owner = &area_owner;
	memcpy(area, percpu_template, bytes);
	*percpu_at(area, percpu_area) = area;
	*percpu_at(area, cpu_number) = cpu;
	return area;
}

static int prepare(unsigned cpu)
{
	char *area = area_make(cpu);
	void *stack = stack_alloc(), *faults = stack_alloc();

	if (!area || !stack || !faults)
		goto unwind;
	percpu_areas[cpu] = area;
	fault_stack[cpu] = faults;
	thread_adopt(&idle[cpu], "idle");
	idle[cpu].stack = stack;
	sched_prepare_cpu(cpu, &idle[cpu]);
	return 0;

unwind:
	if (area)
		page_free(page_of(area));
	if (stack)
		stack_free(stack);
	if (faults)
		stack_free(faults);
	return -ENOMEM;
}

/* Nobody else has seen it yet: it did not count. */
static void unprepare(unsigned cpu)
{
	thread_abandon(&idle[cpu]);
	stack_free(idle[cpu].stack);
	stack_free(fault_stack[cpu]);
	page_free(page_of(percpu_areas[cpu]));
	fault_stack[cpu] = NULL;
	percpu_areas[cpu] = NULL;
}

static void count(unsigned cpu)
{
	__atomic_store_n(&percpu_count, cpu + 1, __ATOMIC_RELEASE);
}

int smp_prepare(unsigned cpu)
{
	int error;

	assert(cpu == percpu_count && cpu < CPUS_MAX);
	error = prepare(cpu);
	if (!error)
		count(cpu);
	return error;
}

void *smp_idle_stack(unsigned cpu)
{
	return (char *)idle[cpu].stack + THREAD_STACK;
}

void *smp_fault_stack(unsigned cpu)
{
	return (char *)fault_stack[cpu] + THREAD_STACK;
}

static bool fault_stack_find(uint64_t rbp, struct stack_bounds *bounds)
{
	for (unsigned cpu = 1; cpu < CPUS_MAX; cpu++) {
		bounds->low = (uint64_t)fault_stack[cpu];
		bounds->high = bounds->low + THREAD_STACK;
		if (bounds->low && rbp >= bounds->low && rbp < bounds->high)
			return true;
	}
	return false;
}
BACKTRACE_STACK(fault_stack_find);

/* --- starting them ------------------------------------------------------------------- */

unsigned smp_online(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

void smp_arrived(void)
{
	apic_ids[this_cpu(cpu_number)] = apic_id();
}

/* The processors that firmware tells of; what hinders is said. */
static int find(struct madt_processors *found)
{
	const char *why;
	const void *table;
	uint32_t bytes;
	int error = firmware_find("APIC", &table, &bytes);

	if (error) {
		kprintf("cpu: ACPI %s, so this processor runs alone\n",
			error == -ENOENT ? "tells of no processors" : "has broken root tables");
		return error;
	}
	error = madt_check(table, bytes, &why);
	if (error) {
		kprintf("cpu: ACPI's MADT is refused (%s), so this processor runs alone\n", why);
		return error;
	}
	madt_processors(table, found);
	if (found->more)
		kprintf("cpu: %u more than %u processors are not used\n", found->more, CPUS_MAX);
	return 0;
}

static bool need_wide(const struct madt_processors *found)
{
	for (unsigned i = 0; i < found->count; i++)
		if (found->id[i] > ID_NARROW_MAX)
			return true;
	return cmdline_has("x2apic");
}

/*
 * Start the one with that number as the next processor. What was made for one that did not come
 * is given back; -EIO hinders all that would follow.
 */
static int start(uint32_t id)
{
	unsigned cpu = percpu_count;
	int error = prepare(cpu);

	if (error)
		return error;
	error = start_processor(id, cpu);
	if (error == 0) {
		count(cpu);
		while (!sched_takes_part(cpu))
			CPU_PAUSE(); /* it has arrived, and only our own code lies before it */
		__atomic_store_n(&online, cpu + 1, __ATOMIC_RELEASE);
		return 0;
	}
	kprintf("cpu: the processor with APIC number %u %s\n", id,
		error == -EIO ? "was lost on its way" : "does not come");
	if (error != -EIO)
		unprepare(cpu);
	return error;
}

static void start_all(const struct madt_processors *found)
{
	int error = start_begin();

	if (error) {
		kprintf("cpu: the others cannot be started (error %d)\n", error);
		return;
	}
	for (unsigned i = 0; i < found->count && percpu_count < CPUS_MAX; i++)
		if (found->id[i] != apic_ids[0] && (error == 0 || error == -ETIMEDOUT))
			error = start(found->id[i]);
	if (error == -ENOMEM)
		kprintf("cpu: no memory to start more processors\n");
	if (error != -EIO)
		start_end();
}

void smp_start_others(void)
{
	struct madt_processors found;
	int error = find(&found);

	if (error || found.count < 2)
		return;
	error = apic_init(need_wide(&found));
	if (error) {
		kprintf("cpu: no local APIC, so this processor runs alone\n");
		return;
	}
	smp_arrived();
	start_all(&found);
	if (smp_online() > 1)
		kprintf("cpu: %u processors run\n", smp_online());
}

static void run_idle(void *unused)
{
	(void)unused;
	sched_idle();
}

void smp_init(void)
{
	struct thread *mine = thread_alloc("idle");

	if (!mine) {
		kprintf("cpu: there is no idle thread, so no thread can sleep\n");
		return;
	}
	mine->run = run_idle;
	sched_prepare_cpu(0, mine);
	if (!cmdline_has("nosmp"))
		smp_start_others();
}

/* --- stopping them ------------------------------------------------------------------- */

/* The APIC knows who we are, whatever a panic left of the rest. */
static void stop_others(void)
{
	unsigned count = smp_online(), sent = 0;
	uint64_t began = clock_ns();

	for (unsigned cpu = 0; count > 1 && cpu < count; cpu++)
		if (apic_ids[cpu] != apic_id() && apic_send_nmi(apic_ids[cpu]) == 0)
			sent++;
	while (panic_stopped() < sent && clock_ns() - began < STOP_NS)
		CPU_PAUSE();
}
PANIC_STOP(stop_others);
