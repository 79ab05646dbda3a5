/*
 * What changes with the task besides the registers that thread_switch knows: the stack on
 * which traps out of user mode begin, the user's segment bases, and the address space. And the task
 * of a process that is timed begins with a look at its time (signal/cputimer.c).
 *
 * Kernel threads need none of it, and leave what is loaded: if the same task runs next, its
 * translations are still known.
 *
 * The bases are written each time, also if they are what was last written here: a program may have
 * loaded a null selector into FS, which makes the base 0 behind our back, and another
 * program's thread pointer, often the same number, would seem to be loaded.
 *
 * Read more: Intel SDM volume 3, sections 8.7 (TSS in 64-bit mode), 6.14.2 (stacks of traps) and
 * 3.4.4 (FS and GS bases).
 */
#include "lab4-interrupts/process/switch.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"

#define MSR_FS_BASE        0xc0000100u
#define MSR_KERNEL_GS_BASE 0xc0000102u /* the user's, while the kernel runs */

void switch_bases(struct task *task)
{
	uint64_t flags = irq_save(); /* or another task's may be loaded between the two */

	wrmsr(MSR_FS_BASE, task->fs_base);
	wrmsr(MSR_KERNEL_GS_BASE, task->gs_base);
	irq_restore(flags);
}

void switch_memory(struct task *task)
{
	struct memory *memory = task->left ? NULL : task->process->memory;
	struct pagetable *table = memory ? &memory->space->pagetable : &kernel_pagetable;
	uint64_t flags = irq_save();

	if (tlb_loaded() != table)
		tlb_load(table);
	irq_restore(flags);
}

void switch_leave(struct task *task)
{
	task->left = true;
	switch_memory(task);
}

static void switching(struct thread *from, struct thread *thread)
{
	struct task *task = task_of_thread(thread);

	(void)from;
	if (!task)
		return;
	gdt_tss()->rsp[0] = (uint64_t)thread->stack + THREAD_STACK;
	this_cpu(syscall_stack) = (uint64_t)thread->stack + THREAD_STACK;
	switch_bases(task);
	switch_memory(task);
	if (__atomic_load_n(&task->process->timed, __ATOMIC_RELAXED))
		__atomic_or_fetch(&task->work, TASK_TIMES, __ATOMIC_RELAXED);
}

static const struct thread_switch_ops ops = { switching };

void switch_init(void)
{
	sched_set_switch_ops(&ops);
}
