/*
 * What the machine does from lab 4 on: it runs the first program. The command line says which
 * ("init=/bin/sh"), and what its arguments are (behind "--"), as on Linux.
 */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/lock/completion.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>

#define ARGUMENTS 64 /* at most, the program's own name included */

static const char *const usual[] = { "/init", "/sbin/init", "/bin/init", "/bin/sh", NULL };
static const char *const environment[] = { "HOME=/", "TERM=linux", NULL };

static char words[BOOTINFO_CMDLINE]; /* the arguments, each ended by its 0 */
static const char *arguments[ARGUMENTS + 1];

/* Behind " -- ", or NULL. */
static const char *behind_dashes(void)
{
	const char *at = bootinfo.command_line;

	while ((at = strstr(at, "--"))) {
		bool begins = at == bootinfo.command_line || at[-1] == ' ';

		at += 2;
		if (begins && (*at == ' ' || *at == 0))
			return at;
	}
	return NULL;
}

/* arguments[1] and so on: the words of the text. */
static void split(const char *text)
{
	char *at = words;
	unsigned count = 1;

	strlcpy(words, text ? text : "", sizeof(words));
	while (count < ARGUMENTS) {
		while (*at == ' ')
			*at++ = 0;
		if (!*at)
			break;
		arguments[count++] = at;
		while (*at && *at != ' ')
			at++;
	}
	arguments[count] = NULL;
}

static int start(const char *path)
{
	int error;

	arguments[0] = path;
	error = process_start_init(path, arguments, environment);
	if (error && error != -ENOENT)
		kprintf("%s cannot be run: error %d\n", path, -error);
	return error;
}

/* The one that was asked for, or the first that there is. */
static int start_some(void)
{
	static char path[256];
	size_t length;
	const char *asked = cmdline_value("init", &length);
	int error = -ENOENT;

	if (asked && length < sizeof(path)) {
		memcpy(path, asked, length);
		error = start(path);
		if (error == -ENOENT)
			kprintf("there is no %s\n", path);
		return error;
	}
	for (const char *const *at = usual; *at && error == -ENOENT; at++)
		error = start(*at);
	return error;
}

void process_main(void)
{
	struct completion never = COMPLETION_INIT(never, "boot");

	if (!namespace_given())
		return;
	split(behind_dashes());
	if (start_some()) {
		kprintf("there is no program to begin with\n");
		return;
	}
	sched_pending(1); /* programs may all sleep for ever: that is not the kernel's deadlock */
	completion_wait(&never, 0);
}
