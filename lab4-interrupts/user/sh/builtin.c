/* Commands that the shell is itself. */
#include "sh.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- builtins ---------------------------------------------------------------------- */

static int do_cd(char **word)
{
	const char *to = word[1] ? word[1] : getenv("HOME");

	return to && chdir(to) == 0 ? 0 : -fail("cd", strerror(errno));
}

static int do_exit(char **word)
{
	fflush(stdout);
	_exit(word[1] ? atoi(word[1]) : status);
}

static int do_export(char **word)
{
	for (; word[1]; word++) {
		char *equals = strchr(word[1], '=');

		if (!equals)
			continue;
		*equals = 0;
		setenv(word[1], equals + 1, 1);
	}
	return 0;
}

static int do_jobs(char **word)
{
	(void)word;
	for (int i = 0; i < JOBS; i++)
		if (job[i].group)
			printf("[%d] %s %s\n", i + 1, job[i].stopped ? "Stopped" : "Running",
				job[i].name);
	return 0;
}

/* fg, bg: let a job go on. */
static int do_continue(char **word)
{
	struct job *its = job_numbered(word[1]);
	bool foreground = strcmp(word[0], "fg") == 0;

	if (!its)
		return -fail(word[0], "no such job");
	its->stopped = false;
	if (foreground && interactive)
		tcsetpgrp(0, its->group);
	kill(-its->group, SIGCONT);
	if (foreground)
		wait_for(its);
	return foreground ? status : 0;
}

static int do_wait(char **word)
{
	(void)word;
	for (int i = 0; i < JOBS; i++)
		if (job[i].group && !job[i].stopped)
			wait_for(&job[i]);
	return status;
}

static int do_exec(char **word)
{
	if (!word[1])
		return 0;
	execvp(word[1], word + 1);
	return 126 - fail(word[1], strerror(errno));
}

static const struct {
	const char *name;
	int (*run)(char **word);
} builtin[] = {
	{ "cd", do_cd },
	{ "exit", do_exit },
	{ "export", do_export },
	{ "jobs", do_jobs },
	{ "fg", do_continue },
	{ "bg", do_continue },
	{ "wait", do_wait },
	{ "exec", do_exec },
};

int find_builtin(const char *name)
{
	for (unsigned i = 0; name && i < sizeof(builtin) / sizeof(*builtin); i++)
		if (strcmp(builtin[i].name, name) == 0)
			return (int)i;
	return -1;
}

int run_builtin(int number, char **word)
{
	return builtin[number].run(word);
}
