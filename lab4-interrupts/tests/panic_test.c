/* Traps of the kernel's own that end in a panic: by this lab's trap entry, on its stacks. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/tests/fall.h"
#include "lab3-threads/thread/thread.h"

KTEST(panic_page_fault, "", "a page fault in the kernel is told with what it was about",
	.needs = "4.1", .panics = "page fault: reading 0x10")
{
	asm volatile("movb (%0), %%al" : : "r"(0x10ul) : "rax");
}

KTEST(panic_stack_overflow, "",
	"a thread that runs off its stack: the double fault has another one",
	.needs = "3.1 3.2 4.1", .panics = "stack overflow: double fault")
{
	thread_join(thread_spawn("falls", fall_for_ever, NULL));
}

static unsigned lines; /* [a] */

/* With interrupts off nothing but an NMI reaches it. */
static void shout(void *unused)
{
	(void)unused;
	irq_save();
	for (;;) {
		kprintf("another processor\n");
		__atomic_add_fetch(&lines, 1, __ATOMIC_RELAXED);
	}
}

/* For two processors: the other one shouts until this one panics. */
KPROBE(panic_stops_others)
{
	struct thread *other = thread_create("shouts", shout, NULL);

	KT_REQUIRE(other && smp_online() > 1);
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	thread_set_affinity(other, 2);
	thread_start(other);
	while (__atomic_load_n(&lines, __ATOMIC_RELAXED) < 20)
		CPU_PAUSE();
	panic("one is enough");
}
