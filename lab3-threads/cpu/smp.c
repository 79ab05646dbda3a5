/* Finding and starting processors: see smp.h. */
#include "lab3-threads/cpu/smp.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

static struct thread idle[CPUS_MAX]; /* [I] the further processors' idle threads */
static unsigned online = 1;          /* [a] */

/* A copy of the per-processor data, with the processor's own number in it. */
static char *area_make(unsigned cpu)
{
	size_t bytes = (size_t)(percpu_template_end - percpu_template);
	char *area = kmalloc(bytes, 0);

	if (!area)
		return NULL;
	memcpy(area, percpu_template, bytes);
	*percpu_at(area, percpu_area) = area;
	*percpu_at(area, cpu_number) = cpu;
	return area;
}

int smp_prepare(unsigned cpu)
{
	char *area = area_make(cpu);
	void *stack = area ? stack_alloc() : NULL;

	assert(cpu == percpu_count && cpu < CPUS_MAX);
	if (!stack) {
		kfree(area);
		return -ENOMEM;
	}
	percpu_areas[cpu] = area;
	thread_adopt(&idle[cpu], "idle");
	idle[cpu].stack = stack;
	sched_prepare_cpu(cpu, &idle[cpu]);
	__atomic_store_n(&percpu_count, cpu + 1, __ATOMIC_RELEASE);
	return 0;
}

void *smp_idle_stack(unsigned cpu)
{
	return (char *)idle[cpu].stack + THREAD_STACK;
}

unsigned smp_online(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

static void run_idle(void *unused)
{
	(void)unused;
	sched_idle();
}

void smp_init(void)
{
	struct thread *mine = thread_alloc("idle");

	if (!mine)
		return;
	mine->run = run_idle;
	sched_prepare_cpu(0, mine);
}
