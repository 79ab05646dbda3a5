/*
 * The console: what is printed goes to every output there is (COM1, and the
 * screen if there is one), and a key comes from any input.
 */
#pragma once
#include <stddef.h>

/* console_init: find the outputs. Before it, console output is lost. Once. */
void console_init(void);

/* console_write: print so many bytes. Takes console_lock; may be called anywhere, also in a panic.
 */
void console_write(const char *text, size_t bytes);

/* console_read: the next byte that was typed, or -1 if there is none now. Never waits. */
int console_read(void);

/* console_outputs: their names, for the monitor: "serial", "serial, VGA text", "frame buffer",
 * "none". */
const char *console_outputs(void);
