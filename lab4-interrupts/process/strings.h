/*
 * A program's arguments and environment on their way from one memory to another.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define STRING_MOST (128 * 1024) /* bytes of one string, as Linux (MAX_ARG_STRLEN) */

/* One behind the other, each with its 0, the arguments before the environment. */
struct strings {
	char *bytes;
	size_t used, room;
	size_t most; /* that they and the pointers to them may need */
	unsigned arguments, environment;
};

/* strings_init: none; they and the pointers to them may need so many bytes. */
void strings_init(struct strings *strings, size_t most);

/* strings_read: argv and envp of the calling program: user addresses, 0 for nothing. 0, or -EFAULT,
 * -E2BIG, -ENOMEM. May sleep. */
int strings_read(struct strings *strings, uint64_t argv, uint64_t envp);

/* strings_copy: the kernel's own, ended by NULL. Errors as above. May sleep. */
int strings_copy(
	struct strings *strings, const char *const *arguments, const char *const *environment);

/* strings_script: instead of the first argument: the interpreter, its argument unless that is
 * NULL, and the script's path. Errors as above. May sleep. */
int strings_script(
	struct strings *strings, const char *interpreter, const char *argument, const char *path);

/* strings_free: after strings_init. */
void strings_free(struct strings *strings);
