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
}

static void *wait_for_ever(void *argument)
{
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
{
	pthread_t thread;
	void *result;

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
