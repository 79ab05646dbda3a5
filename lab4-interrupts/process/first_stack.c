/*
 * What a program finds on its stack when it begins, as the psABI says:
 *
 *   high   0
 *          the program's path, the strings of the environment, of the arguments
 *          the platform's name, 16 random bytes
 *          (a random gap, to a multiple of 16)
 *          the auxiliary vector: pairs of words, ended by AT_NULL
 *          pointers to the environment's strings, and a null pointer
 *          pointers to the arguments' strings, and a null pointer
 *   rsp -> how many arguments there are; rsp is a multiple of 16
 *
 * Read more: System V psABI for AMD64, section 3.4.1 and figure 3.9; getauxval(3).
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/process/program.h"
#include "lab4-interrupts/process/usage.h"
#include "lab4-interrupts/random/random.h"
#include <linux/auxvec.h>

#define STACK_FIRST  (128 * 1024) /* bytes besides these that are there from the beginning */
#define STACK_RANDOM (1ul << 34)  /* bytes within which a stack's top lies */
#define GAP_RANDOM   8192         /* bytes */
#define RANDOM_BYTES 16           /* AT_RANDOM */
#define SIGNAL_FRAME 1088         /* bytes of a signal's frame besides the vector registers */
#define AUX_WORDS    (2 * 24)     /* more than there are */
#define ALIGN        16ul

/* Where everything lies. */
struct plan {
	uint64_t path, strings, platform, random; /* addresses */
	uint64_t vector;                          /* the stack pointer */
	uint64_t *words;                          /* what lies there: argc and so on */
	size_t count;                             /* of words, until now */
};

/* The region of the stack, at a random place. What the strings need is there, and some more. */
static int make_region(struct program *program, size_t words)
{
	size_t bytes =
		(program->strings->used + words * sizeof(uint64_t) + STACK_FIRST) & -PAGE_SIZE;
	uint64_t top = (VM_HIGH - random_below(STACK_RANDOM)) & -PAGE_SIZE;
	int protection = PROT_READ | PROT_WRITE | (program->stack_executable ? PROT_EXEC : 0);
	int64_t at = vm_map(program->memory->space, top - bytes, bytes, protection,
		MAP_PRIVATE | MAP_FIXED_NOREPLACE, NULL, 0);

	if (at == -EEXIST)
		return -ENOEXEC; /* the program wants to lie where its stack does */
	program->memory->stack_top = top;
	return at < 0 ? (int)at : 0;
}

// BEGIN SOLUTION 4.7
static const char platform[] = "x86_64";

/* Strings, downwards from the top. */
static void plan_strings(struct plan *plan, const struct program *program)
{
	uint64_t at = program->memory->stack_top - sizeof(uint64_t);

	plan->path = at -= strlen(program->path) + 1;
	plan->strings = at -= program->strings->used;
	plan->platform = at -= sizeof(platform);
	plan->random = at -= RANDOM_BYTES;
	plan->vector = at - random_below(GAP_RANDOM);
}

static void word(struct plan *plan, uint64_t value)
{
	plan->words[plan->count++] = value;
}

static void aux(struct plan *plan, uint64_t type, uint64_t value)
{
	word(plan, type);
	word(plan, value);
}

/* Pointers to so many strings, the first of which is at *offset of all. */
static void pointers(
	struct plan *plan, const struct strings *strings, unsigned count, size_t *offset)
{
	for (; count; count--) {
		word(plan, plan->strings + *offset);
		*offset += strlen(strings->bytes + *offset) + 1;
	}
	word(plan, 0);
}

static void auxiliary(struct plan *plan, const struct program *program)
{
	aux(plan, AT_HWCAP, cpuid(1, 0).edx);
	aux(plan, AT_PAGESZ, PAGE_SIZE);
	aux(plan, AT_CLKTCK, USAGE_TICKS);
	aux(plan, AT_PHDR, program->headers);
	aux(plan, AT_PHENT, sizeof(Elf64_Phdr));
	aux(plan, AT_PHNUM, program->header_count);
	aux(plan, AT_BASE, program->base);
	aux(plan, AT_FLAGS, 0);
	aux(plan, AT_ENTRY, program->entry);
	aux(plan, AT_UID, 0);
	aux(plan, AT_EUID, 0);
	aux(plan, AT_GID, 0);
	aux(plan, AT_EGID, 0);
	aux(plan, AT_SECURE, 0);
	aux(plan, AT_RANDOM, plan->random);
	aux(plan, AT_HWCAP2, 0);
	aux(plan, AT_EXECFN, plan->path);
	aux(plan, AT_PLATFORM, plan->platform);
	aux(plan, AT_MINSIGSTKSZ, fpu_bytes() + SIGNAL_FRAME);
	aux(plan, AT_NULL, 0);
}

static void plan_words(struct plan *plan, struct program *program)
{
	const struct strings *strings = program->strings;
	struct memory *memory = program->memory;
	size_t offset = 0;

	word(plan, strings->arguments);
	pointers(plan, strings, strings->arguments, &offset);
	memory->argument_start = plan->strings;
	memory->argument_end = memory->environment_start = plan->strings + offset;
	pointers(plan, strings, strings->environment, &offset);
	memory->environment_end = plan->strings + offset;
	auxiliary(plan, program);
	plan->vector = (plan->vector - plan->count * sizeof(uint64_t)) & -ALIGN;
}

static int lay(const struct plan *plan, const struct program *program)
{
	struct memory *memory = program->memory;
	uint8_t random[RANDOM_BYTES];
	int error;

	random_bytes(random, sizeof(random));
	error = foreign_write(memory, plan->path, program->path, strlen(program->path) + 1);
	if (!error)
		error = foreign_write(
			memory, plan->strings, program->strings->bytes, program->strings->used);
	if (!error)
		error = foreign_write(memory, plan->platform, platform, sizeof(platform));
	if (!error)
		error = foreign_write(memory, plan->random, random, sizeof(random));
	if (!error)
		error = foreign_write(
			memory, plan->vector, plan->words, plan->count * sizeof(uint64_t));
	return error;
}
// END SOLUTION 4.7 =>

int first_stack(struct program *program)
{
	size_t words =
		3ul + program->strings->arguments + program->strings->environment + AUX_WORDS;
	struct plan plan = { .words = kmalloc(words * sizeof(uint64_t), 0) };
	int error = plan.words ? make_region(program, words) : -ENOMEM;

	/* Exercise 4.7, third part: find a place for everything, fill plan.words, and write
	 * all of it to the new memory (foreign_write). Where the strings lie is noted in the
	 * memory (argument_start, ...), and where the words begin in program->stack. */
	// BEGIN SOLUTION 4.7
	if (!error) {
		plan_strings(&plan, program);
		plan_words(&plan, program);
		error = lay(&plan, program);
	}
	program->stack = plan.vector;
	// END SOLUTION 4.7 => if (!error) { todo("4.7"); error = -ENOEXEC; }
	kfree(plan.words);
	return error;
}
