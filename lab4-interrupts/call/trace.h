/*
 * strace: showing system calls as they come and go, in the format of strace(1).
 *
 *   hello[1]: write(1, "hello\n", 6) = 6
 *   hello[1]: open("/nothing", O_RDONLY) = -1 ENOENT (No such file or directory)
 *
 * "strace=1" on the kernel's command line shows those of all processes; TASK_TRACE in task->work
 * those of one task. A SYSCALL row's string has a word for each argument, with commas between:
 *
 *   int fd pid uid gid number signal status   a signed decimal number
 *   size offset count                         an unsigned decimal number
 *   mode                                      octal
 *   address                                   hexadecimal, or NULL
 *   path string                               a string of the program's, quoted
 *   data                                      so many bytes as the next argument says, quoted
 *   data^                                     the same when the call has come back: as many as it
 *                                             returns
 *   vector timespec timeval sigset int*       structures of that kind (those that are known)
 *   open_flags prot map_flags clone_flags ... the names of the bits or values of that kind
 * (flags.c)
 *
 * Any other word is shown as "address" is.
 *
 * Read more: strace(1).
 */
#pragma once
#include "lab1-boot/cpu/trap.h"
#include <stdbool.h>
#include <stdint.h>

/* trace_calls_init: look at the command line. Once. */
void trace_calls_init(void);

/* Whether every task is traced. [I] after trace_calls_init */
extern bool trace_all_calls;

/*
 * trace_call: show a call that is about to be done, as far as it can be now; trace_result: the
 * rest, and what it returned. Both for the calling task. May sleep.
 */
struct syscall;
void trace_call(const struct syscall *call, const struct trap_frame *frame);
void trace_result(const struct syscall *call, const struct trap_frame *frame, int64_t result);
