/*
 * What exec does; see forks.c. The program execs itself: with the name of no part it tells what it
 * was given.
 */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/bin/execs"

extern char **environ;

static void *sleep_body(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

static void *spin_body(void *argument)
{
	(void)argument;
	for (;;)
		;
	return NULL;
}

static int run(char *const arguments[], char *const environment[])
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execve(arguments[0], arguments, environment);
		say("exec: %s", strerror(errno));
		_exit(126);
	}
	waitpid(child, &status, 0);
	return status;
}

static void exec_arguments(void)
{
	char *const arguments[] = { (char *)SELF, "show", "", "two words", "last", NULL };
	char *const environment[] = { "A=1", "EMPTY=", NULL };

	say_status("program", run(arguments, environment));
}

static void exec_errors(void)
{
	char *none[] = { NULL };
	char *large = malloc(200000), **volatile bad = (char **)8;
	char *too_large[] = { "x", large, NULL };

	memset(large, 'a', 199999);
	large[199999] = 0;
	say_error("not there", execve("/nothing", none, none));
	say_error("a directory", execve("/", none, none));
	say_error("not executable", execve("/etc/plain", none, none));
	say_error("empty", execve("/etc/empty", none, none));
	say_error("no program", execve("/etc/noise", none, none));
	say_error("bad path", execve((char *)bad, none, none));
	say_error("bad arguments", execve(SELF, bad, none));
	say_error("a string too large", execve(SELF, too_large, none));
	say_error("a path too long", execve(memset(malloc(5001), 'b', 5000), none, none));
	free(large);
}

/* Many megabytes of arguments are refused, some hundred thousand bytes are not. */
static void exec_large(void)
{
	static char *many[40000];
	char word[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
	int count = 0;

	many[count++] = (char *)SELF;
	many[count++] = "count";
	while (count < 8000)
		many[count++] = word;
	say_status("half a megabyte", run(many, (char *[]){ NULL }));
	while (count < 39999)
		many[count++] = word;
	say_status("too much", run(many, (char *[]){ NULL }));
}

static void exec_closes(void)
{
	int keep = dup(1), lose = fcntl(1, F_DUPFD_CLOEXEC, 0);
	char a[12], b[12];
	char *const arguments[] = { (char *)SELF, "descriptors", a, b, NULL };

	sprintf(a, "%d", keep);
	sprintf(b, "%d", lose);
	say_status("program", run(arguments, (char *[]){ NULL }));
	close(keep);
	close(lose);
}

/* What the auxiliary vector says; the program execs itself to see a fresh one. */
static void say_auxiliary(void)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	unsigned sum = 0;

	for (int i = 0; i < 16; i++)
		sum |= random[i];
	say("page %ld, ticks %ld, secure %ld", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK),
		getauxval(AT_SECURE));
	say("headers: %d, of %ld bytes", getauxval(AT_PHDR) != 0, getauxval(AT_PHENT));
	say("entry: %d, base %ld, flags %ld", getauxval(AT_ENTRY) != 0, getauxval(AT_BASE),
		getauxval(AT_FLAGS));
	say("%ld %ld %ld %ld", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID),
		getauxval(AT_EGID));
	say("random bytes: %d", sum != 0);
	say("called as %s on %s", (char *)getauxval(AT_EXECFN), (char *)getauxval(AT_PLATFORM));
}

static void exec_auxiliary(void)
{
	char *const arguments[] = { "another-name", "auxiliary", NULL };
	int status;

	if (fork() == 0) {
		execv(SELF, arguments);
		_exit(126);
	}
	wait(&status);
	say_status("program", status);
}

/* Called in a thread: it becomes the first one. */
static void *exec_body(void *argument)
{
	(void)argument;
	execl(SELF, SELF, "numbers", NULL);
	_exit(126);
}

static void exec_in_thread(void)
{
	pthread_t thread;
	int status;
	pid_t child = fork();

	if (child == 0) {
		pthread_create(&thread, NULL, sleep_body, NULL);
		pthread_create(&thread, NULL, spin_body, NULL);
		pthread_create(&thread, NULL, exec_body, NULL);
		for (;;)
			pause();
	}
	waitpid(child, &status, 0);
	say_status("program", status);
}

static void exec_script(void)
{
	char *const plain[] = { "/etc/script", "one", NULL };
	char *const nested[] = { "/etc/nested", "two", NULL };
	char *const endless[] = { "/etc/endless", NULL };
	char *const missing[] = { "/etc/orphan", NULL };
	char *const directory[] = { "/etc/of_directory", NULL };
	char *const text[] = { "/etc/of_text", NULL };

	say_status("script", run(plain, (char *[]){ NULL }));
	say_status("nested", run(nested, (char *[]){ NULL }));
	say_status("endless", run(endless, (char *[]){ NULL }));
	say_status("missing", run(missing, (char *[]){ NULL }));
	say_status("of a directory", run(directory, (char *[]){ NULL }));
	say_status("of a text", run(text, (char *[]){ NULL }));
}

static void exec_failed_goes_on(void)
{
	volatile int kept = 77;

	signal(SIGUSR1, SIG_IGN);
	execve("/etc/noise", (char *[]){ NULL }, (char *[]){ NULL });
	say("after a failed exec: %d, ignored still: %d", kept,
		signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

/* Exec a file, and tell why it could not be, or how it ended. */
static void try(const char *path)
{
	int report[2], status, error;
	ssize_t told;
	pid_t child;

	pipe2(report, O_CLOEXEC);
	child = fork();
	if (child == 0) {
		alarm(3); /* for what never ends */
		execv(path, (char *[]){ (char *)path, NULL });
		write(report[1], &errno, sizeof(errno));
		_exit(0);
	}
	close(report[1]);
	told = read(report[0], &error, sizeof(error));
	close(report[0]);
	waitpid(child, &status, 0);
	if (told == sizeof(error))
		say("%s: %s", path, strerror(error));
	else
		say_status(path, status);
}

/* What the program is when it has been execed by itself. */
#define PLACES 3

static void tell_places(int to)
{
	int here;
	void *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t places[PLACES] = { (uintptr_t)&here, (uintptr_t)mapping, (uintptr_t)sbrk(0) };

	write(to, places, sizeof(places));
}

static int second_life(int count, char **arguments)
{
	if (!strcmp(arguments[1], "say")) {
		say("%s", arguments[2]);
		return 12;
	}
	if (!strcmp(arguments[1], "count")) {
		say("arguments: %d", count);
		return 0;
	}
	if (!strcmp(arguments[1], "numbers")) {
		say("first thread: %d", getpid() == gettid());
		return 21;
	}
	if (!strcmp(arguments[1], "descriptors")) {
		say("%d %d", fcntl(atoi(arguments[2]), F_GETFD) >= 0,
			fcntl(atoi(arguments[3]), F_GETFD) >= 0);
		return 0;
	}
	if (!strcmp(arguments[1], "auxiliary")) {
		say_auxiliary();
		return 0;
	}
	if (!strcmp(arguments[1], "death")) {
		int number = -1;

		prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0);
		say("signal at the parent's death: %d", number);
		return 0;
	}
	if (!strcmp(arguments[1], "places")) {
		tell_places(atoi(arguments[2]));
		return 0;
	}
	if (!strcmp(arguments[1], "try")) {
		for (int i = 2; i < count; i++)
			try(arguments[i]);
		return 0;
	}
	for (int i = 1; i < count; i++)
		say("argument \"%s\"", arguments[i]);
	for (char **at = environ; *at; at++)
		say("environment \"%s\"", *at);
	say("aligned: %d", (uintptr_t)(arguments - 1) % 16 == 0);
	return 0;
}

/* What is to be sent when the parent ends stays so. */
static void exec_keeps(void)
{
	char *const arguments[] = { (char *)SELF, "death", NULL };
	int status;

	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0);
		execve(SELF, arguments, environ);
		_exit(127);
	}
	wait(&status);
	say_status("program", status);
}

/* Each program's stack, mappings and heap are somewhere else. */
static void exec_places(void)
{
	uintptr_t places[8][PLACES] = { 0 };
	char where[16];

	for (int i = 0; i < 8; i++) {
		int ends[2];

		if (pipe(ends))
			say_error("pipe", -1);
		snprintf(where, sizeof(where), "%d", ends[1]);
		if (fork() == 0) {
			execl(SELF, SELF, "places", where, NULL);
			_exit(127);
		}
		close(ends[1]);
		if (read(ends[0], places[i], sizeof(places[i])) != sizeof(places[i]))
			say_error("places", -1);
		close(ends[0]);
		wait(NULL);
	}
	for (int kind = 0; kind < PLACES; kind++) {
		int others = 0;

		for (int i = 1; i < 8; i++)
			others += places[i][kind] != places[0][kind];
		say("%s: %d", (const char *[]){ "stack", "mapping", "heap" }[kind], others > 3);
	}
}

static const struct part parts[] = {
	{ "exec_arguments", exec_arguments },
	{ "exec_auxiliary", exec_auxiliary },
	{ "exec_errors", exec_errors },
	{ "exec_large", exec_large },
	{ "exec_closes", exec_closes },
	{ "exec_in_thread", exec_in_thread },
	{ "exec_script", exec_script },
	{ "exec_failed_goes_on", exec_failed_goes_on },
	{ "exec_places", exec_places },
	{ "exec_keeps", exec_keeps },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return count < 2 || parts_have(parts, names[1]) ? parts_main(count, names, parts)
							: second_life(count, names);
}
