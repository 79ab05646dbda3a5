/*
 * strace: showing system calls with their arguments and results, as strace(1) does.
 *
 *   hello[1] write(1, "hello\n", 6) = 6
 *   hello[1] open("/nothing", O_RDONLY) = -1 ENOENT (No such file or directory)
 *
 * "strace=1" on the kernel's command line shows all calls, "strace=NAME" those of tasks with that
 * name. A signal that a task acts on is shown, too:
 *
 *   hello[1] --- SIGINT {si_signo=SIGINT, si_code=SI_USER, si_pid=2, si_uid=0} ---
 *
 * A SYSCALL row's string has a word for each argument, with commas between, and may end in
 * "= address" if that is what the call returns:
 *
 *   int fd pid number status %d     a signed decimal number
 *   dirfd                           the same, or AT_FDCWD
 *   size offset count %u %lu        an unsigned decimal number
 *   mode                            octal
 *   address hex %p                  hexadecimal, or NULL for an address of 0
 *   path string                     a string of the program's, quoted, cut after 32 bytes
 *   strings                         an array of those, as execve has
 *   data                            so many bytes as the next argument says, quoted
 *   vector                          so many struct iovec as the next argument says
 *   timespec timeval sigset int*    what is there (int*: two of them, as pipe has)
 *   open_flags prot signal ...      the names of the bits or values of that kind: see trace_names.c
 *
 * With ^ behind the word it is shown when the call has come back (data^: so many bytes as it
 * returned). Words that nobody knows are shown as "hex".
 *
 * Read more: strace(1).
 */
#pragma once
#include <asm/siginfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_LINE 512 /* bytes of a line, the rest is cut */
#define TRACE_DATA 32  /* bytes of a program's that are shown, as strace does */

struct trap_frame;
struct task;

/* trace_calls_init: look at the command line. Once. */
void trace_calls_init(void);

/* Whether somebody is traced because of the command line. [I] after trace_calls_init */
extern bool trace_calls;

/* trace_run: syscall_run, and show it if the calling task is traced. May sleep. */
int64_t trace_run(struct trap_frame *frame);

/* trace_signal: show that the calling task acts on a signal now, if it is traced. Never sleeps. */
void trace_signal(const siginfo_t *info);

/* Inside call/: the line that is being written. */
struct trace_line {
	char text[TRACE_LINE];
	size_t used;
	int64_t result; /* of the call, once it has come back */
};

/* trace_text: add formatted text. */
void trace_text(struct trace_line *line, const char *text, ...)
	__attribute__((format(printf, 2, 3)));

/* trace_value: add an argument as its word (of so many bytes) says; value[1] is the next argument.
 * May sleep. */
void trace_value(struct trace_line *line, const char *word, size_t length, const uint64_t *value);

/* trace_named: add a value by its names; false: there is no such kind, nothing is added. */
bool trace_named(struct trace_line *line, const char *word, size_t length, uint64_t value);
