/*
 * What a handler finds on its stack, and what becomes of what it leaves there: in lines that are
 * the same on every Linux, and so on Cub. tests/test_signals.py compares them with what Linux has
 * said (frames.expected).
 */
#define _GNU_SOURCE
#include "lib/signal_frame.h"
#include "lib/signal_parts.h"
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* --- the frame ----------------------------------------------------------------------- */

static volatile uint64_t handler_rsp, handler_di, handler_si, handler_dx, handler_ax, handler_flags,
	handler_control;
static struct context found;
static siginfo_t found_info;
static uint8_t found_vectors[4096];
static uint64_t vectors_at;
static uint32_t second_magic;

void entry(int number, siginfo_t *info, struct context *context);
void look(void);

/* Registers as the kernel has set them, before the compiler has used any. */
asm("entry: mov %rsp, handler_rsp(%rip)\n\tmov %rdi, handler_di(%rip)\n\tmov %rsi, "
    "handler_si(%rip)\n\t"
    "mov %rdx, handler_dx(%rip)\n\tmov %rax, handler_ax(%rip)\n\tpushf\n\tpop "
    "handler_flags(%rip)\n\t"
    "fnstcw handler_control(%rip)\n\tjmp look\n");

void look(void)
{
	struct context *context = (struct context *)handler_dx;

	found = *context;
	found_info = *(siginfo_t *)handler_si;
	vectors_at = (uint64_t)context->registers.fpstate;
	memcpy(found_vectors, (void *)vectors_at, 512);
	memcpy(&second_magic,
		(void *)(vectors_at + ((struct software *)(found_vectors + 464))->xstate_size), 4);
}

static void part_layout(void)
{
	struct software *told = (void *)(found_vectors + 464);
	uint64_t rsp, flags, rax = SYS_tgkill;
	uint32_t control = 0x1f80 | 0x8000;
	uint16_t x87 = 0x27f;

	set_action(SIGUSR1, entry, 0, 0);
	asm volatile("ldmxcsr %0; fldcw %1" ::"m"(control), "m"(x87));
	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	asm volatile("std; pushf; pop %0" : "=r"(flags));
	asm volatile("syscall"
		     : "+a"(rax)
		     : "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(SIGUSR1)
		     : "rcx", "r11", "memory");
	asm volatile("cld");
	printf("number %lu, ax %lu\n", handler_di, handler_ax);
	printf("rsp mod 16: %lu\n", handler_rsp % 16);
	printf("context at rsp + %lu, info at rsp + %lu\n", handler_dx - handler_rsp,
		handler_si - handler_rsp);
	printf("returns to the restorer: %d\n", *(uint64_t *)handler_rsp != 0);
	printf("flags of the context %#lx, link %p\n", found.flags, (void *)found.link);
	/* Linux's exec leaves SS_DISABLE there, or not, as it was in whoever called it. */
	printf("stack: flags %d, size %lu\n", found.stack.ss_flags & ~SS_DISABLE,
		(unsigned long)found.stack.ss_size);
	printf("vectors mod 64: %lu, behind the frame: %d\n", vectors_at % 64,
		vectors_at >= handler_rsp + 440);
	printf("red zone: %d\n", rsp - vectors_at >= 128 + told->extended_size &&
					 rsp - vectors_at < 128 + told->extended_size + 512);
	printf("magic %#x, components %#lx, sizes fit: %d\n", told->magic1,
		(unsigned long)told->xfeatures & 3,
		told->extended_size == told->xstate_size + 4 && told->xstate_size >= 576);
	printf("second magic %#x\n", second_magic);
	printf("x87 control %#x, mxcsr %#x\n", *(uint16_t *)found_vectors,
		*(uint32_t *)(found_vectors + 24));
	printf("direction: program %d, context %d, handler %d\n", !!(flags & 0x400),
		!!(found.registers.eflags & 0x400), !!(handler_flags & 0x400));
	printf("handler's x87 control %#lx\n", handler_control & 0xffff);
	printf("result of the call %ld, rsp of the program: %d\n", (long)found.registers.rax,
		found.registers.rsp - rsp < 64 || rsp - found.registers.rsp < 64);
}

/* --- registers over a handler ---------------------------------------------------------- */

static volatile int spoiled;

static void spoil(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info, (void)context;
	asm volatile("xor %%ebx, %%ebx; mov $7, %%r8; mov $7, %%r12; mov $7, %%r15; pcmpeqd "
		     "%%xmm0, %%xmm0;"
		     "pcmpeqd %%xmm15, %%xmm15; fninit; fldpi; std; cld; cmp %%rax, %%rax" ::
			     : "rbx", "r8", "r12", "r15", "xmm0", "xmm15", "cc", "memory");
	spoiled++;
}

/* All that user mode has, in the middle of a leaf function: until the timer has come in between,
 * often. */
static void part_registers(void)
{
	struct itimerval timer = { { 0, 700 }, { 0, 700 } };
	uint64_t wrong = 0;

	set_action(SIGALRM, spoil, 0, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	asm volatile("mov $0x1111, %%rbx; mov $0x2222, %%rcx; mov $0x3333, %%rdx; mov $0x4444, "
		     "%%rsi; mov $0x5555, %%rdi;"
		     "mov $0x8888, %%r8; mov $0x9999, %%r9; mov $0xaaaa, %%r10; mov $0xbbbb, "
		     "%%r11; mov $0xcccc, %%r12;"
		     "mov $0xdddd, %%r13; mov $0xeeee, %%r14; mov $0xffff, %%r15; movq %%rbx, "
		     "%%xmm0; movq %%rcx, %%xmm15;"
		     "fninit; fld1; movq $0x77, -8(%%rsp); movq $0x99, -128(%%rsp);"
		     "1: cmp $0x1111, %%rbx; jne 2f; cmp $0x2222, %%rcx; jne 2f; cmp $0x3333, "
		     "%%rdx; jne 2f; cmp $0x4444, %%rsi; jne 2f;"
		     "cmp $0x5555, %%rdi; jne 2f; cmp $0x8888, %%r8; jne 2f; cmp $0x9999, %%r9; "
		     "jne 2f; cmp $0xaaaa, %%r10; jne 2f;"
		     "cmp $0xbbbb, %%r11; jne 2f; cmp $0xcccc, %%r12; jne 2f; cmp $0xdddd, %%r13; "
		     "jne 2f; cmp $0xeeee, %%r14; jne 2f;"
		     "cmp $0xffff, %%r15; jne 2f; movq %%xmm0, %%rax; cmp %%rbx, %%rax; jne 2f; "
		     "movq %%xmm15, %%rax; cmp %%rcx, %%rax; jne 2f;"
		     "cmpq $0x77, -8(%%rsp); jne 2f; cmpq $0x99, -128(%%rsp); jne 2f;"
		     "cmpl $30, %1; jl 1b; fld1; fcomip %%st(1), %%st; jne 2f; movq $0, %0; jmp "
		     "3f; 2: movq $1, %0; 3: fninit"
		     : "=m"(wrong)
		     : "m"(spoiled)
		     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
		     "r13", "r14", "r15", "xmm0", "xmm15", "cc", "memory");
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("wrong: %lu, enough: %d\n", wrong, spoiled >= 30);
}

/* --- edited contexts ----------------------------------------------------------------- */

static uint8_t other_stack[65536] __attribute__((aligned(16)));

void elsewhere(void);
void arrive(uint64_t first, uint64_t second, uint64_t rsp);
asm("elsewhere: mov %rbx, %rdi\n\tmov %r15, %rsi\n\tmov %rsp, %rdx\n\tcall arrive\n");

void arrive(uint64_t first, uint64_t second, uint64_t rsp)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	printf("arrived with %#lx %#lx, on the other stack: %d, mask %#lx\n", first, second,
		rsp == (uint64_t)other_stack + sizeof(other_stack), mask);
	fflush(stdout);
	_exit(5);
}

static void send_elsewhere(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info;
	context->registers.rip = (uint64_t)elsewhere;
	context->registers.rsp = (uint64_t)other_stack + sizeof(other_stack);
	context->registers.rbx = 0x1234;
	context->registers.r15 = 0xfedcba9876543210;
	context->mask = ~0ul;
}

static void go_elsewhere(void)
{
	set_action(SIGUSR1, send_elsewhere, 0, 0);
	send_self(SIGUSR1);
}

static volatile int skipped;

static void skip(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info;
	context->registers.rip += 2; /* ud2 */
	skipped++;
}

static void edit_vectors(int number, siginfo_t *info, struct context *context)
{
	uint64_t *xmm7 = (uint64_t *)((char *)context->registers.fpstate + 160 + 7 * 16);

	(void)number, (void)info;
	xmm7[0] = 0xabcdef;
	((uint8_t *)context->registers.fpstate)[512] |= 2; /* SSE is there */
}

static void no_vectors(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info;
	context->registers.fpstate = NULL;
}

static uint64_t xmm7_after(int number)
{
	uint64_t value = 0x5555, rax = SYS_tgkill;

	asm volatile("movq %0, %%xmm7; syscall; movq %%xmm7, %0"
		     : "+r"(value), "+a"(rax)
		     : "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(number)
		     : "rcx", "r11", "xmm7", "memory");
	return value;
}

static void all_flags(int number, siginfo_t *info, struct context *context)
{
	(void)number, (void)info;
	context->registers.eflags |= 0x3ff000 & ~0x50000; /* IOPL, NT, VM, VIF, VIP, ID */
	context->registers.eflags &= ~0x200ul;
}

static void part_edited(void)
{
	uint64_t flags;

	in_child("elsewhere", go_elsewhere);
	set_action(SIGILL, skip, 0, 0);
	asm volatile("ud2; ud2; ud2");
	printf("skipped: %d\n", skipped);
	set_action(SIGUSR1, edit_vectors, 0, 0);
	printf("xmm7: %#lx\n", xmm7_after(SIGUSR1));
	set_action(SIGUSR1, no_vectors, 0, 0);
	printf("xmm7 without: %#lx\n", xmm7_after(SIGUSR1));
	set_action(SIGUSR1, all_flags, 0, 0);
	send_self(SIGUSR1);
	asm volatile("pushf; pop %0" : "=r"(flags));
	printf("flags: %#lx\n", flags & 0x1ff600);
}

/* --- alternate stacks ---------------------------------------------------------------- */

static uint8_t stack_memory[32768] __attribute__((aligned(16)));
static int depth;

static int on_it(void)
{
	uint8_t here;

	return &here >= stack_memory && &here < stack_memory + sizeof(stack_memory);
}

static void tell_stack(int number, siginfo_t *info, struct context *context)
{
	stack_t now, none = { .ss_flags = SS_DISABLE };

	(void)info;
	if (depth < 0) {
		depth++;
		send_self(SIGUSR2);
		return;
	}
	syscall(SYS_sigaltstack, NULL, &now);
	printf("signal %d: on it %d, flags %#x, saved %#x %d", number, on_it(), now.ss_flags,
		context->stack.ss_flags, context->stack.ss_sp == stack_memory);
	printf(", change: %s\n", syscall(SYS_sigaltstack, &none, NULL) ? strerror(errno) : "done");
	fflush(stdout);
	if (depth++ < 1)
		send_self(SIGUSR2);
}

static const char *set_stack(void *at, size_t bytes, int flags)
{
	stack_t stack = { .ss_sp = at, .ss_size = bytes, .ss_flags = flags };

	return syscall(SYS_sigaltstack, &stack, NULL) ? strerror(errno) : "done";
}

static void overflow(void)
{
	set_stack(stack_memory + 16384, 2048, 0);
	depth = -8; /* so many frames do not fit */
	set_action(SIGUSR2, tell_stack, SA_ONSTACK | SA_NODEFER, 0);
	send_self(SIGUSR2);
}

static void fault_without_stack(void)
{
	set_stack(stack_memory, sizeof(stack_memory), 0);
	set_action(SIGSEGV, tell_stack, SA_ONSTACK | SA_RESETHAND, 0);
	asm volatile("mov $4096, %%rsp; push %%rax" ::: "memory");
}

static void part_stacks(void)
{
	stack_t now;

	syscall(SYS_sigaltstack, NULL, &now);
	printf("at first: flags %#x, size %lu\n", now.ss_flags, (unsigned long)now.ss_size);
	printf("too small: %s\n", set_stack(stack_memory, 2047, 0));
	printf("flags: %s\n", set_stack(stack_memory, sizeof(stack_memory), 4));
	printf("set: %s\n", set_stack(stack_memory, sizeof(stack_memory), 0));
	syscall(SYS_sigaltstack, NULL, &now);
	printf("then: flags %#x, size %lu\n", now.ss_flags, (unsigned long)now.ss_size);
	set_action(SIGUSR1, tell_stack, SA_ONSTACK, 0);
	set_action(SIGUSR2, tell_stack, SA_ONSTACK, 0);
	send_self(SIGUSR1);
	set_action(SIGUSR1, tell_stack, 0, 0);
	send_self(SIGUSR1);
	set_action(SIGUSR1, tell_stack, SA_ONSTACK, 0);
	printf("disarmed: %s\n", set_stack(stack_memory, sizeof(stack_memory), (int)(1u << 31)));
	send_self(SIGUSR1);
	syscall(SYS_sigaltstack, NULL, &now);
	printf("armed again: flags %#x, %d\n", now.ss_flags, now.ss_sp == stack_memory);
	in_child("stack overflow", fault_without_stack);
	depth = 0;
	in_child("frames overflow", overflow);
}

/* --- registers of 32 bytes ------------------------------------------------------------- */

#define OSXSAVE_AND_AVX (3u << 27) /* CPUID leaf 1, ecx */
#define AVX             2u         /* the component, in leaf 0xd and in XCR0 */
#define WIDE            3          /* registers that are looked at: 0, 7 and 15 */

static uint64_t uppers[WIDE][2], present;

/* Where the upper halves are in the extended area. */
static unsigned uppers_at(void)
{
	unsigned a, bytes, offset, d;

	__cpuid_count(0xd, AVX, a, offset, bytes, d);
	return offset;
}

static int has_uppers(void)
{
	unsigned a, b, c, d, enabled = 0;

	__cpuid(1, a, b, c, d);
	if ((c & OSXSAVE_AND_AVX) == OSXSAVE_AND_AVX)
		asm volatile("xgetbv" : "=a"(enabled), "=d"(d) : "c"(0));
	return enabled >> AVX & 1;
}

static void spoil_uppers(int number, siginfo_t *info, struct context *context)
{
	char *area = (char *)context->registers.fpstate;
	struct software *told = (void *)(area + 464);
	uint64_t *upper = (uint64_t *)(area + uppers_at());

	(void)number, (void)info;
	present = told->xfeatures & *(uint64_t *)(area + 512);
	memcpy(uppers[0], upper, 16);
	memcpy(uppers[1], upper + 7 * 2, 16);
	memcpy(uppers[2], upper + 15 * 2, 16);
	upper[7 * 2] = 0xabcdef;
	asm volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0; vpcmpeqd %%ymm7, %%ymm7, %%ymm7; vzeroall" ::
			     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		     "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static void part_wide(void)
{
	static uint64_t before[WIDE][4], after[WIDE][4];
	uint64_t rax = SYS_tgkill;

	for (int i = 0; i < 4 * WIDE; i++)
		before[i / 4][i % 4] = 0x1111111111111111u * (unsigned)(i + 1);
	set_action(SIGUSR1, spoil_uppers, 0, 0);
	if (!has_uppers()) {
		printf("there are none\n");
		return;
	}
	asm volatile(
		"vmovdqu (%1), %%ymm0; vmovdqu 32(%1), %%ymm7; vmovdqu 64(%1), %%ymm15;"
		"syscall;"
		"vmovdqu %%ymm0, (%2); vmovdqu %%ymm7, 32(%2); vmovdqu %%ymm15, 64(%2); vzeroupper"
		: "+a"(rax)
		: "r"(before), "r"(after), "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(SIGUSR1)
		: "rcx", "r11", "xmm0", "xmm7", "xmm15", "memory");
	printf("upper halves: %d\n", (int)(present >> AVX) & 1);
	for (int i = 0; i < WIDE; i++)
		printf("in the frame: %#lx %#lx; then: %#lx %#lx %#lx %#lx\n", uppers[i][0],
			uppers[i][1], after[i][0], after[i][1], after[i][2], after[i][3]);
}

static const struct part parts[] = {
	{ "layout", part_layout },
	{ "registers", part_registers },
	{ "edited", part_edited },
	{ "stacks", part_stacks },
	{ "wide", part_wide },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
