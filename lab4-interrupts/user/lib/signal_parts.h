/*
 * Programs that are made of parts, each of which tells in lines what it sees: the same lines on
 * Linux and on Cub. And signals without a library between: its own hides some of them.
 */
#pragma once
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct part {
	const char *name;
	void (*run)(void);
};

/* run_parts: those that are named behind the program's name, or all; each in a child of its own,
 * behind a line "== name". */
int run_parts(const struct part *parts, size_t count, int words, char **names);

/* in_child: run something in a child, and tell how that has ended. */
void in_child(const char *what, void (*run)(void));

/* error_of: of a call that has returned this: "done", or what errno says. */
const char *error_of(long result);

/* struct sigaction as the kernel takes it. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* note: add to what handlers have seen, which is told when it is safe to print. tell: tell it, and
 * forget it. */
extern char seen[4096];
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tell(const char *what);

/* set_action: rt_sigaction, with SA_SIGINFO and a restorer besides the flags. */
int set_action(int number, void *handler, unsigned long flags, uint64_t mask);

/* mask: rt_sigprocmask; what was blocked before. */
uint64_t mask(int how, uint64_t set);

/* send: to this process; send_self: to this thread. */
void send(int number);
void send_self(int number);

static inline uint64_t bit(int number)
{
	return 1ul << (number - 1);
}
