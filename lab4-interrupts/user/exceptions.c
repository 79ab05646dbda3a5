/*
 * What faults become: in lines that are the same on every Linux, and so on
 * Cub. tests/test_signals.py compares them with what Linux has said (exceptions.expected).
 */
#define _GNU_SOURCE
#include "lib/signal_parts.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char *volatile bad;

static void log_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	uint64_t address = (uint64_t)info->si_addr;
	const char *where = address == (uint64_t)bad                                ? "there"
			    : address == (uint64_t)user->uc_mcontext.gregs[REG_RIP] ? "rip"
			    : address                                               ? "elsewhere"
										    : "0";

	note(" %d(%d,%s) trap %d error %#x", number, info->si_code, where,
		(int)user->uc_mcontext.gregs[REG_TRAPNO],
		(unsigned)user->uc_mcontext.gregs[REG_ERR] &
			~1u); /* but for whether a page was there */
	fflush(stdout);
	printf("%s\n", seen);
	fflush(stdout);
	_exit(3);
}

static void fault_read(void)
{
	bad = (char *)0x123000;
	*bad;
}

static void fault_write(void)
{
	bad = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*bad = 1;
}

static void fault_run(void)
{
	bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	((void (*)(void))bad)();
}

static void fault_high(void)
{
	bad = (char *)0xffffffff80000000ul;
	*bad;
}

static void fault_noncanonical(void)
{
	bad = (char *)0x800000000000ul;
	*bad;
}

static void fault_divide(void)
{
	asm volatile("xor %%edx, %%edx; xor %%eax, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
			     : "eax", "ecx", "edx");
}

static void fault_illegal(void)
{
	asm volatile("ud2");
}

static void fault_breakpoint(void)
{
	asm volatile("int3");
}

static void fault_step(void)
{
	asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" ::: "memory");
}

static void fault_privileged(void)
{
	asm volatile("hlt");
}

static void fault_x87(void)
{
	uint16_t control = 0x37b; /* division by zero is not masked */

	asm volatile("fldcw %0; fldz; fld1; fdivp; fwait" ::"m"(control));
}

static void fault_aligned(void)
{
	static char bytes[32] __attribute__((aligned(16)));

	asm volatile("movaps %0, %%xmm0" ::"m"(bytes[1]) : "xmm0");
}

static const struct {
	const char *name;
	int number;
	void (*run)(void);
} faults[] = {
	{ "read nothing", SIGSEGV, fault_read },
	{ "write what is to be read", SIGSEGV, fault_write },
	{ "run data", SIGSEGV, fault_run },
	{ "read the kernel", SIGSEGV, fault_high },
	{ "no address", SIGSEGV, fault_noncanonical },
	{ "divide by zero", SIGFPE, fault_divide },
	{ "no instruction", SIGILL, fault_illegal },
	{ "breakpoint", SIGTRAP, fault_breakpoint },
	{ "single step", SIGTRAP, fault_step },
	{ "the kernel's instruction", SIGSEGV, fault_privileged },
	{ "x87", SIGFPE, fault_x87 },
	{ "not aligned", SIGSEGV, fault_aligned },
};

static int fault;

static void run_fault(void)
{
	faults[fault].run();
}

static void run_fault_caught(void)
{
	set_action(faults[fault].number, log_fault, 0, 0);
	faults[fault].run();
}

static void run_fault_blocked(void)
{
	mask(SIG_SETMASK, ~0ul);
	run_fault_caught();
}

static void run_fault_ignored(void)
{
	signal(faults[fault].number, SIG_IGN);
	faults[fault].run();
}

static void part_exceptions(void)
{
	for (fault = 0; fault < (int)(sizeof(faults) / sizeof(faults[0])); fault++)
		in_child(faults[fault].name, run_fault_caught);
	fault = 0;
	in_child("by default", run_fault);
	in_child("blocked", run_fault_blocked);
	in_child("ignored", run_fault_ignored);
}

static const struct part parts[] = {
	{ "exceptions", part_exceptions },
};

int main(int count, char **names)
{
	return run_parts(parts, sizeof(parts) / sizeof(parts[0]), count, names);
}
