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
 * The way of a call: entry.S saves all registers in a struct trap_frame at the top of the task's
 * kernel stack, where a trap from user mode would have put them, so that signals, fork and whoever
 * looks at a task find them in one place. Then syscall_handle looks the number up, and on the way
 * out trap_user_return sees whether something else is to be done first.
 *
 * Read more: System V psABI for AMD64, section A.2.1; Intel SDM volume 2, SYSCALL and SYSRET.
 */
#pragma once
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/lib/rows.h"
#include <asm/unistd.h>
#include <linux/errno.h>
#include <stdint.h>

#define SYSCALLS     512 /* numbers below it are looked up */
#define TRAP_SYSCALL 256 /* frame->vector of a system call; its number is in frame->error then */

struct syscall {
	unsigned number;
	const char *name;
	const char *shown; /* how strace shows the arguments */
	int64_t (*run)(const struct trap_frame *frame);
};
ROWS_DECLARE(syscall, struct syscall);

/*
 * What a call returns that was interrupted by a signal, as Linux names them inside: it never
 * comes out of the kernel so. signal/ turns it into -EINTR or starts the call again.
 */
#define ERESTARTSYS    512 /* again if the handler has SA_RESTART, or if there is none */
#define ERESTARTNOHAND 514 /* again only if there is no handler */
#define ERESTART_BLOCK 516 /* again with what is left of its time: restart_syscall */

/* The top of the running task's kernel stack, where SYSCALL finds it: set whenever another task
 * comes to run here (process/switch.c), as TSS.rsp0 is. */
PERCPU_DECLARE(uint64_t, syscall_stack);

/* syscalls_init: gather the rows; two of one number are a broken invariant. Once.
 * syscalls_cpu_init: let this processor's SYSCALL instruction come to entry.S. On each. */
void syscalls_init(void);
void syscalls_cpu_init(void);

/* syscall_name: "read", or NULL for a number that has no name. */
const char *syscall_name(unsigned number);

/* syscall_row: the number's row, or NULL. syscall_run: do the call that the frame is about; its
 * result, which is not in the frame yet. May sleep. */
const struct syscall *syscall_row(uint64_t number);
int64_t syscall_run(struct trap_frame *frame);

/*
 * SYSCALL(name, shown, type, argument, ...): up to six pairs of a type and a name; the body of a
 * function of these arguments follows, which returns what the call is to return.
 */
#define SYSCALL(its_name, its_shown, ...)                                                          \
	static int64_t syscall_body_##its_name(SYSCALL_PARAMETERS(__VA_ARGS__));                   \
	static int64_t syscall_run_##its_name(                                                     \
		const struct trap_frame *frame __attribute__((unused)))                            \
	{                                                                                          \
		return syscall_body_##its_name(SYSCALL_ARGUMENTS(__VA_ARGS__));                    \
	}                                                                                          \
	ROW(syscall, "." #its_name, syscall_row_##its_name) = {                                    \
		__NR_##its_name,                                                                   \
		#its_name,                                                                         \
		its_shown,                                                                         \
		syscall_run_##its_name,                                                            \
	};                                                                                         \
	static int64_t syscall_body_##its_name(SYSCALL_PARAMETERS(__VA_ARGS__))

/* Below: what SYSCALL is made of. How many pairs there are, and for each number of pairs the list
 * of parameters, and the list of the registers they come in. */
#define SYSCALL_PAIRS(...)                                          SYSCALL_13TH(_, ##__VA_ARGS__, 6, _, 5, _, 4, _, 3, _, 2, _, 1, _, 0)
#define SYSCALL_13TH(z, a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define SYSCALL_JOIN(a, b)                                          SYSCALL_JOIN_(a, b)
#define SYSCALL_JOIN_(a, b)                                         a##b
#define SYSCALL_PARAMETERS(...)                                                                    \
	SYSCALL_JOIN(SYSCALL_PARAMETERS_, SYSCALL_PAIRS(__VA_ARGS__))(__VA_ARGS__)
#define SYSCALL_ARGUMENTS(...)                                                                     \
	SYSCALL_JOIN(SYSCALL_ARGUMENTS_, SYSCALL_PAIRS(__VA_ARGS__))(__VA_ARGS__)

#define SYSCALL_PARAMETERS_0()          void
#define SYSCALL_PARAMETERS_1(t, a)      t a
#define SYSCALL_PARAMETERS_2(t, a, ...) t a, SYSCALL_PARAMETERS_1(__VA_ARGS__)
#define SYSCALL_PARAMETERS_3(t, a, ...) t a, SYSCALL_PARAMETERS_2(__VA_ARGS__)
#define SYSCALL_PARAMETERS_4(t, a, ...) t a, SYSCALL_PARAMETERS_3(__VA_ARGS__)
#define SYSCALL_PARAMETERS_5(t, a, ...) t a, SYSCALL_PARAMETERS_4(__VA_ARGS__)
#define SYSCALL_PARAMETERS_6(t, a, ...) t a, SYSCALL_PARAMETERS_5(__VA_ARGS__)

#define SYSCALL_ARGUMENTS_0()
#define SYSCALL_ARGUMENTS_1(t, a)             (t) frame->rdi
#define SYSCALL_ARGUMENTS_2(t, a, u, b)       (t) frame->rdi, (u)frame->rsi
#define SYSCALL_ARGUMENTS_3(t, a, u, b, v, c) (t) frame->rdi, (u)frame->rsi, (v)frame->rdx
#define SYSCALL_ARGUMENTS_4(t, a, u, b, v, c, w, d)                                                \
	SYSCALL_ARGUMENTS_3(t, a, u, b, v, c), (w)frame->r10
#define SYSCALL_ARGUMENTS_5(t, a, u, b, v, c, w, d, x, e)                                          \
	SYSCALL_ARGUMENTS_4(t, a, u, b, v, c, w, d), (x)frame->r8
#define SYSCALL_ARGUMENTS_6(t, a, u, b, v, c, w, d, x, e, y, f)                                    \
	SYSCALL_ARGUMENTS_5(t, a, u, b, v, c, w, d, x, e), (y)frame->r9
