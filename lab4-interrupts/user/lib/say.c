/* See say.h. */
#include "say.h"
#include "asked.h"
#include <sys/wait.h>

char *volatile nowhere = (char *)8;

long say(const char *text, long result)
{
	if (result == -1)
		printf("%s = -1 %s\n", text, strerror(errno));
	else
		printf("%s = %ld\n", text, result);
	return result;
}

void say_status(const char *title, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", title, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: killed by %s%s\n", title, strsignal(WTERMSIG(status)),
			WCOREDUMP(status) ? ", core" : "");
	else if (WIFSTOPPED(status))
		printf("%s: stopped by %s\n", title, strsignal(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", title);
	else
		printf("%s: 0x%x\n", title, (unsigned)status);
}

void say_child(const char *title, int (*run)(void))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		status = run();
		fflush(stdout);
		_exit(status);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		printf("%s: no child: %s\n", title, strerror(errno));
	else
		say_status(title, status);
}

int say_parts(int count, char **names, const struct part *parts)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; parts->name; parts++) {
		if (!asked(count, names, parts->name))
			continue;
		printf("== %s\n", parts->name);
		say_child(parts->name, parts->run);
	}
	return 0;
}
