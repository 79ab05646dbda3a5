<<<<<<< HEAD
/*
 * POSIX threads: a mutex, a condition variable, a barrier, thread-local variables, cancellation
 * and joining. The output is the same each time, whichever way the threads are interleaved.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS  2000
#define ITEMS   1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static __thread long own;

static void *count_up(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
		own++;
	}
	return (void *)(own + (long)argument);
}

static void test_mutex(void)
{
	pthread_t thread[THREADS];
	long sum = 0;
	void *result;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, count_up, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &result);
		sum += (long)result;
	}
	printf("mutex: %ld, results %ld, own %ld\n", counter, sum, own);
}

/* A buffer with one place, between one who fills and several who empty it. */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int item, left = ITEMS;
static long taken;

static void *consume(void *argument)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!item && left)
			pthread_cond_wait(&changed, &lock);
		if (!item)
			break;
		taken += item;
		item = 0;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	return argument;
}

static void test_condition(void)
{
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, consume, NULL);
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&lock);
		while (item)
			pthread_cond_wait(&changed, &lock);
		item = i;
		left--;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	printf("condition: %ld\n", taken);
}

static void test_timed(void)
{
	struct timespec until;
	int result;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&lock);
	result = pthread_cond_timedwait(&changed, &lock, &until);
	pthread_mutex_unlock(&lock);
	printf("timed: %s\n", result == ETIMEDOUT ? "timed out" : "?");
}

static int cleaned;

static void clean(void *argument)
{
	(void)argument;
	cleaned++;
=======
/* Threads and futexes, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static uint32_t word;

static long futex(uint32_t *at, int what, uint32_t value, const void *timeout, uint32_t *other, uint32_t bits)
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
>>>>>>> 396c36e (Linux in the same machine: programs of our own are run there, what they say is recorded, and Cub has to say the same: waits, descriptors, memory maps, exec, poll, processes, threads)
}

static void *wait_for_ever(void *argument)
{
<<<<<<< HEAD
	pthread_cleanup_push(clean, NULL);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return argument;
}

static void *compute_for_ever(void *argument)
{
	(void)argument;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (volatile long i = 0; i >= 0; i++)
		continue;
	return NULL;
}

static void test_cancel(void)
=======
	pthread_cleanup_push(clean, argument);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static int cancellation(void)
>>>>>>> 396c36e (Linux in the same machine: programs of our own are run there, what they say is recorded, and Cub has to say the same: waits, descriptors, memory maps, exec, poll, processes, threads)
{
	pthread_t thread;
	void *result;

<<<<<<< HEAD
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	usleep(1000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancel: %d, cleaned %d\n", result == PTHREAD_CANCELED, cleaned);
	pthread_create(&thread, NULL, compute_for_ever, NULL);
	usleep(1000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancel at once: %d\n", result == PTHREAD_CANCELED);
}

static pthread_barrier_t barrier;
static sem_t semaphore;

static void *meet(void *argument)
{
	int result = pthread_barrier_wait(&barrier);

	sem_post(&semaphore);
	(void)argument;
	return (void *)(long)(result == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void test_barrier(void)
{
	pthread_t thread[4];
	long serial = 0;
	void *result;

	pthread_barrier_init(&barrier, NULL, 4);
	sem_init(&semaphore, 0, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, meet, NULL);
	for (int i = 0; i < 4; i++)
		sem_wait(&semaphore);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &result);
		serial += (long)result;
	}
	printf("barrier: %ld\n", serial);
}

static void *nothing(void *argument)
{
	return argument;
}

static void test_many(void)
{
	pthread_t thread;
	int made = 0;

	for (int i = 0; i < 200; i++) {
		if (pthread_create(&thread, NULL, nothing, NULL) != 0)
			break;
		pthread_join(thread, NULL);
		made++;
	}
	printf("many: %d\n", made);
}

int main(void)
{
	test_mutex();
	test_condition();
	test_timed();
	test_cancel();
	test_barrier();
	test_many();
	return 0;
}
=======
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

/* The first thread's status is the process's, though it does not end last. */
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

static int to_a_thread(void)
{
	volatile int id = 0;
	pthread_t thread;

	signal(SIGUSR1, on_signal);
	pthread_create(&thread, NULL, tell_id, (void *)&id);
	while (!id)
		usleep(1000);
	SAY(syscall(SYS_tgkill, getpid(), id, SIGUSR1));
	while (!seen_by)
		usleep(1000);
	TELL(seen_by == id && id != getpid());
	SAY(syscall(SYS_tgkill, getpid(), 0x3fffffff, SIGUSR1));
	SAY(syscall(SYS_tgkill, -1, id, SIGUSR1));
	SAY(syscall(SYS_tkill, id, 0));
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
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
>>>>>>> 396c36e (Linux in the same machine: programs of our own are run there, what they say is recorded, and Cub has to say the same: waits, descriptors, memory maps, exec, poll, processes, threads)
