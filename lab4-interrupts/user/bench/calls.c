/* Calls that need nobody else: the way into the kernel and back, a signal to oneself. */
#include "bench.h"
#include <signal.h>
#include <sys/syscall.h>

static void nothing(uint64_t count)
{
	(void)count;
	start();
	stop();
}

static void known_loop(uint64_t count)
{
	start();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(count));
	stop();
}

static void null_call(uint64_t count)
{
	start();
	for (uint64_t i = 0; i < count; i++)
		syscall(SYS_getppid);
	stop();
}

static volatile uint64_t handled;

static void handler(int number)
{
	(void)number;
	handled++;
}

static void signal_round(uint64_t count)
{
	struct sigaction action = { .sa_handler = handler };
	pid_t self = getpid();

	NEED(sigaction(SIGUSR1, &action, NULL));
	handled = 0;
	start();
	for (uint64_t i = 0; i < count; i++)
		NEED(kill(self, SIGUSR1));
	stop();
	if (handled != count)
		fail("not all signals came");
}

const struct operation empty = { "empty", "nothing", nothing, 1 };

const struct operation calls[] = {
	{ KNOWN, "a loop of 2 instructions", known_loop, 100000 },
	{ "user_null_call", "null call (getppid)", null_call, 10000 },
	{ "user_signal_round", "signal to oneself, its handler, and back", signal_round, 2000 },
	{ 0 },
};
