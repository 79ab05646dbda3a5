/*
 * Exercise 1.5: chains of frames, whole and smashed.
 *
 * The plain tests walk stacks that are arrays made by hand; the probes walk what
 * the host asks for (test_backtrace.py).
 */
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

#define WORDS 64
#define CODE  0xc0de0000ul /* return addresses: nobody goes there */

static uint64_t stack[WORDS];
static uint64_t found[WORDS];

static uint64_t word(size_t index)
{
	return (uint64_t)(stack + index);
}

/* A frame at that word whose caller's frame is at another one. */
static void put_frame(size_t index, uint64_t caller_rbp, uint64_t return_address)
{
	stack[index] = caller_rbp;
	stack[index + 1] = return_address;
}

/* Frames at words 8, 16, 24, ... returning to CODE + 8, CODE + 16, ...; the last one is the end. */
static void put_chain(void)
{
	memset(stack, 0, sizeof(stack));
	for (size_t i = 8; i + 8 < WORDS; i += 8)
		put_frame(i, word(i + 8), CODE + i);
}

static size_t walk(size_t low, size_t high, uint64_t rbp, size_t max)
{
	memset(found, 0, sizeof(found));
	return backtrace_walk((struct stack_bounds){ word(low), word(high) }, rbp, found, max);
}

KTEST(backtrace_follows_chain, "1.5", "return addresses come innermost first, up to the end")
{
	put_chain();
	KT_EQ(walk(0, WORDS, word(8), WORDS), 6);
	for (size_t i = 0; i < 6; i++)
		KT_EQ(found[i], CODE + 8 * (i + 1));
	KT_EQ(walk(0, WORDS, word(40), WORDS), 2);
	KT_EQ(found[0], CODE + 40);

	/* kmain's frame: there is a return address, but no caller's frame. */
	put_frame(24, 0, CODE + 24);
	KT_EQ(walk(0, WORDS, word(8), WORDS), 3);
	KT_EQ(found[2], CODE + 24);

	/* The end: whatever its saved %rbp is, a frame that returns nowhere is not reported. */
	put_frame(16, word(24), 0);
	KT_EQ(walk(0, WORDS, word(8), WORDS), 1);
}

KTEST(backtrace_has_a_maximum, "1.5", "no more addresses are stored than there is room for")
{
	put_chain();
	for (size_t max = 0; max <= 6; max++) {
		KT_EQ(walk(0, WORDS, word(8), max), max);
		KT_EQ(found[max], 0);
	}
}

KTEST(backtrace_stays_in_bounds, "1.5", "only frames that lie whole on the stack are read")
{
	put_chain();
	KT_EQ(walk(8, 34, word(8), WORDS), 4);  /* a frame at each end */
	KT_EQ(walk(8, 33, word(8), WORDS), 3);  /* half of the last frame is outside */
	KT_EQ(walk(8, 32, word(8), WORDS), 3);  /* the last frame begins where the stack ends */
	KT_EQ(walk(9, 34, word(8), WORDS), 0);  /* the first one begins below */
	KT_EQ(walk(0, 10, word(16), WORDS), 0); /* the first one lies above */

	/* A stack of nothing, and one that is shorter than a frame. */
	KT_EQ(walk(8, 8, word(8), WORDS), 0);
	KT_EQ(walk(8, 9, word(8), WORDS), 0);
	KT_EQ(backtrace_walk((struct stack_bounds){ 0, 0 }, 0, found, WORDS), 0);
	KT_EQ(backtrace_walk((struct stack_bounds){ 0, 0 }, word(8), found, WORDS), 0);

	/* Adding a frame's size to this goes round to 0 or 8. */
	put_frame(16, -16ul, CODE + 16);
	KT_EQ(walk(0, WORDS, word(8), WORDS), 2);
	put_frame(16, -8ul, CODE + 16);
	KT_EQ(walk(0, WORDS, word(8), WORDS), 2);
}

KTEST(backtrace_wants_alignment, "1.5", "a frame pointer that is not a multiple of 8 ends the walk")
{
	for (uint64_t off = 1; off < 8; off++) {
		put_chain();
		put_frame(8, word(16) + off, CODE + 8);
		KT_EQ(walk(0, WORDS, word(8), WORDS), 1);
		KT_EQ(walk(0, WORDS, word(16) + off, WORDS), 0);
	}
}

KTEST(backtrace_only_rises, "1.5", "a chain that goes down or round in a circle ends")
{
	put_chain();
	put_frame(24, word(24), CODE + 24); /* its own caller */
	KT_EQ(walk(0, WORDS, word(8), WORDS), 3);
	put_frame(24, word(8), CODE + 24); /* the one where all began */
	KT_EQ(walk(0, WORDS, word(8), WORDS), 3);
	put_frame(24, word(20), CODE + 24); /* below, but not seen before */
	put_frame(20, word(32), CODE + 20);
	KT_EQ(walk(0, WORDS, word(8), WORDS), 3);
}

/*
 * A recursion that goes where the host wants: a letter a function, of which each calls step again.
 * noipa: GCC leaves each as it is, and makes no two of them one.
 */
static const char *path;
static size_t path_max;

__attribute__((noipa)) static void step(void);

#define VISIT(letter)                                                                              \
	__attribute__((noipa)) static void visit_##letter(void)                                    \
	{                                                                                          \
		step();                                                                            \
		asm volatile("");                                                                  \
	}
VISIT(a)
VISIT(b)
VISIT(c)
VISIT(d)
VISIT(e)

static void step(void)
{
	static void (*const visit[])(void) = { visit_a, visit_b, visit_c, visit_d, visit_e };
	uint64_t rbp = (uint64_t)__builtin_frame_address(0);

	if (*path >= 'a' && *path <= 'e') {
		visit[*path++ - 'a']();
	} else {
		size_t count = backtrace_walk(backtrace_stack(rbp), rbp, found, path_max);

		kt_reply_hex(found, count * sizeof(found[0]));
	}
	asm volatile("");
}

/* Input: lines of letters. Each is replied with the addresses that were found in it. */
KPROBE(backtrace_recursion_probe)
{
	char line[WORDS];

	while (kt_input_line(line, sizeof(line))) {
		path = line;
		path_max = WORDS;
		step();
	}
}

/*
 * An invalid instruction two calls deep: for the console. GCC makes no frame for a function that
 * calls nothing, unless the function asks for it.
 */
__attribute__((noipa)) static void panic_here(void)
{
	asm volatile("ud2" : : "r"(__builtin_frame_address(0)));
}

__attribute__((noipa)) static void panic_outside(void)
{
	panic_here();
	asm volatile("");
}

KPROBE(backtrace_panic_probe)
{
	panic_outside();
	asm volatile("");
}

/* Little end first. */
static uint64_t input_word(void)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64; shift += 8)
		value |= (uint64_t)(kt_input_byte() & 0xff) << shift;
	return value;
}

/*
 * Input: a count of rounds; in each, low, high, rbp, max and what lies on backtrace_smashed, the
 * words around the stack included. Reply: max + 1 words, of which the walk may change max; and how
 * many it says there are.
 */
uint64_t backtrace_smashed[WORDS];

KPROBE(backtrace_smashed_probe)
{
	uint64_t rounds = input_word();

	while (rounds--) {
		uint64_t low = input_word(), high = input_word(), rbp = input_word();
		size_t max = input_word() % WORDS;

		for (size_t i = 0; i < WORDS; i++)
			backtrace_smashed[i] = input_word();
		memset(found, 0xee, sizeof(found));
		uint64_t count =
			backtrace_walk((struct stack_bounds){ low, high }, rbp, found, max);
		kt_reply_hex(&count, sizeof(count));
		kt_reply_hex(found, (max + 1) * sizeof(found[0]));
	}
}
