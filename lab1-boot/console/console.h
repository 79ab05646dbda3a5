/*
 * The console: what is printed goes to every output there is (COM1, and the
 * screen if there is one), and a typed key comes from COM1.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include "lab1-boot/lock/spinlock.h"
#include <stdbool.h>
#include <stddef.h>

extern struct spinlock console_lock; /* held while the outputs take a text */

/* console_init: find the outputs. Before it, console output is lost. Once. */
void console_init(void);

/* console_write: print so many bytes. Takes console_lock (not after console_panic), so its holder
 * may not print; otherwise it may be called anywhere. Never sleeps.
 */
void console_write(const char *text, size_t bytes);

/* console_screen: the same on the screen alone, if there is one. */
void console_screen(const char *text, size_t bytes);

/* console_has_serial: whether COM1 is one of the outputs. */
bool console_has_serial(void);

/* console_panic: from now on, print without the lock: who panicked may hold it, and keeps it. */
void console_panic(void);

/* console_read: the next byte that was typed, or -1 if there is none now. Never waits. */
int console_read(void);

/* console_flush: wait until everything printed has left the machine. */
void console_flush(void);

/* CONSOLE_FLUSH(function): write what a higher floor has kept back for COM1; console_flush calls it
 * first, also in a panic (panic_begun): then it takes no lock. Never sleeps. */
struct console_flush {
	void (*write)(void);
};
ROWS_DECLARE(console_flush, struct console_flush);
#define CONSOLE_FLUSH(function) ROW(console_flush, "", console_flush_##function) = { function }

/* console_outputs: their names, for the monitor: "serial", "serial, VGA text", "frame buffer",
 * "none". */
const char *console_outputs(void);
