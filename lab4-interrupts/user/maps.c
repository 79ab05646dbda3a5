/*
 * Mapping files and memory: what may be mapped, with which rights, and what is seen through it.
 * Each line says what was tried and what came of it. The same on Linux.
 */
#define _GNU_SOURCE /* mremap */
#include "lib/asked.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096l

static const char *path;

/* The name of an error that is expected here. */
static const char *name(int error)
{
	switch (error) {
	case EACCES:
		return "EACCES";
	case EBADF:
		return "EBADF";
	case EEXIST:
		return "EEXIST";
	case EINVAL:
		return "EINVAL";
	case ENODEV:
		return "ENODEV";
	case ENOMEM:
		return "ENOMEM";
	case EOVERFLOW:
		return "EOVERFLOW";
	case EPERM:
		return "EPERM";
	default:
		return strerror(error);
	}
}

static void say(const char *what, int good)
{
	printf("%s: %s\n", what, good ? "good" : name(errno));
}

static void *map(int fd, long bytes, int protection, int flags, long offset)
{
	return mmap(NULL, bytes, protection, flags, fd, offset);
}

static void try_map(const char *what, int fd, long bytes, int protection, int flags, long offset)
{
	void *at = map(fd, bytes, protection, flags, offset);

	say(what, at != MAP_FAILED);
	if (at != MAP_FAILED)
		munmap(at, bytes);
}

static sigjmp_buf again;

static void jump(int number)
{
	siglongjmp(again, number);
}

static void try_read(const char *what, const char *at)
{
	int number = sigsetjmp(again, 1);

	if (number == 0)
		(void)*(const volatile char *)at;
	printf("%s: %s\n", what, number == SIGBUS ? "SIGBUS" : number ? "SIGSEGV" : "good");
}

/* --- files --------------------------------------------------------------------------- */

static void rights(void)
{
	int fd = open(path, O_RDONLY), directory = open("/", O_RDONLY | O_DIRECTORY);
	char *private = map(fd, PAGE, PROT_READ, MAP_PRIVATE, 0);
	char *shared = map(fd, PAGE, PROT_READ, MAP_SHARED, 0);

	try_map("private, to read", fd, PAGE, PROT_READ, MAP_PRIVATE, 0);
	try_map("private, to write", fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	try_map("private, to run", fd, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0);
	try_map("shared, to read", fd, PAGE, PROT_READ, MAP_SHARED, 0);
	try_map("shared, to write", fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	try_map("shared, validated", fd, PAGE, PROT_READ, MAP_SHARED_VALIDATE, 0);
	try_map("a directory", directory, PAGE, PROT_READ, MAP_PRIVATE, 0);
	try_map("no file", 77, PAGE, PROT_READ, MAP_PRIVATE, 0);
	try_map("no file, but anonymous", 77, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	try_map("neither shared nor private", fd, PAGE, PROT_READ, 0, 0);
	try_map("at half a page", fd, PAGE, PROT_READ, MAP_PRIVATE, PAGE / 2);
	try_map("nothing of it", fd, 0, PROT_READ, MAP_PRIVATE, 0);
	say("private becomes writable", mprotect(private, PAGE, PROT_READ | PROT_WRITE) == 0);
	say("shared becomes writable", mprotect(shared, PAGE, PROT_READ | PROT_WRITE) == 0);
	say("shared becomes nothing", mprotect(shared, PAGE, PROT_NONE) == 0);
	say("shared becomes readable", mprotect(shared, PAGE, PROT_READ) == 0);
}

static void content(void)
{
	int fd = open(path, O_RDONLY);
	struct stat stat;
	char head[64];
	long length, pages;
	char *at, *again_at;

	fstat(fd, &stat);
	length = stat.st_size;
	pages = (length + PAGE - 1) & -PAGE;
	read(fd, head, sizeof(head));
	at = map(fd, pages + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	again_at = map(fd, PAGE, PROT_READ, MAP_SHARED, 0);
	close(fd);
	printf("its beginning: %s\n", memcmp(at, head, sizeof(head)) ? "other" : "the same");
	printf("behind its end: %d\n", at[pages - 1]);
	try_read("the last page", at + pages - 1);
	try_read("behind it", at + pages);
	at[0] = 'x';
	printf("written, it is %c; the other mapping has %s\n", at[0],
		again_at[0] == head[0] ? "the file" : "something else");
	madvise(at, PAGE, MADV_DONTNEED);
	printf("not needed any more: %s\n", at[0] == head[0] ? "the file again" : "something else");
	printf("from its second page on: %s\n",
		memcmp(at + PAGE,
			(char *)map(open(path, O_RDONLY), PAGE, PROT_READ, MAP_PRIVATE, PAGE), PAGE)
			? "other"
			: "the same");
}

/* --- memory -------------------------------------------------------------------------- */

static void shared(void)
{
	volatile int *a = map(-1, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0);
	volatile int *b;

	*a = 1;
	b = mremap((void *)a, 0, PAGE, MREMAP_MAYMOVE);
	say("a second mapping of it", b != MAP_FAILED);
	*b = 2;
	if (fork() == 0) {
		*a += 10;
		_exit(0);
	}
	wait(NULL);
	printf("both have %d and %d\n", *a, *b);
	munmap((void *)a, 2 * PAGE);
	printf("the second still has %d\n", *b);
}

static void places(void)
{
	char *at = map(-1, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	int gently = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	memset(at, 'a', 4 * PAGE);
	say("in the middle", mmap(at + PAGE, PAGE, PROT_READ, fixed, -1, 0) == at + PAGE);
	printf("%d between %c and %c\n", at[PAGE], at[PAGE - 1], at[2 * PAGE]);
	say("where something is", mmap(at, PAGE, PROT_READ, gently, -1, 0) == at);
	say("with a crooked address", mmap(at + 1, PAGE, PROT_READ, fixed, -1, 0) != MAP_FAILED);
	say("in the kernel",
		mmap((void *)(1ul << 63), PAGE, PROT_READ, fixed, -1, 0) != MAP_FAILED);
	say("too much", map(-1, 1l << 46, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0) !=
				MAP_FAILED);
	say("unmapped with a hole", munmap(at, 4 * PAGE) == 0 && munmap(at, 4 * PAGE) == 0);
	say("a crooked one", munmap(at + 1, PAGE) == 0);
	say("nothing", munmap(at, 0) == 0);
	say("rights for what is gone", mprotect(at, PAGE, PROT_READ) == 0);
	say("advice for what is gone", madvise(at, PAGE, MADV_DONTNEED) == 0);
	say("advice that nobody knows", madvise(at, PAGE, 12345) == 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "rights", rights },
	{ "content", content },
	{ "shared", shared },
	{ "places", places },
};

int main(int count, char **arguments)
{
	path = arguments[0];
	signal(SIGBUS, jump);
	signal(SIGSEGV, jump);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!asked(count, arguments, parts[i].name))
			continue;
		printf("== %s\n", parts[i].name);
		fflush(stdout);
		parts[i].run();
	}
	return 0;
}
