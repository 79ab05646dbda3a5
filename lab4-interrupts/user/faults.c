/*
 * What a program is told when it touches memory that it may not, and when a system call has to:
 * each line says what was tried and what came of it. The same on Linux.
 *
 *   faults          all of it
 *   faults PART     that part: see main
 */
#define _GNU_SOURCE /* mremap */
#include "lib/asked.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul

static sigjmp_buf again;
static volatile siginfo_t told;

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	memcpy((void *)&told, info, sizeof(*info));
	siglongjmp(again, 1);
}

static void watch(int number)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaction(number, &action, NULL);
}

static const char *code(void)
{
	if (told.si_code == SI_KERNEL)
		return "SI_KERNEL";
	if (told.si_signo == SIGBUS)
		return told.si_code == BUS_ADRERR ? "BUS_ADRERR" : "another code";
	return told.si_code == SEGV_MAPERR   ? "SEGV_MAPERR"
	       : told.si_code == SEGV_ACCERR ? "SEGV_ACCERR"
					     : "another code";
}

/* What was told, relative to the address that was touched. */
static void tell(const char *what, uint64_t address)
{
	uint64_t where = (uint64_t)told.si_addr;

	printf("%s: %s %s at ", what, told.si_signo == SIGBUS ? "SIGBUS" : "SIGSEGV", code());
	if (where == address)
		puts("the address");
	else if (where == 0)
		puts("0");
	else
		printf("%lx, not %lx\n", where, address);
}

static void try_read(const char *what, uint64_t address)
{
	if (sigsetjmp(again, 1)) {
		tell(what, address);
		return;
	}
	printf("%s: read %d\n", what, *(volatile unsigned char *)address);
}

static void try_write(const char *what, uint64_t address)
{
	if (sigsetjmp(again, 1)) {
		tell(what, address);
		return;
	}
	*(volatile unsigned char *)address = 1;
	printf("%s: written\n", what);
}

static void try_call(const char *what, uint64_t address)
{
	if (sigsetjmp(again, 1)) {
		tell(what, address);
		return;
	}
	((void (*)(void))address)();
	printf("%s: called\n", what);
}

static uint64_t map(size_t bytes, int protection, int flags)
{
	void *at = mmap(NULL, bytes, protection, MAP_ANONYMOUS | flags, -1, 0);

	if (at == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return (uint64_t)at;
}

/* --- touching ------------------------------------------------------------------------ */

static void touching(void)
{
	uint64_t readable = map(PAGE, PROT_READ, MAP_PRIVATE);
	uint64_t writable = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	uint64_t nothing = map(PAGE, PROT_NONE, MAP_PRIVATE);
	uint64_t gone = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	*(volatile char *)gone = 1;
	munmap((void *)gone, PAGE);
	try_read("read at 0", 0);
	try_write("write at 0", 0);
	try_call("call 0", 0);
	try_read("read at 4095", 4095);
	try_read("read a new page", writable);
	try_write("write a new page", writable + PAGE - 1);
	try_read("read a read-only page", readable + 5);
	try_write("write a read-only page", readable + 5);
	try_call("call a page of data", writable);
	try_read("read a page without rights", nothing + 9);
	try_read("read what was unmapped", gone);
	mprotect((void *)writable, PAGE, PROT_NONE);
	try_read("read what lost its rights", writable);
	mprotect((void *)writable, PAGE, PROT_READ);
	try_read("read what has some again", writable + PAGE - 1);
	try_write("write it", writable);
	try_read("read the direct map", 0xffff800000000000);
	try_write("write the kernel", 0xffffffff80100000);
	try_call("call the kernel", 0xffffffff80100000);
	try_read("read the last byte of all", -1ul);
	try_read("read where no address is", 0x800000000000);
	try_write("write where no address is", 0x1234567812345678);
}

/* --- behind an object's end ---------------------------------------------------------- */

static void behind(void)
{
	uint64_t shared = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	uint64_t longer = (uint64_t)mremap((void *)shared, PAGE, 3 * PAGE, MREMAP_MAYMOVE);

	try_write("write to shared memory", longer);
	try_write("write behind its end", longer + PAGE);
	try_read("read behind its end", longer + 3 * PAGE - 1);
}

/* What the kernel has to bring in for itself, in the middle of a call. */
static void lazily(void)
{
	uint64_t fresh = map(64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	int zero = open("/dev/zero", O_RDONLY), ends[2];
	unsigned wrong = 0;

	if (pipe(ends))
		return;
	printf("read into pages that are not there: %ld\n",
		(long)read(zero, (void *)(fresh + 100), 10 * PAGE));
	printf("write from others: %ld\n",
		(long)write(ends[1], (void *)(fresh + 20 * PAGE - 50), 100));
	fflush(stdout);
	if (fork() == 0) {
		read(zero, (void *)fresh, PAGE);
		_exit(0);
	}
	memset((void *)fresh, 'p', PAGE);
	wait(NULL);
	for (unsigned i = 0; i < PAGE; i++)
		wrong += ((char *)fresh)[i] != 'p';
	printf("a child's read has changed %u bytes of its parent's\n", wrong);
}

/* --- the stack ----------------------------------------------------------------------- */

static volatile int depth;

__attribute__((noinline)) static int recurse(int to)
{
	volatile char block[3000];

	block[0] = (char)to;
	depth++;
	return to == 0 ? 0 : recurse(to - 1) + block[0] - (char)to;
}

static void stacks(void)
{
	static char other[65536];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };
	struct rlimit limit = { 1 << 20, 1 << 20 };
	uint64_t here = (uint64_t)&stack;

	sigaltstack(&stack, NULL);
	setrlimit(RLIMIT_STACK, &limit);
	recurse(200);
	printf("a stack of 600 KiB: depth %d\n", depth);
	try_write("half a megabyte below", here - (1 << 19));
	try_write("four megabytes below", here - (4 << 20));
	if (sigsetjmp(again, 1)) {
		printf("a stack without an end: SIGSEGV %s, deeper than 300: %s\n", code(),
			depth > 500 ? "yes" : "no");
		return;
	}
	recurse(1 << 30);
}

/* --- copies of a fork ---------------------------------------------------------------- */

static void copies(void)
{
	volatile int *mine = (int *)map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	volatile int *ours = (int *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	int status;

	*mine = *ours = 1;
	fflush(stdout);
	if (fork() == 0) {
		++*mine;
		++*ours;
		_exit(*mine * 10 + *ours);
	}
	wait(&status);
	printf("the child had %d, the parent has %d and %d\n", WEXITSTATUS(status), *mine, *ours);
	++*mine;
	fflush(stdout);
	if (fork() == 0)
		_exit(*mine);
	++*mine;
	wait(&status);
	printf("the child had %d, the parent has %d\n", WEXITSTATUS(status), *mine);
}

/* A signal that nobody catches. */
static volatile uint64_t nowhere = 8;

static void ends(void)
{
	int status;

	fflush(stdout);
	if (fork() == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile int *)nowhere = 1;
		_exit(0);
	}
	wait(&status);
	printf("a child that is not careful: %s, signal %d\n",
		WIFSIGNALED(status) ? "ended" : "lives", WTERMSIG(status));
	fflush(stdout);
	if (fork() == 0) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)nowhere = 1;
		_exit(0);
	}
	wait(&status);
	printf("a child that ignores it: %s, signal %d\n", WIFSIGNALED(status) ? "ended" : "lives",
		WTERMSIG(status));
}

/* --- system calls -------------------------------------------------------------------- */

static uint64_t border; /* two pages can be used before it, and none behind it */

static void say(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, errno == EFAULT ? "EFAULT" : strerror(errno));
	else
		printf("%s: %ld\n", what, result);
}

static const uint64_t bad[] = { 1, 0x7fffffffefff, 0x7ffffffff000, 0x800000000000,
	0x8000000000000000, 0xffff800000000000, 0xffffffff80100000, -1ul };

/* Each call with each bad pointer: only what is not EFAULT is told. */
#define EACH(call)                                                                                 \
	do {                                                                                       \
		int wrong = 0;                                                                     \
		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {                      \
			void *p = (void *)bad[i];                                                  \
			long result = (call);                                                      \
			if (result != -1 || errno != EFAULT) {                                     \
				printf("%s with %p: %ld\n", #call, p, result);                     \
				wrong++;                                                           \
			}                                                                          \
		}                                                                                  \
		printf("%s: %s\n", #call, wrong ? "not always" : "EFAULT");                        \
	} while (0)

static void bad_pointers(void)
{
	int zero = open("/dev/zero", O_RDWR), ends[2];

	if (pipe(ends))
		return;
	EACH(syscall(SYS_write, ends[1], p, 5));
	EACH(syscall(SYS_read, zero, p, 5));
	EACH(syscall(SYS_pipe, p));
	EACH(syscall(SYS_uname, p));
	EACH(syscall(SYS_open, p, O_RDONLY));
	EACH(syscall(SYS_fstat, 0, p));
	EACH(syscall(SYS_readv, zero, p, 1));
	EACH(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p));
	EACH(syscall(SYS_nanosleep, p, NULL));
	EACH(syscall(SYS_rt_sigaction, SIGUSR1, p, NULL, 8));
	EACH(syscall(SYS_rt_sigaction, SIGUSR1, NULL, p, 8));
	EACH(syscall(SYS_getrlimit, RLIMIT_STACK, p));
	EACH(syscall(SYS_execve, p, NULL, NULL));
	EACH(syscall(SYS_mincore, border - PAGE, 1, p));
	EACH(syscall(SYS_getrandom, p, 16, 0));
	close(zero);
	close(ends[0]);
	close(ends[1]);
}

/* A structure at every byte position around a border: there as a whole, or EFAULT. */
static void at_the_border(void)
{
	unsigned wrong = 0;

	for (unsigned back = 0; back <= sizeof(struct utsname) + 8; back++) {
		long result = syscall(SYS_uname, border - back);
		int good = back >= sizeof(struct utsname) ? result == 0
							  : result == -1 && errno == EFAULT;

		wrong += !good;
	}
	printf("uname at every place: %u wrong\n", wrong);
	wrong = 0;
	for (unsigned back = 0; back <= 24; back++) {
		long result = syscall(SYS_clock_gettime, CLOCK_REALTIME, border - back);
		int good = back >= sizeof(struct timespec) ? result == 0
							   : result == -1 && errno == EFAULT;

		wrong += !good;
	}
	printf("clock_gettime at every place: %u wrong\n", wrong);
}

static void partly(void)
{
	int zero = open("/dev/zero", O_RDONLY), ends[2];
	struct iovec parts[2] = { { (void *)(border - 3), 3 }, { (void *)border, 5 } };

	if (pipe(ends))
		return;
	memset((void *)(border - PAGE), 'x', PAGE);
	say("write nothing at a bad address", write(ends[1], (void *)border, 0));
	say("readv into 3 good bytes and 5 bad ones", readv(zero, parts, 2));
	mprotect((void *)(border - PAGE), PAGE, PROT_NONE);
	say("write from what lost its rights", write(ends[1], (void *)(border - 3), 2));
	mprotect((void *)(border - PAGE), PAGE, PROT_READ);
	say("read into what may only be read", read(zero, (void *)(border - 3), 2));
	mprotect((void *)(border - PAGE), PAGE, PROT_READ | PROT_WRITE);
	say("and again when it may be written", read(zero, (void *)(border - 3), 2));
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "touching", touching },
	{ "behind", behind },
	{ "copies", copies },
	{ "ends", ends },
	{ "pointers", bad_pointers },
	{ "border", at_the_border },
	{ "partly", partly },
	{ "lazily", lazily },
	{ "stacks", stacks },
};

int main(int count, char **arguments)
{
	watch(SIGSEGV);
	watch(SIGBUS);
	border = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE) + 2 * PAGE;
	mprotect((void *)border, PAGE, PROT_NONE);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!asked(count, arguments, parts[i].name))
			continue;
		printf("== %s\n", parts[i].name);
		parts[i].run();
	}
	return 0;
}
