/* The names of errors: for messages. Those of system calls: see syscall.h. */
#pragma once

/* errno_name: "ENOENT" for 2, or NULL for a number that has no name. */
const char *errno_name(unsigned number);
