/*
 * The monitor: a prompt on the console for looking into the running kernel.
 *
 * Any floor adds commands next to its own code:
 *
 *   COMMAND(pages, "", "show the free lists")
 *   {
 *           kprintf("%zu arguments\n", count - 1);
 *   }
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stddef.h>

#define COMMAND_WORDS 8

struct command {
	const char *name;
	const char *arguments; /* "ADDRESS [COUNT]", for help */
	const char *help;      /* one line */
	/* words[0] is the name itself; count of them, at most COMMAND_WORDS. */
	void (*run)(size_t count, char **words);
};
ROWS_DECLARE(command, struct command);

#define COMMAND(its_name, its_arguments, its_help)                                                 \
	static void command_##its_name(size_t count, char **words);                                \
	ROW(command, "." #its_name, command_row_##its_name) = { #its_name, its_arguments,          \
		its_help, command_##its_name };                                                    \
	static void command_##its_name(                                                            \
		size_t count __attribute__((unused)), char **words __attribute__((unused)))

/* monitor_main: read and run commands for ever. */
_Noreturn void monitor_main(void);
