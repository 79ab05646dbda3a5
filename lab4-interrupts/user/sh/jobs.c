/* Jobs: what became of the processes of each pipeline. */
#include "sh.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct job job[JOBS];

/* --- jobs -------------------------------------------------------------------------- */

static int status_of(int what)
{
	return WIFEXITED(what) ? WEXITSTATUS(what) : 128 + WTERMSIG(what);
}

/* Something has become of a child: its job is told. */
static void note(pid_t child, int what)
{
	for (int i = 0; i < JOBS * COMMANDS; i++) {
		struct job *its = &job[i / COMMANDS];
		int number = i % COMMANDS;

		if (!its->group || number >= its->processes || its->process[number] != child)
			continue;
		its->stopped = WIFSTOPPED(what);
		if (its->stopped)
			return;
		if (number == its->processes - 1)
			its->status = status_of(what);
		its->process[number] = 0;
		its->left--;
		return;
	}
}

/* Tell and forget the jobs that have ended in the background. */
void tell_ended(void)
{
	int what;
	pid_t child;

	while ((child = waitpid(-1, &what, WNOHANG | WUNTRACED)) > 0)
		note(child, what);
	for (int i = 0; i < JOBS; i++) {
		if (!job[i].group || job[i].left)
			continue;
		if (interactive)
			printf("[%d] Done %s\n", i + 1, job[i].name);
		job[i].group = 0;
	}
}

/* Wait for a job in the foreground, until it ends or stops. */
void wait_for(struct job *its)
{
	int what;
	pid_t child;

	while (its->left && !its->stopped) {
		child = waitpid(-1, &what, WUNTRACED);
		if (child > 0)
			note(child, what);
		else if (errno != EINTR)
			break;
	}
	if (interactive)
		tcsetpgrp(0, getpgrp());
	if (its->stopped) {
		status = 128 + SIGTSTP;
		printf("\n[%d] Stopped %s\n", (int)(its - job) + 1, its->name);
		return;
	}
	status = its->status;
	its->group = 0;
}

struct job *new_job(const char *name)
{
	for (int i = 0; i < JOBS; i++) {
		if (job[i].group)
			continue;
		memset(&job[i], 0, sizeof(job[i]));
		snprintf(job[i].name, sizeof(job[i].name), "%s", name);
		return &job[i];
	}
	return NULL;
}

struct job *job_numbered(const char *number)
{
	int i = number ? atoi(number + (*number == '%')) - 1 : JOBS - 1;

	while (!number && i > 0 && !job[i].group)
		i--;
	return i >= 0 && i < JOBS && job[i].group ? &job[i] : NULL;
}
