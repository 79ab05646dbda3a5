/*
 * A small shell. Lab 5 completes it; what it has is enough to live on:
 *
 *   words with 'quotes', "quotes", \ and $NAME $? $$; comments
 *   a | b      pipelines           a ; b   a && b   a || b   lists
 *   < > >> 2>  2>&1 ...            redirections
 *   a &        in the background   ( list )   in a child
 *   cd exit export jobs fg bg wait exec
 *
 * A line is read (sh/read.c) into a pipeline of commands, and that is run: a process each, all in
 * one process group, so that the terminal's keys reach all of them (sh/jobs.c). Only builtins alone
 * in a pipeline run in the shell itself.
 *
 * Read more: POSIX.1-2017, volume 3, chapter 2; the GNU C library's manual, "Implementing a shell".
 */
#include "sh/sh.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool interactive;
int status;

static int run_list(const char *at);

int fail(const char *what, const char *why)
{
	fflush(stdout);
	dprintf(2, "sh: %s: %s\n", what, why);
	return -1;
}

/* --- running ----------------------------------------------------------------------- */

static int redirect_all(const struct command *command)
{
	for (int i = 0; i < command->redirects; i++) {
		const struct redirect *redirect = &command->redirect[i];
		int fd = redirect->flags < 0 ? atoi(redirect->path)
					     : open(redirect->path, redirect->flags, 0666);

		if (fd < 0 || (fd != redirect->fd && dup2(fd, redirect->fd) < 0))
			return fail(redirect->path, strerror(errno));
		if (redirect->flags >= 0 && fd != redirect->fd)
			close(fd);
	}
	return 0;
}

/* In the child: become the command. */
static void become(struct command *command)
{
	int number = find_builtin(command->word[0]);

	if (redirect_all(command) < 0)
		_exit(1);
	interactive = false;
	if (command->list)
		status = run_list(command->list);
	else if (number >= 0)
		status = run_builtin(number, command->word);
	if (command->list || number >= 0 || !command->words) {
		fflush(stdout);
		_exit(status);
	}
	execvp(command->word[0], command->word);
	fail(command->word[0], errno == ENOENT ? "not found" : strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* In the child: its place in the job, its ends of the pipes, its signals. */
static void take_place(pid_t group, bool foreground, int in, int out)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };

	if (interactive) {
		setpgid(0, group);
		if (foreground)
			tcsetpgrp(0, getpgrp());
		for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
			signal(signals[i], SIG_DFL);
	}
	if (in != 0) {
		dup2(in, 0);
		close(in);
	}
	if (out != 1) {
		dup2(out, 1);
		close(out);
	}
}

/* Start one command of a job, and join it to the next by a pipe. Returns what the next reads. */
static int start(struct job *its, struct command *command, bool last, bool foreground, int in)
{
	int ends[2] = { 0, 1 };
	pid_t child;

	if (!last && pipe(ends) < 0)
		return fail("pipe", strerror(errno));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (!last)
			close(ends[0]);
		take_place(its->group, foreground, in, ends[1]);
		become(command);
	}
	if (child > 0) {
		its->group = its->group ? its->group : child;
		its->process[its->processes++] = child;
		its->left++;
		if (interactive)
			setpgid(child, its->group);
	} else {
		fail("fork", strerror(errno));
	}
	if (in != 0)
		close(in);
	if (!last)
		close(ends[1]);
	return last ? 0 : ends[0];
}

static void run_job(struct pipeline *pipeline, bool foreground)
{
	const char *name = pipeline->command[0].word[0];
	struct job *its = new_job(name ? name : "(list)");
	int in = 0;

	if (!its) {
		fail("fork", "too many jobs");
		return;
	}
	for (int i = 0; i < pipeline->commands && in >= 0; i++)
		in = start(its, &pipeline->command[i], i == pipeline->commands - 1, foreground, in);
	if (!its->group)
		status = 1;
	else if (foreground)
		wait_for(its);
	else if (interactive)
		printf("[%d] %d\n", (int)(its - job) + 1, (int)its->group);
}

static bool is_assignment(const struct command *command)
{
	const char *word = command->word[0];
	size_t length = word ? strcspn(word, "=") : 0;

	return command->words == 1 && length && word[length] && isalpha((unsigned char)word[0]);
}

static void run_pipeline(struct pipeline *pipeline, bool foreground)
{
	struct command *first = &pipeline->command[0];
	int number = find_builtin(first->word[0]);
	char *assigned[] = { "export", first->word[0], NULL };

	if (pipeline->commands == 1 && is_assignment(first))
		status = run_builtin(find_builtin("export"), assigned);
	else if (pipeline->commands == 1 && number >= 0 && foreground && !first->redirects)
		status = run_builtin(number, first->word);
	else
		run_job(pipeline, foreground);
}

/* What stands between ; & && || and lines. Returns the last status. */
static int run_list(const char *at)
{
	struct pipeline *pipeline = malloc(sizeof(*pipeline));
	bool skip = false;

	while (pipeline && *(at = skip_blanks(at))) {
		if (*at == '\n' || *at == ';') {
			at++;
			continue;
		}
		at = read_pipeline(pipeline, at);
		if (!at) {
			fail("syntax error", "this makes no sense");
			status = 2;
			break;
		}
		if (!skip)
			run_pipeline(pipeline, !(at[0] == '&' && at[1] != '&'));
		skip = (at[0] == '&' && at[1] == '&' && status != 0) ||
		       (at[0] == '|' && at[1] == '|' && status == 0);
		at += at[0] && at[0] == at[1] && strchr("&|", at[0]) ? 2 : at[0] != 0;
	}
	free(pipeline);
	return status;
}

/* --- where lines come from --------------------------------------------------------- */

static void become_interactive(void)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };

	interactive = true;
	for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_IGN);
	setpgid(0, 0);
	tcsetpgrp(0, getpgrp());
}

static void run_file(FILE *from)
{
	char line[4096];

	for (;;) {
		tell_ended();
		if (interactive) {
			printf("$ ");
			fflush(stdout);
		}
		if (!fgets(line, sizeof(line), from))
			break;
		run_list(line);
	}
}

int main(int count, char **arguments)
{
	FILE *from = stdin;

	if (count > 2 && strcmp(arguments[1], "-c") == 0)
		return run_list(arguments[2]);
	if (count > 1 && arguments[1][0] != '-')
		from = fopen(arguments[1], "re");
	if (!from)
		return 127 + fail(arguments[1], strerror(errno)) * 0;
	if (from == stdin && isatty(0))
		become_interactive();
	run_file(from);
	return status;
}
