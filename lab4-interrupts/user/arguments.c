/* exec, as Linux has it: see lib/say.h. Run again by itself, with "shown" as its first argument. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

static int show(int count, char **arguments)
{
	char name[16] = "";

	printf("%d arguments:", count);
	for (int i = 0; i < count; i++)
		printf(" \"%s\"", arguments[i]);
	printf("\nenvironment:");
	for (char **each = environ; *each; each++)
		printf(" %s", *each);
	printf("\n");
	TELL(arguments[count] == NULL);
	TELL((uintptr_t)arguments % 8 == 0);
	TELL(getauxval(AT_PAGESZ) == 4096);
	TELL(getauxval(AT_PHENT) == sizeof(Elf64_Phdr));
	TELL(getauxval(AT_PHNUM) > 1);
	TELL(getauxval(AT_PHDR) != 0);
	TELL(getauxval(AT_ENTRY) != 0);
	TELL(getauxval(AT_RANDOM) != 0);
	TELL(getauxval(AT_SECURE) == 0);
	TELL(getauxval(AT_UID) == 0 && getauxval(AT_EUID) == 0);
	TELL(getauxval(AT_CLKTCK) == 100);
	TELL(getauxval(AT_BASE) == 0);
	printf("platform %s, file %s\n", (char *)getauxval(AT_PLATFORM),
		(char *)getauxval(AT_EXECFN));
	prctl(PR_GET_NAME, name);
	printf("name %s\n", name);
	TELL(fcntl(50, F_GETFD) == 0);
	TELL(fcntl(51, F_GETFD) == -1);
	TELL(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	TELL(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
	fflush(stdout);
	return 5;
}

static void nothing(int number)
{
	(void)number;
}

static int run_again(void)
{
	char *arguments[] = { "shown", "one", "", "two words", NULL },
	     *environment[] = { "A=1", "B=", NULL };

	dup2(1, 50);
	dup2(1, 51);
	fcntl(51, F_SETFD, FD_CLOEXEC);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, nothing);
	execve("/bin/arguments", arguments, environment);
	return 1;
}

static int without_arguments(void)
{
	char *arguments[] = { NULL };

	execve("/bin/arguments", arguments, arguments);
	return 1;
}

static int too_many(void)
{
	static char *arguments[40];
	char *large = malloc(200000);

	memset(large, 'x', 199999);
	large[199999] = 0;
	arguments[0] = "x";
	arguments[1] = large;
	SAY(execve("/bin/arguments", arguments, environ)); /* one that is too long */
	large[100000] = 0;
	for (int i = 1; i < 39; i++)
		arguments[i] = large;
	SAY(execve("/bin/arguments", arguments, environ)); /* too long together */
	return 3;
}

static int errors(void)
{
	char *arguments[] = { "x", NULL };

	SAY(execve("/bin/nothing", arguments, environ));
	SAY(execve("/bin", arguments, environ));
	SAY(execve("", arguments, environ));
	SAY(execve("/bin/hello/x", arguments, environ));
	SAY(execve(nowhere, arguments, environ));
	SAY(execve("/bin/hello", (char **)nowhere, environ));
	SAY(execve("/bin/hello", arguments, (char **)nowhere));
	arguments[0] = nowhere;
	SAY(execve("/bin/hello", arguments, environ));
	SAY(execve("/dev/null", arguments, environ));
	return 0;
}

static int child_of_vfork(void)
{
	char *arguments[] = { "/bin/hello", NULL };
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execve(arguments[0], arguments, environ);
		_exit(1);
	}
	TELL(waitpid(child, &status, 0) == child);
	say_status("hello", status);
	return 0;
}

static const struct part parts[] = {
	{ "errors", errors },
	{ "run_again", run_again },
	{ "without_arguments", without_arguments },
	{ "too_many", too_many },
	{ "child_of_vfork", child_of_vfork },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	if (count == 0 || !strcmp(names[0], "shown") || names[0][0] == 0)
		return show(count, names);
	return say_parts(count, names, parts);
}
