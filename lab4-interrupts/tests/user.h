/*
 * A process for tests, made by hand: no exec, no parent, a few pages of memory, and one task that
 * runs either a function of the kernel's in it, or a few bytes of machine code in user mode.
 *
 * Machine code lies at USER_CODE (at most a page) and has a page of data at USER_DATA_PAGE. It ends
 * by the system call SYS_TEST, which belongs to tests: see user_call.
 */
#pragma once
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/task.h"

#define USER_CODE_PAGE 0x400000ul
#define USER_DATA_PAGE 0x500000ul
#define USER_STACK_TOP 0x7f00000000ul

struct user {
	struct process *process;
	struct memory *memory; /* a reference of the test's own */
	void (*run)(void);     /* in the kernel; NULL: the code runs in user mode */
	struct trap_frame frame;
};

static struct user user;

/* Some pages of anonymous memory. */
static inline void user_map(uint64_t address, size_t bytes, int protection)
{
	int64_t at = vm_map(user.memory->space, address, bytes, protection,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0);

	KT_REQUIRE(at == (int64_t)address);
}

/* The kernel's address of a byte of user memory, made present. */
static inline void *user_at(uint64_t address)
{
	struct mapping mapping;

	if (vm_fault(user.memory->space, address, PROT_WRITE) != VM_RESOLVED)
		KT_REQUIRE(vm_fault(user.memory->space, address, PROT_READ) == VM_RESOLVED);
	KT_REQUIRE(pagetable_query(&user.memory->space->pagetable, address, &mapping));
	return phys_to_virt(mapping.physical);
}

/* user_make: the process, with a page of data. */
static inline void user_make(void)
{
	user.process = process_make();
	user.memory = memory_create();
	KT_REQUIRE(user.process && user.memory);
	user.process->memory = user.memory;
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		user.process->limit[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	user_map(USER_DATA_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

/* user_code: put machine code in, with the registers to begin with in user.frame. */
static inline void user_code(const char *from, const char *to)
{
	user_map(USER_CODE_PAGE, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(user_at(USER_CODE_PAGE), from, (size_t)(to - from));
	user.frame = (struct trap_frame){
		.rip = USER_CODE_PAGE,
		.cs = GDT_USER_CODE | 3,
		.rflags = RFLAGS_IF | 2,
		.rsp = USER_DATA_PAGE + PAGE_SIZE,
		.ss = GDT_USER_DATA | 3,
	};
}

static inline void user_begin(void *argument)
{
	struct task *task = argument;

	if (user.run) {
		user.run();
		return;
	}
	*task_frame(task) = user.frame;
	task_to_user(task);
}

/* user_run: let a task run, and wait until it has ended. */
static inline void user_run(void (*run)(void))
{
	struct task *task;

	user.run = run;
	KT_REQUIRE(task_make(user.process, "user", user_begin, &task) == 0);
	thread_start(&task->thread);
	thread_join(&task->thread);
	sched_settle();
}

/* user_end: all of it goes. */
static inline void user_end(void)
{
	memory_put(user.memory);
	process_put(user.process);
}

/* user_run_alone: a function of the kernel's, in a process that is there for it alone. */
static inline void user_run_alone(void (*run)(void))
{
	user_make();
	user_run(run);
	user_end();
}
