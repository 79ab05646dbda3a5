/*
 * What a handler finds on its stack, and what becomes of what it leaves there: in lines that are
 * the same on every Linux, and so on Cub. See signals.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* As the kernel lays it; musl's ucontext_t is longer. */
struct context {
	unsigned long flags;
	struct context *link;
	stack_t stack;
	struct sigcontext registers;
	uint64_t mask;
};

/* The last 48 bytes of FXSAVE's area: <asm/sigcontext.h>'s struct _fpx_sw_bytes. */
struct software {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
};

struct kernel_action {
	void (*handler)(int, siginfo_t *, struct context *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

void restorer(void);
asm("restorer: mov $15, %eax\n\tsyscall\n\thlt\n");

static int set_action(
	int number, void (*handler)(int, siginfo_t *, struct context *), unsigned long flags)
{
	struct kernel_action action = { handler, flags | 0x04000000 | SA_SIGINFO, restorer, 0 };

	return (int)syscall(SYS_rt_sigaction, number, &action, NULL, 8);
}

static void send(int number)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

static void in_child(const char *what, void (*run)(void))
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: ended with %d\n", what, WEXITSTATUS(status));
}

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
	uint64_t rsp, flags;
	uint32_t control = 0x1f80 | 0x8000;
	uint16_t x87 = 0x27f;

	set_action(SIGUSR1, entry, 0);
	asm volatile("ldmxcsr %0; fldcw %1" ::"m"(control), "m"(x87));
	asm volatile("mov %%rsp, %0" : "=r"(rsp));
	asm volatile("std; pushf; pop %0" : "=r"(flags));
	asm volatile(
		"syscall" ::"a"(SYS_tgkill), "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(SIGUSR1)
		: "rcx", "r11", "memory");
	asm volatile("cld");
	printf("number %lu, ax %lu\n", handler_di, handler_ax);
	printf("rsp mod 16: %lu\n", handler_rsp % 16);
	printf("context at rsp + %lu, info at rsp + %lu\n", handler_dx - handler_rsp,
		handler_si - handler_rsp);
	printf("returns to the restorer: %d\n", *(uint64_t *)handler_rsp != 0);
	printf("flags of the context %#lx, link %p\n", found.flags, (void *)found.link);
	printf("stack: flags %d, size %lu\n", found.stack.ss_flags,
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

	set_action(SIGALRM, spoil, 0);
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
	set_action(SIGUSR1, send_elsewhere, 0);
	send(SIGUSR1);
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
	uint64_t value = 0x5555;

	asm volatile("movq %0, %%xmm7; syscall; movq %%xmm7, %0"
		     : "+r"(value)
		     : "a"(SYS_tgkill), "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(number)
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
	set_action(SIGILL, skip, 0);
	asm volatile("ud2; ud2; ud2");
	printf("skipped: %d\n", skipped);
	set_action(SIGUSR1, edit_vectors, 0);
	printf("xmm7: %#lx\n", xmm7_after(SIGUSR1));
	set_action(SIGUSR1, no_vectors, 0);
	printf("xmm7 without: %#lx\n", xmm7_after(SIGUSR1));
	set_action(SIGUSR1, all_flags, 0);
	send(SIGUSR1);
	asm volatile("pushf; pop %0" : "=r"(flags));
	printf("flags: %#lx\n", flags & 0x1ff600);
}

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
	set_action(SIGUSR1, do_harm, 0);
	send(SIGUSR1);
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
	set_action(SIGUSR1, do_harm, 0);
	asm volatile("mov $4096, %%rsp; syscall" ::"a"(SYS_tgkill), "D"(getpid()),
		     "S"(syscall(SYS_gettid)), "d"(SIGUSR1)
		     : "rcx", "r11", "memory");
}

static void fault_without_a_stack(void)
{
	set_action(SIGSEGV, do_harm, 0);
	asm volatile("mov $4096, %%rsp; push %%rax" ::: "memory");
}

static void without_restorer(void)
{
	struct kernel_action action = { do_harm, SA_SIGINFO, NULL, 0 };

	syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
	send(SIGUSR1);
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
		send(SIGUSR2);
		return;
	}
	syscall(SYS_sigaltstack, NULL, &now);
	printf("signal %d: on it %d, flags %#x, saved %#x %d", number, on_it(), now.ss_flags,
		context->stack.ss_flags, context->stack.ss_sp == stack_memory);
	printf(", change: %s\n", syscall(SYS_sigaltstack, &none, NULL) ? strerror(errno) : "done");
	fflush(stdout);
	if (depth++ < 1)
		send(SIGUSR2);
}

static const char *set_stack(void *at, size_t bytes, int flags)
{
	stack_t stack = { .ss_sp = at, .ss_size = bytes, .ss_flags = flags };

	return syscall(SYS_sigaltstack, &stack, NULL) ? strerror(errno) : "done";
}

static void overflow(void)
{
	set_stack(stack_memory, 2048, 0);
	depth = -8; /* so many frames do not fit */
	set_action(SIGUSR2, tell_stack, SA_ONSTACK | SA_NODEFER);
	send(SIGUSR2);
}

static void fault_without_stack(void)
{
	set_stack(stack_memory, sizeof(stack_memory), 0);
	set_action(SIGSEGV, tell_stack, SA_ONSTACK | SA_RESETHAND);
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
	set_action(SIGUSR1, tell_stack, SA_ONSTACK);
	set_action(SIGUSR2, tell_stack, SA_ONSTACK);
	send(SIGUSR1);
	set_action(SIGUSR1, tell_stack, 0);
	send(SIGUSR1);
	set_action(SIGUSR1, tell_stack, SA_ONSTACK);
	printf("disarmed: %s\n", set_stack(stack_memory, sizeof(stack_memory), (int)(1u << 31)));
	send(SIGUSR1);
	syscall(SYS_sigaltstack, NULL, &now);
	printf("armed again: flags %#x, %d\n", now.ss_flags, now.ss_sp == stack_memory);
	in_child("stack overflow", fault_without_stack);
	depth = 0;
	in_child("frames overflow", overflow);
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "layout", part_layout },
	{ "registers", part_registers },
	{ "edited", part_edited },
	{ "hostile", part_hostile },
	{ "stacks", part_stacks },
};

int main(int count, char **names)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int asked = count == 1;

		for (int j = 1; j < count; j++)
			asked |= !strcmp(names[j], parts[i].name);
		if (!asked)
			continue;
		printf("== %s\n", parts[i].name);
		in_child(parts[i].name, parts[i].run);
	}
	return 0;
}
