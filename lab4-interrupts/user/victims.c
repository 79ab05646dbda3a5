/*
 * Out of memory: who is ended, and who is not. Not to be run on a machine that is needed.
 */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#define PAGE 4096

static char *fresh_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		_exit(9);
	return page;
}

static void take_pages(unsigned long pages)
{
	while (pages-- > 0)
		*fresh_page() = 1;
}

/* Until only so many are left for everybody. */
static void take_all_but(unsigned long pages)
{
	struct sysinfo info;

	do {
		take_pages(1);
		sysinfo(&info);
	} while (info.freeram * info.mem_unit > pages * PAGE);
}

/* A child that has taken so many pages, or all but so many, and waits. */
static pid_t child_with(void (*take)(unsigned long), unsigned long pages)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		say_error("pipe", -1);
	child = fork();
	if (child == 0) {
		take(pages);
		write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void say_end(const char *who, pid_t child)
{
	int status;

	waitpid(child, &status, 0);
	say_status(who, status);
}

static void say_alive(const char *who, pid_t child)
{
	kill(child, SIGTERM);
	say_end(who, child);
}

/* The one that has most writes to a pipe, whose other end needs a page for what it reads: it holds
 * the pipe meanwhile, so that the writer cannot even end. */
static void locked(void)
{
	pid_t other = child_with(take_pages, 600), writer, reader;
	int fd[2];

	if (pipe(fd))
		say_error("pipe", -1);
	reader = fork();
	if (reader == 0) {
		close(fd[1]);
		while (read(fd[0], fresh_page(), PAGE) > 0)
			;
		_exit(0);
	}
	writer = fork();
	if (writer == 0) {
		char *text = fresh_page();

		*text = 'x';
		close(fd[0]);
		take_all_but(200);
		while (write(fd[1], text, PAGE) > 0)
			;
		_exit(8);
	}
	close(fd[0]);
	close(fd[1]);
	say_end("writer", writer);
	say_end("reader", reader);
	say_alive("other", other);
}

/* Memory that was only read is the page of zeros; but where it lies costs tables. */
static void tables(void)
{
	size_t bytes = (size_t)1 << 40, table = 2 << 20;
	pid_t other = child_with(take_pages, 300), hog = fork();

	if (hog == 0) {
		char *at = mmap(
			NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		for (size_t i = 0; at != MAP_FAILED && i < bytes; i += table)
			(void)*(volatile char *)(at + i);
		_exit(9);
	}
	say_end("hog", hog);
	say_alive("other", other);
}

#define CROWD 30

/* Many want a page at once: one has to go for all of them, and no more. */
static void crowd(void)
{
	pid_t other = child_with(take_pages, 300);
	pid_t hog = child_with(take_all_but, 400), child[CROWD];
	int good = 0, status;

	for (int i = 0; i < CROWD; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			take_pages(150);
			_exit(0);
		}
	}
	for (int i = 0; i < CROWD; i++) {
		waitpid(child[i], &status, 0);
		good += status == 0;
	}
	say("good: %d", good);
	say_end("hog", hog);
	say_alive("other", other);
}

/* It holds a robust mutex when it is ended, and another process waits for that. */
static void robust(void)
{
	pthread_mutex_t *mutex =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t kind;
	int held[2];
	char byte;
	pid_t hog, waiter;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &kind);
	if (pipe(held))
		say_error("pipe", -1);
	waiter = fork();
	if (waiter == 0) {
		read(held[0], &byte, 1);
		_exit(pthread_mutex_lock(mutex) == EOWNERDEAD ? 0 : 1);
	}
	hog = fork();
	if (hog == 0) {
		pthread_mutex_lock(mutex);
		write(held[1], "h", 1);
		for (;;)
			take_pages(1);
	}
	say_end("hog", hog);
	say_end("waiter", waiter);
}

static const struct part parts[] = {
	{ "locked", locked },
	{ "tables", tables },
	{ "crowd", crowd },
	{ "robust", robust },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return parts_main(count, names, parts);
}
