/*
 * When the kernel's own invariants are broken.
 *
 * panic() is for faults of the kernel itself, never for bad input. It prints
 * the message and a backtrace with symbols, tells whoever asked to be told
 * (PANIC_HOOK), and stops the machine, or restarts it as "panic=" says on the
 * command line (Linux's meaning: 0 stops, negative restarts at once).
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdbool.h>
#include <stdint.h>

#define panic(...)        panic_at(__FILE__, __LINE__, __VA_ARGS__)
#define assert(condition) ((condition) ? (void)0 : panic("assertion failed: %s", #condition))

_Noreturn void panic_at(const char *file, int line, const char *text, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * panic_begin: what must be done before anything is printed: interrupts off, and no waiting for
 * the console. Does not return on a processor that panics after another one. For a trap that prints
 * registers before it panics; panic calls it by itself.
 */
void panic_begin(void);

/* panic_begun: whether some processor has panicked. For who must then keep still. Takes no lock. */
bool panic_begun(void);

/*
 * PANIC_STOP(function): stop the other processors; called on the first that panics, before it
 * prints anything. Interrupts are off. It may wait for them (panic_stopped), but not for ever, and
 * takes no lock. A non-maskable interrupt will do: its trap calls panic_begin.
 */
struct panic_stop {
	void (*others)(void);
};
ROWS_DECLARE(panic_stop, struct panic_stop);
#define PANIC_STOP(function) ROW(panic_stop, "", panic_stop_##function) = { function }

/* panic_stopped: how many processors have stopped because another one panics. */
unsigned panic_stopped(void);

/* A trapped processor's panic: the backtrace begins at these registers instead of the caller. */
_Noreturn void panic_frame(uint64_t rip, uint64_t rbp, const char *text, ...)
	__attribute__((format(printf, 3, 4)));

/* PANIC_HOOK(order, function): called with the message once the panic is printed, those with a
 * lower order first; 9 is for who ends the machine. Interrupts are off. */
struct panic_hook {
	void (*told)(const char *message);
};
ROWS_DECLARE(panic_hook, struct panic_hook);
#define PANIC_HOOK(order, function)                                                                \
	ROW(panic_hook, "." #order, panic_hook_##function) = { function }
