/* The concurrent prime sieve: see sieve.h. */
#include "lab3-threads/channel/sieve.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

#define CAPACITY 16 /* so that a thread has some numbers to work on each time it runs */
#define COLUMNS  10 /* of the command's table */

/* A thread of the chain, and the channel behind it. All [I] once it runs. */
struct stage {
	struct stage *before; /* whose channel it reads; NULL: it makes the numbers */
	uint64_t prime;       /* what it filters by */
	struct channel *out;
	struct thread *thread;
};

/* 2, 3, 4, ... until nobody wants more. */
static void make_numbers(void *argument)
{
	struct stage *stage = argument;

	for (uint64_t number = 2; !channel_send(stage->out, &number, 0); number++)
		;
}

/* What the prime does not divide goes on, as long as there are numbers and somebody wants them. */
static void filter(void *argument)
{
	struct stage *stage = argument;
	uint64_t number;

	while (!channel_receive(stage->before->out, &number, 0))
		if (number % stage->prime && channel_send(stage->out, &number, 0))
			break;
}

static struct stage *append(struct stage *before, uint64_t prime)
{
	struct stage *stage = kmalloc(sizeof(*stage), 0);

	if (!stage)
		return NULL;
	*stage = (struct stage){ .before = before, .prime = prime };
	stage->out = channel_create("sieve", sizeof(uint64_t), CAPACITY);
	if (!stage->out)
		goto unwind_stage;
	stage->thread = thread_create("sieve", before ? filter : make_numbers, stage);
	if (!stage->thread)
		goto unwind_channel;
	thread_start(stage->thread);
	return stage;

unwind_channel:
	channel_destroy(stage->out);
unwind_stage:
	kfree(stage);
	return NULL;
}

/* End the chain, of which this is the last stage. All channels are closed, so that no thread works
 * on for one that has ended. */
static void end(struct stage *last)
{
	for (struct stage *stage = last; stage; stage = stage->before)
		channel_close(stage->out);
	for (struct stage *stage = last; stage; stage = stage->before)
		thread_join(stage->thread);
	while (last) {
		struct stage *before = last->before;

		channel_destroy(last->out);
		kfree(last);
		last = before;
	}
}

int sieve_run(unsigned count, void (*found)(uint64_t prime, void *context), void *context)
{
	struct stage *last = append(NULL, 0);
	int error = last ? 0 : -ENOMEM;

	while (!error && count > 0) {
		uint64_t prime;
		struct stage *next = NULL;

		error = channel_receive(last->out, &prime, 0);
		if (error)
			break;
		found(prime, context);
		if (--count > 0 && !(next = append(last, prime)))
			error = -ENOMEM;
		last = next ? next : last;
	}
	end(last);
	return error;
}

/* --- the command ------------------------------------------------------------------- */

static void print_prime(uint64_t prime, void *context)
{
	unsigned *printed = context;

	kprintf("%7lu%s", prime, ++*printed % COLUMNS ? "" : "\n");
}

COMMAND(sieve, "N", "the first N primes, by a chain of threads and channels")
{
	uint64_t wanted = 0;
	unsigned printed = 0;
	int error;

	if (count != 2 || !number_parse(words[1], strlen(words[1]), &wanted) || wanted == 0 ||
		wanted > UINT32_MAX) {
		kprintf("usage: sieve N\n");
		return;
	}
	error = sieve_run((unsigned)wanted, print_prime, &printed);
	if (printed % COLUMNS)
		kprintf("\n");
	if (error)
		kprintf("sieve: %s after %u primes\n",
			error == -ENOMEM ? "no memory for another thread" : "the chain broke",
			printed);
}
