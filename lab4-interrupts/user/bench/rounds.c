/* One waits for the other: through pipes, with a futex, and for a thread's end. */
#include "bench.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define RING   8
#define SETTLE 3000 /* rounds before: schedulers treat who is new in another way */

static void read_byte(int from)
{
	char byte;

	errno = EPIPE;
	if (read(from, &byte, 1) != 1)
		fail("read");
}

static void write_byte(int to)
{
	if (write(to, "x", 1) != 1)
		fail("write");
}

/* Start a child that hands on each byte that comes; where they come out. The child keeps nothing
 * else open: it has to see when who writes has ended. */
static int hand_on(int from, int other)
{
	int ends[2];
	char byte;

	NEED(pipe(ends));
	if (NEED(fork()) == 0) {
		close(ends[0]);
		close(other);
		while (read(from, &byte, 1) == 1)
			write_byte(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	close(from);
	return ends[0];
}

static void send_round(int to, int from, uint64_t turns)
{
	for (uint64_t i = 0; i < turns; i++) {
		write_byte(to);
		read_byte(from);
	}
}

/* A byte goes round in a ring of processes, of which this is one. */
static void turn_ring(unsigned members, uint64_t turns)
{
	int ends[2], last;

	NEED(pipe(ends));
	last = ends[0];
	for (unsigned i = 1; i < members; i++)
		last = hand_on(last, ends[1]);
	send_round(ends[1], last, SETTLE / members);
	start();
	send_round(ends[1], last, turns);
	stop();
	close(ends[1]);
	close(last);
	for (unsigned i = 1; i < members; i++)
		NEED(wait(NULL));
}

static void pipe_round(uint64_t count)
{
	turn_ring(2, count);
}

static void switch_ring(uint64_t count)
{
	turn_ring(RING, count / RING);
}

/* --- threads -------------------------------------------------------------------------- */

static _Atomic int turn;

static void wait_for_turn(int mine)
{
	while (turn != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL);
}

static void give_turn(int other)
{
	turn = other;
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

static void *take_turns(void *turns)
{
	for (uint64_t i = 0; i < (uint64_t)turns; i++) {
		wait_for_turn(1);
		give_turn(0);
	}
	return NULL;
}

static void give_turns(uint64_t turns)
{
	for (uint64_t i = 0; i < turns; i++) {
		give_turn(1);
		wait_for_turn(0);
	}
}

static pthread_t begin(void *(*run)(void *), uint64_t argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, (void *)argument);
	if (errno)
		fail("pthread_create");
	return thread;
}

static void futex_round(uint64_t count)
{
	pthread_t other;

	turn = 0;
	other = begin(take_turns, SETTLE + count);
	give_turns(SETTLE);
	start();
	give_turns(count);
	stop();
	pthread_join(other, NULL);
}

static void *nothing(void *unused)
{
	return unused;
}

static void thread_life(uint64_t count)
{
	start();
	for (uint64_t i = 0; i < count; i++)
		pthread_join(begin(nothing, 0), NULL);
	stop();
}

const struct operation rounds[] = {
	{ "user_pipe_round", "a byte through two pipes, there and back", pipe_round, 2000 },
	{ "user_switch_ring", "a byte to the next of 8 processes", switch_ring, 1000 * RING },
	{ "user_futex_round", "futex, there and back", futex_round, 2000 },
	{ "user_thread_life", "pthread_create + pthread_join", thread_life, 200 },
	{ 0 },
};
