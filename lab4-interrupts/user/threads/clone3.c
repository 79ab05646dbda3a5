/* A thread by clone3, as glibc makes one: a part of the program threads. */
#define _GNU_SOURCE
#include "clone3.h"
#include "../lib/say.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#define AS_GLIBC                                                                                   \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static char clone_stack[65536] __attribute__((aligned(16)));
static uint64_t block[2] = { 0, 42 }; /* where its FS base shows to */
static volatile uint64_t at_fs;
static volatile long its_id, its_process;
static char *volatile its_stack;
static uint32_t id_word;

static long call(long number, long argument)
{
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(argument)
		     : "rcx", "r11", "memory");
	return result;
}

/* All that it does: there is no library for a thread whose FS base is another one's. */
static void life(void)
{
	uint64_t word;

	asm volatile("mov %%fs:8, %0" : "=r"(word));
	at_fs = word;
	its_stack = __builtin_frame_address(0);
	its_id = call(SYS_gettid, 0);
	its_process = call(SYS_getpid, 0);
	call(SYS_exit, 0);
}

static long clone3(struct clone_args *args)
{
	long made;

	asm volatile("syscall; test %%rax, %%rax; jnz 1f; xor %%ebp, %%ebp; call *%[life]; hlt; 1:"
		     : "=a"(made)
		     : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args)), [life] "r"(life)
		     : "rcx", "r11", "memory");
	return made < 0 ? (errno = (int)-made, -1) : made;
}

/* The end of the thread is told at its number's place. */
static void wait_for_end(void)
{
	uint32_t its;

	while ((its = __atomic_load_n(&id_word, __ATOMIC_ACQUIRE)))
		syscall(SYS_futex, &id_word, FUTEX_WAIT, its, NULL, NULL, 0);
}

int clone3_thread(void)
{
	struct clone_args args = {
		.flags = AS_GLIBC,
		.stack = (uint64_t)clone_stack,
		.stack_size = sizeof(clone_stack),
		.tls = (uint64_t)block,
		.parent_tid = (uint64_t)&id_word,
		.child_tid = (uint64_t)&id_word,
	};
	long made = clone3(&args);

	wait_for_end();
	TELL(made > 0 && made == its_id && its_id != getpid());
	TELL(its_process == getpid());
	TELL(its_stack > clone_stack && its_stack < clone_stack + sizeof(clone_stack));
	printf("at its FS base: %lu\n", at_fs);
	args.flags |= CLONE_CHILD_SETTID;
	made = clone3(&args);
	wait_for_end();
	TELL(made == its_id);
	return 0;
}

int clone3_refuses(void)
{
	struct clone_args good = { .flags = AS_GLIBC,
		.stack = (uint64_t)clone_stack,
		.stack_size = sizeof(clone_stack),
		.tls = (uint64_t)block };
	struct clone_args args = good;

	args.stack_size = 0;
	SAY(clone3(&args));
	args = good, args.stack = 0;
	SAY(clone3(&args));
	args = good, args.stack = 0xffff800000000000;
	SAY(clone3(&args));
	args = good, args.exit_signal = SIGCHLD;
	SAY(clone3(&args));
	args = good, args.tls = 1ul << 63;
	SAY(clone3(&args));
	args = good, args.tls = 0x7ffffffff000;
	SAY(clone3(&args));
	args = good, args.flags |= SIGCHLD;
	SAY(clone3(&args));
	args = good, args.flags |= CLONE_DETACHED;
	SAY(clone3(&args));
	args = good, args.flags |= 1ul << 40;
	SAY(clone3(&args));
	args = good, args.flags &= ~(uint64_t)CLONE_SIGHAND;
	SAY(clone3(&args));
	args = good, args.set_tid_size = 1;
	SAY(clone3(&args));
	return 0;
}
