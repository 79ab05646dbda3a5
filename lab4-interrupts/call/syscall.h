/*
 * System calls: a row beside each implementation.
 *
 *   SYSCALL(read, "fd, data^, size", int, fd, uint64_t, buffer, uint64_t, bytes)
 *   {
 *           ...
 *           return bytes_read;     or a negative errno
 *   }
 *
 * The number is Linux's __NR_read (<asm/unistd.h>), the arguments are the registers rdi, rsi,
 * rdx, r10, r8, r9 in the types given, and the string says for strace how each is shown
 * (trace.h). A number without a row is -ENOSYS; debug builds say its name once.
 *
 * Read more: System V psABI for AMD64, section A.2.1; Intel SDM volume 2, SYSCALL and SYSRET.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <asm/unistd.h>
#include <linux/errno.h>
#include <stdint.h>

#define SYSCALLS 512 /* numbers below it are looked up */

struct trap_frame;

struct syscall {
	unsigned number;
	const char *name;
	const char *shown; /* how strace shows the arguments */
	int64_t (*run)(const uint64_t argument[6]);
};
ROWS_DECLARE(syscall, struct syscall);

/*
 * What a call returns that was interrupted by a signal, as Linux names them inside: it never
 * comes out of the kernel so. signal/ turns it into -EINTR or starts the call again.
 */
#define ERESTARTSYS    512 /* again if the handler has SA_RESTART, or if there is none */
#define ERESTARTNOHAND 514 /* again only if there is no handler */
#define ERESTART_BLOCK 516 /* again with what is left of its time: restart_syscall */

/* syscalls_init: gather the rows; two of one number are a broken invariant. Once.
 * syscalls_cpu_init: let this processor's SYSCALL instruction come to entry.S. On each. */
void syscalls_init(void);
void syscalls_cpu_init(void);

/* syscall_name: "read", or NULL for a number that has no name. */
const char *syscall_name(unsigned number);
