/* Memory maps, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#define PAGE 4096
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* What mmap said: an error's words, or that there is something. */
static char *map(
	const char *title, void *at, size_t bytes, int rights, int flags, int fd, off_t offset)
{
	char *got = mmap(at, bytes, rights, flags, fd, offset);

	printf("%s: %s\n", title,
		got == MAP_FAILED ? strerror(errno)
		: at && got == at ? "there"
				  : "somewhere");
	return got;
}

static int errors(void)
{
	char *page = map("one page", NULL, PAGE, RW, ANON, -1, 0);

	map("no bytes", NULL, 0, RW, ANON, -1, 0);
	map("neither", NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0);
	map("offset", NULL, PAGE, RW, MAP_PRIVATE, 0, 5);
	map("bad descriptor", NULL, PAGE, RW, MAP_PRIVATE, 77, 0);
	map("fixed, odd", page + 5, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	map("not replaced", page, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	map("replaced", page, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	map("too much", NULL, (size_t)1 << 50, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	SAY(munmap(page + 1, PAGE));
	SAY(munmap(page, 0));
	SAY(munmap(page, PAGE));
	SAY(munmap(page, PAGE));
	SAY(mprotect(page, PAGE, PROT_READ));
	SAY(mprotect(page + 1, PAGE, PROT_READ));
	SAY(mprotect(page, 0, PROT_READ));
	SAY(mprotect(page, PAGE, 0x70));
	SAY(madvise(page, PAGE, MADV_DONTNEED));
	SAY(madvise(page, PAGE, 9999));
	SAY(msync(page, PAGE, MS_SYNC));
	SAY(mlock(page, PAGE));
	return 0;
}

static sig_atomic_t volatile faults;
static char *volatile touched;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	faults++;
	printf("fault: signal %d code %d\n", number, info->si_code);
	mprotect(touched, PAGE, RW);
}

static int rights(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	touched = map("none", NULL, PAGE, PROT_NONE, ANON, -1, 0);
	*(volatile char *)touched = 1;
	SAY(mprotect(touched, PAGE, PROT_READ));
	TELL(*(volatile char *)touched == 1);
	*(volatile char *)touched = 2;
	TELL(faults == 2);
	signal(SIGSEGV, SIG_DFL);
	return 0;
}

static int contents(void)
{
	volatile char *three = map("three", NULL, 3 * PAGE, RW, ANON, -1, 0), *more;

	three[0] = 1, three[PAGE] = 2, three[2 * PAGE] = 3;
	SAY(madvise((void *)(three + PAGE), PAGE, MADV_DONTNEED));
	printf("%d %d %d\n", three[0], three[PAGE], three[2 * PAGE]);
	SAY(munmap((void *)(three + PAGE), PAGE));
	SAY(mprotect((void *)three, 3 * PAGE, PROT_READ));
	map("the middle again", (void *)(three + PAGE), PAGE, RW, ANON | MAP_FIXED, -1, 0);
	printf("%d %d %d\n", three[0], three[PAGE], three[2 * PAGE]);
	more = mremap((void *)three, PAGE, 64 * PAGE, 0);
	TELL(more == MAP_FAILED);
	mprotect((void *)three, 3 * PAGE, RW);
	more = mremap((void *)three, 3 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	TELL(more != MAP_FAILED);
	if (more != MAP_FAILED) {
		printf("%d %d %d %d\n", more[0], more[PAGE], more[2 * PAGE], more[63 * PAGE]);
		TELL(mremap((void *)more, 64 * PAGE, PAGE, 0) == more);
	}
	SAY(mremap((void *)((uintptr_t)more + 1), PAGE, PAGE, 0) != MAP_FAILED);
	SAY(mremap((void *)more, PAGE, 0, 0) != MAP_FAILED);
	return 0;
}

static int shared_and_private(void)
{
	volatile int *both = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *own = mmap(NULL, PAGE, RW, ANON, -1, 0);

	*both = *own = 1;
	if (fork() == 0) {
		*both = *own = 2;
		_exit(0);
	}
	wait(NULL);
	printf("both %d own %d\n", *both, *own);
	return 0;
}

static int files(void)
{
	int fd = open("/bin/hello", O_RDONLY);
	char *text = map("a file", NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), *mine;

	if (text != MAP_FAILED)
		TELL(!memcmp(text, "\177ELF", 4));
	mine = map("a file, to write", NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	if (mine != MAP_FAILED) {
		mine[1] = 'x';
		TELL(text[1] == 'E');
	}
	map("shared, to write", NULL, PAGE, RW, MAP_SHARED, fd, 0);
	close(fd);
	return 0;
}

static int heap(void)
{
	char *begin = sbrk(0), *now;

	TELL(syscall(SYS_brk, begin + 3 * PAGE) == (long)(begin + 3 * PAGE));
	begin[2 * PAGE] = 7;
	TELL(syscall(SYS_brk, 0) == (long)(begin + 3 * PAGE));
	TELL(syscall(SYS_brk, begin) == (long)begin);
	now = (char *)syscall(SYS_brk, begin + 3 * PAGE);
	TELL(now == begin + 3 * PAGE);
	TELL(begin[2 * PAGE] == 0);
	TELL(syscall(SYS_brk, 8) == (long)now);
	syscall(SYS_brk, begin);
	return 0;
}

static int deep(int n)
{
	volatile char room[1000];

	room[0] = 1;
	return n ? deep(n - 1) + room[0] : room[0];
}

static int grows(void)
{
	printf("%d\n", deep(4000));
	return 0;
}

static int too_deep(void)
{
	struct rlimit limit = { 1 << 20, RLIM_INFINITY };

	SAY(setrlimit(RLIMIT_STACK, &limit));
	return deep(4000) == 0;
}

/* A stack that grows is memory, too. */
static int too_much_stack(void)
{
	struct rlimit limit = { PAGE, RLIM_INFINITY };

	SAY(setrlimit(RLIMIT_AS, &limit));
	return deep(4000) == 0;
}

static int no_execute(void)
{
	static char code[] = { (char)0xc3 };

	((void (*)(void))(uintptr_t)code)();
	return 0;
}

static int executes(void)
{
	char *code = mmap(NULL, PAGE, RW, ANON, -1, 0);

	memcpy(code, "\xb8\x2a\0\0\0\xc3", 6);
	SAY(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	printf("%d\n", ((int (*)(void))(uintptr_t)code)());
	return 0;
}

static int limited(void)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };

	SAY(setrlimit(RLIMIT_AS, &limit));
	map("within", NULL, 16 << 20, RW, ANON, -1, 0);
	map("beyond", NULL, 128 << 20, RW, ANON, -1, 0);
	return 0;
}

/* A block that moves and shrinks leaves its end behind, though it is in one large page with the
 * rest: the new neighbour has its own. */
static int shrinks(void)
{
	enum { MIB = 1 << 20 };
	char *at = mmap(NULL, 10 * MIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	char *block = (char *)(((uintptr_t)at + 2 * MIB - 1) & -(uintptr_t)(2 * MIB));
	char *to = block + 4 * MIB;

	map("block", block, 4 * MIB, RW, ANON | MAP_FIXED, -1, 0);
	map("neighbour", to + MIB, MIB, RW, ANON | MAP_FIXED, -1, 0);
	memset(block, 'b', 4 * MIB);
	TELL(mremap(block, 4 * MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	TELL(to[0] == 'b' && to[MIB - 1] == 'b');
	TELL(to[MIB] == 0 && to[2 * MIB - 1] == 0);
	return 0;
}

/* One that shrinks in place may be several regions by then. */
static int shrinks_over_regions(void)
{
	char *at = map("four pages", NULL, 4 * PAGE, RW, ANON, -1, 0);

	SAY(mprotect(at + PAGE, PAGE, PROT_READ));
	TELL(mremap(at, 4 * PAGE, 4 * PAGE, 0) == at);
	TELL(mremap(at, 4 * PAGE, PAGE, 0) == at);
	TELL(mremap(at, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
	map("what lay behind", at + PAGE, 3 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	return 0;
}

/* A hint may not lie where the stack is going to grow. */
static int below_the_stack(void)
{
	char here, *hint = (char *)(((uintptr_t)&here & -(uintptr_t)PAGE) - 512 * 1024);

	TELL(mmap(hint, PAGE, RW, ANON, -1, 0) != hint);
	printf("%d\n", deep(4000));
	return 0;
}

/* What is replaced does not count twice, and less is always allowed. */
static int limited_exactly(void)
{
	struct rlimit limit = { 1 << 20, RLIM_INFINITY };
	char *at = map("two pages", NULL, 2 * PAGE, RW, ANON, -1, 0);

	map("plenty", NULL, 16 << 20, RW, ANON, -1, 0);
	SAY(setrlimit(RLIMIT_AS, &limit));
	map("more", NULL, PAGE, RW, ANON, -1, 0);
	SAY(mprotect(at, PAGE, PROT_READ));
	TELL(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE) == at);
	SAY(munmap(at, PAGE));
	return 0;
}

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
	(void)number;
	ticks++;
}

/* Signals that have a handler wait until all pages are there. */
static int populates(void)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	char *block = map("block", NULL, 100 * PAGE, RW, ANON, -1, 0);
	int bad = 0;

	signal(SIGALRM, on_tick);
	setitimer(ITIMER_REAL, &often, NULL);
	while (ticks < 10) {
		bad += mlock(block, 100 * PAGE) != 0;
		munlock(block, 100 * PAGE);
		madvise(block, 100 * PAGE, MADV_DONTNEED);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	TELL(bad == 0);
	return 0;
}

static const struct part parts[] = {
	{ "errors", errors },
	{ "rights", rights },
	{ "contents", contents },
	{ "shared_and_private", shared_and_private },
	{ "files", files },
	{ "heap", heap },
	{ "grows", grows },
	{ "too_deep", too_deep },
	{ "too_much_stack", too_much_stack },
	{ "no_execute", no_execute },
	{ "executes", executes },
	{ "limited", limited },
	{ "shrinks", shrinks },
	{ "shrinks_over_regions", shrinks_over_regions },
	{ "below_the_stack", below_the_stack },
	{ "limited_exactly", limited_exactly },
	{ "populates", populates },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
