/*
 * Handlers that return with what no program may have: in lines that are the same on every Linux,
 * and so on Cub. tests/test_signals.py compares them with what Linux has said (hostile.expected).
 */
#define _GNU_SOURCE
#include "lib/signal_frame.h"
#include "lib/signal_parts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static uint8_t other_stack[65536] __attribute__((aligned(16)));

/* --- hostile ones -------------------------------------------------------------------- */

static void (*harm)(struct context *context);

static void do_harm(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info;
	harm(context);
}

static void harm_rip(struct context *context)
{
	context->registers.rip = 0x800000000000ul;
}

static void harm_rip_kernel(struct context *context)
{
	context->registers.rip = 0xffffffff80000000ul;
}

static void harm_cs(struct context *context)
{
	context->registers.cs = 0x08;
}

static void harm_cs_none(struct context *context)
{
	context->registers.cs = 0;
}

static void harm_ss(struct context *context)
{
	context->registers.__pad0 = 0x08;
}

static void harm_fpstate(struct context *context)
{
	context->registers.fpstate = (void *)0x123000;
}

static void harm_fpstate_kernel(struct context *context)
{
	context->registers.fpstate = (void *)0xffffffff80000000ul;
}

static void harm_mxcsr(struct context *context)
{
	*(uint32_t *)((char *)context->registers.fpstate + 24) = 0xffffffff;
}

static void harm_header(struct context *context)
{
	memset((char *)context->registers.fpstate + 512 + 8, 0xff, 56);
}

static void harm_components(struct context *context)
{
	*(uint64_t *)((char *)context->registers.fpstate + 512) = ~0ul;
}

static void harm_size(struct context *context)
{
	struct software *told = (void *)((char *)context->registers.fpstate + 464);

	told->xstate_size = told->extended_size = 0xffffffff; /* taken for FXSAVE's only */
}

static void harm_nothing(struct context *context)
{
	(void)context;
}

static const struct {
	const char *name;
	void (*harm)(struct context *context);
} harms[] = {
	{ "nothing", harm_nothing },
	{ "rip not canonical", harm_rip },
	{ "rip in the kernel", harm_rip_kernel },
	{ "the kernel's cs", harm_cs },
	{ "no cs", harm_cs_none },
	{ "the kernel's ss", harm_ss },
	{ "vectors nowhere", harm_fpstate },
	{ "vectors in the kernel", harm_fpstate_kernel },
	{ "mxcsr", harm_mxcsr },
	{ "header", harm_header },
	{ "components", harm_components },
	{ "size", harm_size },
};

static void run_harm(void)
{
	set_action(SIGUSR1, do_harm, 0, 0);
	send_self(SIGUSR1);
}

static void return_from_nowhere(void)
{
	asm volatile("mov $8, %%rsp; mov $15, %%eax; syscall" ::: "memory");
}

static void return_from_the_kernel(void)
{
	asm volatile("mov $0xffffffff80000000, %%rsp; mov $15, %%eax; syscall" ::: "memory");
}

static void return_from_zeros(void)
{
	memset(other_stack, 0, sizeof(other_stack));
	asm volatile("lea 4096(%0), %%rsp; mov $15, %%eax; syscall" ::"r"(other_stack) : "memory");
}

static void without_stack(void)
{
	set_action(SIGUSR1, do_harm, 0, 0);
	asm volatile("mov $4096, %%rsp; syscall" ::"a"(SYS_tgkill), "D"(getpid()),
		     "S"(syscall(SYS_gettid)), "d"(SIGUSR1)
		     : "rcx", "r11", "memory");
}

static void fault_without_a_stack(void)
{
	set_action(SIGSEGV, do_harm, 0, 0);
	asm volatile("mov $4096, %%rsp; push %%rax" ::: "memory");
}

static void without_restorer(void)
{
	struct kernel_action action = { do_harm, SA_SIGINFO, NULL, 0 };

	syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
	send_self(SIGUSR1);
}

static void part_hostile(void)
{
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		harm = harms[i].harm;
		in_child(harms[i].name, run_harm);
	}
	harm = harm_nothing;
	in_child("from nowhere", return_from_nowhere);
	in_child("from the kernel", return_from_the_kernel);
	in_child("from zeros", return_from_zeros);
	in_child("without a stack", without_stack);
	in_child("a fault without a stack", fault_without_a_stack);
	in_child("without a restorer", without_restorer);
}

static const struct part parts[] = {
	{ "hostile", part_hostile },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
