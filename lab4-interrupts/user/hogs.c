/*
 * Programs that take all they can get, and whether others can go on afterwards. Not to be run on a
 * machine that is needed.
 */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <time.h>

#define MIB (1 << 20)

/* A child is made, ends, and is told. */
static void say_usable(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(3);
	if (child > 0)
		waitpid(child, &status, 0);
	say_status("a child", status);
}

static void raise_limit(void)
{
	struct rlimit limit = { 4096, 4096 };

	setrlimit(RLIMIT_NPROC, &limit);
}

#define PLENTY 5000 /* more than there can be */

static void ends(void)
{
}

static void stays(void)
{
	pause();
}

/* Children until there are as many as can be. */
static void fill(void (*run)(void))
{
	int made = 0, buried = 0;
	pid_t child;

	setpgid(0, 0);
	while (made < PLENTY && (child = fork()) >= 0) {
		if (child == 0) {
			run();
			_exit(0);
		}
		made++;
	}
	say("more than a hundred: %d", made > 100);
	say_error("one more", fork());
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		buried++;
	say("all have ended: %d", made == buried);
}

static void processes_limited(void)
{
	fill(stays);
	say_usable();
}

static void processes_all(void)
{
	raise_limit();
	fill(stays);
	say_usable();
}

/* Those too that have ended, and that nobody has waited for, are as many as can be. */
static void zombies(void)
{
	raise_limit();
	fill(ends);
	say_usable();
}

/* Each child of which goes on as the parent does. */
static void bomb(void)
{
	int status;
	pid_t child;

	raise_limit();
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		for (int i = 0; i < 100000; i++)
			if (fork() < 0)
				usleep(1000);
		_exit(0);
	}
	setpgid(child, child);
	usleep(300000);
	kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	say_status("bomb", status);
	usleep(300000);
	say_usable();
}

/* While others hold all the tasks that there are for everybody, whoever process 1 has started can
 * make some. */
static void reserve(void)
{
	int ready[2];
	char byte;
	pid_t child;

	raise_limit();
	if (pipe(ready))
		say_error("pipe", -1);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		while ((child = fork()) > 0)
			;
		if (child < 0)
			write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	say_usable();
	kill(-child, SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void memory(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		for (;;) {
			char *more = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (more == MAP_FAILED)
				_exit(9);
			memset(more, 1, MIB);
		}
	waitpid(child, &status, 0);
	say_status("hog", status);
	say_usable();
}

/* --- time ------------------------------------------------------------------------------ */

#define SOON 1000 /* milliseconds; the calls would take several times as long */

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A child that does nothing but such calls is killed. */
static void killed_in(const char *what, void (*call)(void))
{
	int status;
	long before;
	pid_t child = fork();

	while (child == 0)
		call();
	nap();
	before = milliseconds();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	say_status(what, status);
	say("soon: %d", milliseconds() - before < SOON);
}

static void sends(void)
{
	sendfile(open("/dev/null", O_WRONLY), open("/dev/zero", O_RDONLY), NULL, 0x7ffff000);
}

static void takes_chance(void)
{
	static char much[32 * MIB];

	getrandom(much, sizeof(much), 0);
}

static void long_calls(void)
{
	killed_in("sendfile", sends);
	killed_in("getrandom", takes_chance);
}

static const struct part parts[] = {
	{ "processes_limited", processes_limited },
	{ "processes_all", processes_all },
	{ "zombies", zombies },
	{ "bomb", bomb },
	{ "reserve", reserve },
	{ "memory", memory },
	{ "long_calls", long_calls },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return parts_main(count, names, parts);
}
