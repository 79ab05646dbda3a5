/* What the shell's files share: see sh.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORDS     64
#define REDIRECTS 8
#define COMMANDS  16
#define JOBS      32
#define TEXT      8192 /* characters of all words of a pipeline */

struct redirect {
	int fd, flags;    /* flags < 0: make fd the same as number */
	const char *path; /* or the number's digits */
};

struct command {
	char *word[WORDS + 1]; /* ends with NULL */
	int words;
	struct redirect redirect[REDIRECTS];
	int redirects;
	char *list; /* a list in parentheses, instead of words */
};

struct pipeline {
	struct command command[COMMANDS];
	int commands;
	char text[TEXT];
	size_t used;
};

/* A pipeline that runs or is stopped: its process group; 0: a free entry. */
struct job {
	pid_t group;
	pid_t process[COMMANDS]; /* 0: it has ended */
	int processes, left;
	int status; /* of the last one */
	bool stopped;
	char name[32];
};

extern struct job job[JOBS];
extern bool interactive;
extern int status; /* $? */

/* fail: say on the standard error what went wrong; -1. */
int fail(const char *what, const char *why);

/* read.c: a pipeline from a line, and what comes behind it; NULL: it makes no sense.
 * skip_blanks: past blanks and a comment. */
const char *read_pipeline(struct pipeline *to, const char *at);
const char *skip_blanks(const char *at);

/* jobs.c: new_job: a free entry, or NULL. job_numbered: by "%1" or "1"; NULL: the latest. wait_for:
 * until it ends or stops, in the foreground; sets status. tell_ended: of those in the background.
 */
struct job *new_job(const char *name);
struct job *job_numbered(const char *number);
void wait_for(struct job *its);
void tell_ended(void);

/* builtin.c: the number of a builtin, or -1; run_builtin: its status. */
int find_builtin(const char *name);
int run_builtin(int number, char **word);
