/* Programs that are made of parts: see signal_parts.h. */
#include "signal_parts.h"
#include "asked.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SA_RESTORER 0x04000000

char seen[4096];

void note(const char *format, ...)
{
	va_list arguments;
	size_t length = strlen(seen);

	va_start(arguments, format);
	vsnprintf(seen + length, sizeof(seen) - length, format, arguments);
	va_end(arguments);
}

void tell(const char *what)
{
	printf("%s:%s\n", what, seen);
	seen[0] = 0;
}

void restorer(void);
asm("restorer: mov $15, %eax\n\tsyscall\n\thlt\n");

int set_action(int number, void *handler, unsigned long flags, uint64_t mask)
{
	struct kernel_action action = { handler, flags | SA_RESTORER | SA_SIGINFO, restorer, mask };

	return (int)syscall(SYS_rt_sigaction, number, &action, NULL, 8);
}

uint64_t mask(int how, uint64_t set)
{
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, how, &set, &before, 8);
	return before;
}

void send(int number)
{
	syscall(SYS_kill, getpid(), number);
}

void send_self(int number)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

const char *error_of(long result)
{
	return result < 0 ? strerror(errno) : "done";
}

void in_child(const char *what, void (*run)(void))
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
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: ended with %d\n", what, WEXITSTATUS(status));
}

int run_parts(const struct part *parts, size_t count, int words, char **names)
{
	for (size_t i = 0; i < count; i++) {
		if (!asked(words, names, parts[i].name))
			continue;
		printf("== %s\n", parts[i].name);
		in_child(parts[i].name, parts[i].run);
	}
	return 0;
}
