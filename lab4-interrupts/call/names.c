/* The names of Linux's system calls and errors, for messages. The build takes them out of the UAPI
 * headers (grader/kernel.mk). */
#include "lab4-interrupts/call/names.h"
#include "lab4-interrupts/call/syscall.h"
#include <stddef.h>

static const char *const calls[] = {
#include <syscall_names.h>
};

static const struct {
	const char *name, *text;
} errors[] = {
#include <errno_names.h>
};

const char *syscall_name(unsigned number)
{
	return number < sizeof(calls) / sizeof(calls[0]) ? calls[number] : NULL;
}

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

const char *errno_name(unsigned number)
{
	return number < ERRORS ? errors[number].name : NULL;
}

const char *errno_text(unsigned number)
{
	return number < ERRORS ? errors[number].text : NULL;
}
