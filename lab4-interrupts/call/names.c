/* The names of Linux's system calls and errors, for messages. The build takes them out of the UAPI
 * headers (grader/kernel.mk). */
#include "lab4-interrupts/call/names.h"
#include "lab4-interrupts/call/syscall.h"
#include <stddef.h>

static const char *const calls[] = {
#include <syscall_names.h>
};

static const char *const errors[] = {
#include <errno_names.h>
};

const char *syscall_name(unsigned number)
{
	return number < sizeof(calls) / sizeof(calls[0]) ? calls[number] : NULL;
}

const char *errno_name(unsigned number)
{
	return number < sizeof(errors) / sizeof(errors[0]) ? errors[number] : NULL;
}
