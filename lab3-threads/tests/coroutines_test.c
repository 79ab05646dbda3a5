/* Coroutines for tests: see coroutines.h. */
#include "lab3-threads/tests/coroutines.h"

struct coroutine coroutine_test, *coroutine_now = &coroutine_test;

/* In assembly: thread_switch with registers of our choice around it, and where a stack leads. */
void switch_with(uint64_t *save, uint64_t load, uint64_t registers[KEPT]);
void coroutine_entry(void);
_Noreturn void coroutine_entered(uint64_t rsp, uint64_t rbp);

asm(".pushsection .text, \"ax\"\n"
    "switch_with:\n"
    "	pushq %rbp\n"
    "	pushq %rbx\n"
    "	pushq %r12\n"
    "	pushq %r13\n"
    "	pushq %r14\n"
    "	pushq %r15\n"
    "	pushq %rdx\n"
    "	movq (%rdx), %rbx\n"
    "	movq 8(%rdx), %rbp\n"
    "	movq 16(%rdx), %r12\n"
    "	movq 24(%rdx), %r13\n"
    "	movq 32(%rdx), %r14\n"
    "	movq 40(%rdx), %r15\n"
    "	call thread_switch\n"
    "	popq %rdx\n"
    "	movq %rbx, (%rdx)\n"
    "	movq %rbp, 8(%rdx)\n"
    "	movq %r12, 16(%rdx)\n"
    "	movq %r13, 24(%rdx)\n"
    "	movq %r14, 32(%rdx)\n"
    "	movq %r15, 40(%rdx)\n"
    "	popq %r15\n"
    "	popq %r14\n"
    "	popq %r13\n"
    "	popq %r12\n"
    "	popq %rbx\n"
    "	popq %rbp\n"
    "	ret\n"
    "coroutine_entry:\n"
    "	movq %rsp, %rdi\n"
    "	movq %rbp, %rsi\n"
    "	jmp coroutine_entered\n"
    ".popsection\n");

static bool lies_on(const struct coroutine *coroutine, uint64_t address)
{
	return address >= (uint64_t)coroutine->stack && address < (uint64_t)coroutine->top;
}

/* A saved stack pointer points to its stack, or all that follows is chance. */
static uint64_t checked(const struct coroutine *coroutine)
{
	KT_REQUIRE(!coroutine->stack || lies_on(coroutine, coroutine->rsp));
	return coroutine->rsp;
}

void coroutine_make(struct coroutine *coroutine, void *stack, size_t bytes, void (*run)(void))
{
	uint64_t *word = (uint64_t *)((char *)stack + bytes);

	*coroutine = (struct coroutine){ .stack = stack, .top = word, .run = run };
	coroutine->rsp = thread_prepare(stack, bytes);
	while (word > (uint64_t *)checked(coroutine) && *--word != (uint64_t)thread_begin)
		;
	bool leads_to_thread_begin = *word == (uint64_t)thread_begin;
	KT_REQUIRE(leads_to_thread_begin);
	*word = (uint64_t)coroutine_entry;
}

_Noreturn void coroutine_entered(uint64_t rsp, uint64_t rbp)
{
	struct coroutine *self = coroutine_now;

	self->entry_rsp = rsp;
	self->entry_rbp = rbp;
	if (lies_on(self, rsp))
		self->entry_return = *(const uint64_t *)rsp;
	self->run();
	bool a_coroutine_ended = true;
	KT_REQUIRE(!a_coroutine_ended);
	__builtin_unreachable();
}

void coroutine_switch(struct coroutine *to)
{
	struct coroutine *from = coroutine_now;

	coroutine_now = to;
	thread_switch(&from->rsp, checked(to));
	KT_EQ(coroutine_now, from);
	coroutine_now = from;
}

void coroutine_switch_with(struct coroutine *to, uint64_t registers[KEPT])
{
	struct coroutine *from = coroutine_now;

	coroutine_now = to;
	switch_with(&from->rsp, checked(to), registers);
	KT_EQ(coroutine_now, from);
	coroutine_now = from;
}

void coroutine_test_garbage(void *memory, size_t bytes)
{
	for (uint64_t *word = memory; word < (uint64_t *)((char *)memory + bytes); word++)
		*word = kt_random() | 1;
}
