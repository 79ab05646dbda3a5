/* Threads and futexes, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static uint32_t word;

static long futex(
	uint32_t *at, int what, uint32_t value, const void *timeout, uint32_t *other, uint32_t bits)
{
	return syscall(SYS_futex, at, what, value, timeout, other, bits);
}

static int errors(void)
{
	struct timespec some = { 0, 10000000 }, wrong = { 0, 2000000000 };

	SAY(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT, 0, &some, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT_PRIVATE, 0, &some, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT, 0, &wrong, NULL, 0));
	SAY(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 0, &some, NULL, 0));
	SAY(futex((uint32_t *)nowhere, FUTEX_WAIT, 0, &some, NULL, 0));
	SAY(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	SAY(futex((uint32_t *)((char *)&word + 2), FUTEX_WAKE, 1, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_WAKE_BITSET, 0, NULL, NULL, 0));
	SAY(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word + 1, 7));
	SAY(futex(&word, 99, 0, NULL, NULL, 0));
	return 0;
}

/* --- pthreads ----------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter, turns;
static __thread long own;

static void *count(void *argument)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		own++;
		pthread_mutex_unlock(&mutex);
	}
	return (char *)argument + own;
}

static int mutexes(void)
{
	pthread_t thread[6];
	void *result;
	long sum = 0;

	for (long i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, count, (void *)i);
	for (int i = 0; i < 6; i++) {
		pthread_join(thread[i], &result);
		sum += (long)result;
	}
	printf("counter %ld sum %ld own %ld\n", counter, sum, own);
	return 0;
}

static void *take_turns(void *argument)
{
	long me = (long)argument;

	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		while (turns % 3 != me)
			pthread_cond_wait(&changed, &mutex);
		turns++;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static int conditions(void)
{
	struct timespec until;
	pthread_t thread[3];

	for (long i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, take_turns, (void *)i);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	printf("turns %ld\n", turns);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&mutex);
	TELL(pthread_cond_timedwait(&changed, &mutex, &until) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	return 0;
}

static void clean(void *argument)
{
	printf("cleaned: %s\n", (char *)argument);
}

static void *wait_for_ever(void *argument)
{
	pthread_cleanup_push(clean, argument);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static int cancellation(void)
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, wait_for_ever, "while it waited");
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	TELL(result == PTHREAD_CANCELED);
	return 0;
}

/* --- between processes -------------------------------------------------------------------- */

static int processes(void)
{
	sem_t *there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	sem_init(there, 1, 0);
	sem_init(there + 1, 1, 0);
	if (fork() == 0) {
		for (int i = 0; i < 50; i++) {
			sem_wait(there);
			sem_post(there + 1);
		}
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		sem_post(there);
		sem_wait(there + 1);
	}
	wait(NULL);
	printf("fifty turns\n");
	return 0;
}

/* --- ends ----------------------------------------------------------------------------------- */

static void *end_all(void *argument)
{
	(void)argument;
	usleep(10000);
	_exit(7);
}

static int one_ends_all(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, end_all, NULL);
	for (;;)
		pause();
	return 0;
}

static void *last_one(void *argument)
{
	usleep(20000);
	syscall(SYS_exit, 9);
	return argument;
}

/* The status of the last thread to end is the process's, though it is not the first. */
static int first_leaves(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, last_one, NULL);
	syscall(SYS_exit, 3);
	return 1;
}

static void *run_hello(void *argument)
{
	char *arguments[] = { "/bin/hello", NULL };

	execv(arguments[0], arguments);
	return argument;
}

static int a_thread_execs(void)
{
	pthread_t thread;

	fflush(stdout);
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	pthread_create(&thread, NULL, run_hello, NULL);
	for (;;)
		pause();
	return 0;
}

static void *crash(void *argument)
{
	usleep(1000);
	*nowhere = 1;
	return argument;
}

static int one_crashes(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, crash, NULL);
	for (;;)
		pause();
	return 0;
}

static volatile sig_atomic_t seen_by;

static void on_signal(int number)
{
	(void)number;
	seen_by = (int)syscall(SYS_gettid);
}

static void *tell_id(void *argument)
{
	*(int *)argument = (int)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

/* The number of a thread that pauses; SIGUSR1 is noted. */
static int other_thread(void)
{
	static volatile int id;
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	pthread_create(&thread, NULL, tell_id, (void *)&id);
	while (!id)
		usleep(1000);
	return id;
}

static int to_a_thread(void)
{
	int id = other_thread();

	SAY(syscall(SYS_tgkill, getpid(), id, SIGUSR1));
	while (!seen_by)
		usleep(1000);
	TELL(seen_by == id && id != getpid());
	SAY(syscall(SYS_tgkill, getpid(), 0x3fffffff, SIGUSR1));
	SAY(syscall(SYS_tgkill, -1, id, SIGUSR1));
	SAY(syscall(SYS_tkill, id, 0));
	return 0;
}

/* A thread's number names its process, where it is a process that is asked for. */
static int by_a_thread(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	int id = other_thread();

	TELL(id != getpid() && getpgid(id) == getpgrp() && getsid(id) == getsid(0));
	SAY(kill(id, 0));
	SAY(kill(id, SIGUSR1));
	while (!seen_by)
		usleep(1000);
	seen_by = 0;
	SAY(syscall(SYS_rt_sigqueueinfo, id, SIGUSR1, &info));
	while (!seen_by)
		usleep(1000);
	SAY(setpriority(PRIO_PROCESS, id, 7));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, id));
	return 0;
}

/* --- as glibc makes one ----------------------------------------------------------------------- */

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
		futex(&id_word, FUTEX_WAIT, its, NULL, NULL, 0);
}

static int clone3_thread(void)
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

static int clone3_refuses(void)
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

static const struct part parts[] = {
	{ "errors", errors },
	{ "mutexes", mutexes },
	{ "conditions", conditions },
	{ "cancellation", cancellation },
	{ "processes", processes },
	{ "one_ends_all", one_ends_all },
	{ "first_leaves", first_leaves },
	{ "a_thread_execs", a_thread_execs },
	{ "one_crashes", one_crashes },
	{ "to_a_thread", to_a_thread },
	{ "by_a_thread", by_a_thread },
	{ "clone3_thread", clone3_thread },
	{ "clone3_refuses", clone3_refuses },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
