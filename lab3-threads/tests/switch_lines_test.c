/*
 * The probe for test_switch.py: coroutines that switch with thread_switch as each line says.
 * Coroutine 0 is the test itself, on the boot thread's stack.
 *
 *   s TO REGISTERS   load rbx, rbp, r12, r13, r14, r15 (16 digits each, without spaces) and
 *                    switch to that coroutine
 *   d VALUE          whoever runs calls itself, one level deeper, and keeps the value there
 *   u                and comes up again
 *
 * After s the one that runs then replies with its number and what the registers hold; if
 * it runs for the first time with its number, the lowest four bits of its stack pointer, how
 * many bytes of its stack lie above that, its frame pointer, and its return address. d
 * replies with the depth, u with the value that was kept. All in hexadecimal. The reply is
 * "-" for a switch to oneself, and at the ends of the depth.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/tests/coroutines.h"

#define COROUTINES 9
#define BYTES      16384
#define DEPTH      12

static uint64_t stacks[COROUTINES][BYTES / 8] __attribute__((aligned(16)));
static struct coroutine made[COROUTINES];
static bool ended; /* there are no more lines: what is left to do is to return */

static struct coroutine *numbered(uint64_t number)
{
	return number ? &made[number] : &coroutine_test;
}

static uint64_t own_number(void)
{
	return coroutine_now == &coroutine_test ? 0 : (uint64_t)(coroutine_now - made);
}

static void reply(void)
{
	if (!ended)
		probe_reply();
	probe_length = 0;
}

static uint64_t digits(const char *text)
{
	uint64_t value = 0;

	for (int i = 0; i < 16; i++) {
		const char *digit = strchr("0123456789abcdef", text[i]);

		KT_REQUIRE(text[i] && digit);
		value = value << 4 | (uint64_t)(digit - "0123456789abcdef");
	}
	return value;
}

static void do_switch(const char *const words[PROBE_WORDS])
{
	struct coroutine *to = numbered(probe_number(words[1], COROUTINES));
	uint64_t registers[KEPT];

	if (to == coroutine_now) {
		reply();
		return;
	}
	KT_REQUIRE(strlen(words[2]) == 16 * KEPT);
	for (int i = 0; i < KEPT; i++)
		registers[i] = digits(words[2] + 16 * i);
	coroutine_switch_with(to, registers);
	probe_say(own_number());
	for (int i = 0; i < KEPT; i++)
		probe_say(registers[i]);
	reply();
}

/* Do what the lines say at this depth; returns at a line that says "up". */
static void follow(unsigned depth)
{
	static char line[256];
	const char *words[PROBE_WORDS];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (*words[0] == 's') {
			do_switch(words);
		} else if (*words[0] == 'd' && depth < DEPTH) {
			volatile uint64_t kept = probe_number(words[1], UINT64_MAX);

			probe_say(depth + 1);
			reply();
			follow(depth + 1);
			probe_say(kept);
			reply();
		} else if (*words[0] == 'u' && depth) {
			return;
		} else {
			reply();
		}
	}
	ended = true;
	if (coroutine_now != &coroutine_test)
		coroutine_switch(&coroutine_test);
}

static void begin(void)
{
	const struct coroutine *self = coroutine_now;

	probe_say(own_number());
	probe_say(self->entry_rsp % 16);
	probe_say((uint64_t)self->top - self->entry_rsp);
	probe_say(self->entry_rbp);
	probe_say(self->entry_return);
	reply();
	follow(0);
}

KPROBE(switch_lines)
{
	coroutine_test_garbage(stacks, sizeof(stacks));
	for (unsigned i = 1; i < COROUTINES; i++)
		coroutine_make(&made[i], stacks[i], BYTES, begin);
	follow(0);
}
