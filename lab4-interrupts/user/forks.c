/*
 * What fork, vfork, clone and exit do, told in lines that are the same on every Linux, and so on
 * Cub.
 *
 *   forks NAME...      run these parts; without a name, all
 *
 * tests/test_fork.py compares them with what Linux has said (forks.expected).
 */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int global = 1;

static void fork_copies(void)
{
	int local = 10, status,
	    *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *private =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	memset(private, 'a', 1 << 20);
	*shared = 5;
	child = fork();
	if (child == 0) {
		say("child sees %d %d %d %c", global, local, *shared, private[70000]);
		global = 2;
		local = 20;
		*shared = 6;
		memset(private, 'b', 1 << 20);
		say("child has %d %d %d %c", global, local, *shared, private[70000]);
		_exit(7);
	}
	waitpid(child, &status, 0);
	say_status("child", status);
	say("parent has %d %d %d %c", global, local, *shared, private[70000]);
}

static void fork_numbers(void)
{
	int status;
	pid_t me = getpid(), child;

	setpgid(0, 0);
	child = fork();
	if (child == 0) {
		say("parent's number is right: %d", getppid() == me);
		say("parent's group, and its session: %d %d", getpgrp() == me,
			getsid(0) == getsid(me));
		say("own number is another: %d", getpid() != me && getpid() == gettid());
		_exit(0);
	}
	say("waited for it: %d", waitpid(child, &status, 0) == child);
	say("child's is positive: %d", child > 0);
	say_error("again", waitpid(child, &status, 0));
}

/* Registers that a child must find as they were, beside rax, rcx and r11. */
static void fork_registers(void)
{
	uint64_t got[6];
	long child;
	int status;

	asm volatile("mov $0x1111, %%rbx; mov $0x2222, %%r12; mov $0x3333, %%r13\n"
		     "mov $0x4444, %%r14; mov $0x5555, %%r15; mov $0x6666, %%r8\n"
		     "mov $57, %%eax; syscall\n"
		     "mov %%rbx, 0(%1); mov %%r12, 8(%1); mov %%r13, 16(%1)\n"
		     "mov %%r14, 24(%1); mov %%r15, 32(%1); mov %%r8, 40(%1)\n"
		     : "=&a"(child)
		     : "D"(got)
		     : "rbx", "rcx", "r8", "r11", "r12", "r13", "r14", "r15", "memory");
	if (child)
		waitpid((pid_t)child, &status, 0);
	say("%s: %lx %lx %lx %lx %lx %lx", child ? "parent" : "child", got[0], got[1], got[2],
		got[3], got[4], got[5]);
	if (!child)
		_exit(0);
}

/* Others run in between, with another rounding mode. */
static void disturb(void)
{
	unsigned mode = 0x1f80;

	for (;;) {
		asm volatile("ldmxcsr %0" : : "m"(mode));
		sched_yield();
	}
}

static void fork_vectors(void)
{
	volatile double x = 1.5;
	double y = x * 3;
	int status;
	unsigned mode = 0x3f80, seen = 0; /* round towards minus infinity */
	pid_t other = fork(), child;

	if (other == 0)
		disturb();
	asm volatile("ldmxcsr %0" : : "m"(mode));
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 20; i++)
			sched_yield();
		asm volatile("stmxcsr %0" : "=m"(seen));
		say("child: %.2f, mxcsr %x", y, seen & 0xffc0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	mode = 0x1f80;
	asm volatile("ldmxcsr %0" : : "m"(mode));
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
}

static void fork_many(void)
{
	int status, sum = 0;

	for (int i = 0; i < 128; i++)
		if (fork() == 0)
			_exit(i % 16);
	for (int i = 0; i < 128; i++) {
		wait(&status);
		sum += WEXITSTATUS(status);
	}
	say("sum of 128 children: %d", sum);
	say_error("no more", wait(&status));
}

static void vfork_shares(void)
{
	static volatile int value = 1;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		value = 2;
		_exit(4);
	}
	say("the parent went on when the child had ended: %d", value == 2);
	waitpid(child, &status, 0);
	say_status("child", status);
}

static void vfork_exec(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execl("/bin/execs", "execs", "say", "from vfork", NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	say_status("child", status);
}

static int clone_shared, clone_child_id;
static volatile int clone_cleared = -1;
static char clone_stack[65536] __attribute__((aligned(16)));

static int clone_body(void *argument)
{
	clone_shared += *(int *)argument;
	return 9;
}

static void clone_vm(void)
{
	int amount = 5, status, parent_id = 0;
	pid_t child = clone(clone_body, clone_stack + sizeof(clone_stack),
		CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &amount, &parent_id,
		NULL, &clone_child_id);

	waitpid(child, &status, 0);
	say_status("child", status);
	say("memory is shared: %d", clone_shared);
	say("numbers are written: %d %d", parent_id == child, clone_child_id == child);
}

static int clone_execs(void *unused)
{
	(void)unused;
	execl("/bin/execs", "execs", "say", "from clone", NULL);
	return 127;
}

/* Who has left the memory by exec is gone from it: the word is cleared that its maker looks at. */
static void clone_cleared_by_exec(void)
{
	int status;
	pid_t child;

	clone_cleared = -1;
	child = clone(clone_execs, clone_stack + sizeof(clone_stack),
		CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, NULL,
		&clone_cleared);
	waitpid(child, &status, 0);
	say_status("child", status);
	say("cleared: %d", clone_cleared);
}

static void clone_refuses(void)
{
	say_error(
		"thread without sighand", syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
	say_error("sighand without vm", syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
}

static void handler(int number)
{
	(void)number;
}

/* What a child of clone has changed that its parent sees: a descriptor, and the directory. */
static void clone_shares(void)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} kinds[] = { { "nothing", 0 }, { "files", CLONE_FILES }, { "directory", CLONE_FS } };
	char where[64] = "";
	int kept, status;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		long child;

		kept = dup(1);
		if (chdir("/"))
			say_error("chdir", -1);
		child = syscall(SYS_clone, kinds[i].flags | SIGCHLD, 0, 0, 0, 0);
		if (child == 0)
			_exit(close(kept) || chdir("/bin"));
		waitpid((pid_t)child, &status, 0);
		say("%s: closed %d, moved to %s", kinds[i].name, fcntl(kept, F_GETFD) < 0,
			getcwd(where, sizeof(where)));
		close(kept);
	}
}

/* A sister, not a child; and handlers that a child does not have. */
static void clone_kinds(void)
{
	struct clone_args args = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	int status;

	if (fork() == 0) {
		if (syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0) == 0)
			_exit(41);
		_exit(wait(&status) < 0 ? 40 : 0);
	}
	for (int i = 0, sum = 0; i < 2; i++) {
		wait(&status);
		sum += WEXITSTATUS(status);
		if (i)
			say("both are mine: %d", sum);
	}
	signal(SIGUSR1, handler);
	if (syscall(SYS_clone3, &args, sizeof(args)) == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	wait(&status);
	say_status("without handlers", status);
	if (fork() == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	wait(&status);
	say_status("with handlers", status);
}

static void clone3_works(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .flags = CLONE_PARENT_SETTID };
	int id = 0, status;
	long child;

	args.parent_tid = (uint64_t)(uintptr_t)&id;
	child = syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0)
		_exit(11);
	waitpid((pid_t)child, &status, 0);
	say_status("child", status);
	say("number is written: %d", id == child);
	say_error("too small", syscall(SYS_clone3, &args, 8));
	say_error("too large", syscall(SYS_clone3, &args, 100000));
	args.exit_signal = 500;
	say_error("no such signal", syscall(SYS_clone3, &args, sizeof(args)));
}

static void *thread_body(void *argument)
{
	*(int *)argument = getpid() == gettid() ? 1 : 2;
	return argument;
}

static void threads(void)
{
	pthread_t thread[8];
	int value[8] = { 0 }, good = 0;
	void *result;

	for (int i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, thread_body, &value[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], &result);
		good += result == &value[i] && value[i] == 2;
	}
	say("threads joined: %d", good);
}

static void *exit_body(void *argument)
{
	(void)argument;
	_exit(23);
}

static void *sleep_body(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

static void *spin_body(void *argument)
{
	(void)argument;
	for (;;)
		;
	return NULL;
}

/* One thread ends all, those too that sleep and that compute. */
static void thread_ends_all(void)
{
	int status;
	pthread_t thread;

	if (fork() == 0) {
		pthread_create(&thread, NULL, sleep_body, NULL);
		pthread_create(&thread, NULL, spin_body, NULL);
		pthread_create(&thread, NULL, exit_body, NULL);
		pthread_join(thread, NULL);
		_exit(1);
	}
	wait(&status);
	say_status("process", status);
}

/* The first thread ends, and the process goes on. */
static void *late_body(void *argument)
{
	(void)argument;
	nap();
	say("the other goes on");
	_exit(31);
}

static void first_ends(void)
{
	int status;
	pthread_t thread;
	pid_t child = fork();

	if (child == 0) {
		pthread_create(&thread, NULL, late_body, NULL);
		syscall(SYS_exit, 5);
	}
	waitpid(child, &status, 0);
	say_status("process", status);
}

static const struct part parts[] = {
	{ "fork_copies", fork_copies },
	{ "fork_numbers", fork_numbers },
	{ "fork_registers", fork_registers },
	{ "fork_vectors", fork_vectors },
	{ "fork_many", fork_many },
	{ "vfork_shares", vfork_shares },
	{ "vfork_exec", vfork_exec },
	{ "clone_vm", clone_vm },
	{ "clone_cleared_by_exec", clone_cleared_by_exec },
	{ "clone_refuses", clone_refuses },
	{ "clone3_works", clone3_works },
	{ "clone_shares", clone_shares },
	{ "clone_kinds", clone_kinds },
	{ "threads", threads },
	{ "thread_ends_all", thread_ends_all },
	{ "first_ends", first_ends },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return parts_main(count, names, parts);
}
