/* The names of errors: for messages. Those of system calls: see syscall.h. */
#pragma once

/* errno_name: "ENOENT" for 2, errno_text: "No such file or directory"; NULL for a number that has
 * no name. */
const char *errno_name(unsigned number);
const char *errno_text(unsigned number);
