/* Threads and futexes, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include "threads/clone3.h"
#include <linux/futex.h>
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
	info.si_code = SI_USER; /* to itself alone */
	SAY(syscall(SYS_rt_sigqueueinfo, id, SIGUSR1, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, getpid(), id, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &info));
	SAY(setpriority(PRIO_PROCESS, id, 7));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, id));
	return 0;
}

/* A process that was told to end does not stop, whichever of its threads was told first. */
static int killed_does_not_stop(void)
{
	int id = other_thread();

	fflush(stdout);
	syscall(SYS_tgkill, getpid(), id, SIGKILL);
	kill(getpid(), SIGSTOP);
	return 0;
}

static void *kill_itself(void *argument)
{
	syscall(SYS_tkill, syscall(SYS_gettid), SIGKILL);
	write(1, "still here\n", 11);
	return argument;
}

/* A process that was told to end does nothing more. */
static int killed_at_once(void)
{
	pthread_t thread;

	fflush(stdout);
	pthread_create(&thread, NULL, kill_itself, NULL);
	for (;;)
		pause();
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
	{ "killed_does_not_stop", killed_does_not_stop },
	{ "killed_at_once", killed_at_once },
	{ "clone3_thread", clone3_thread },
	{ "clone3_refuses", clone3_refuses },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
