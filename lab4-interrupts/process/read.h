/* Reading files for the kernel's own use. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct file;

/* file_read_some: up to so many bytes from there on into the kernel's memory; how many, 0 behind
 * the end, or an error. May sleep. */
int64_t file_read_some(struct file *file, uint64_t offset, void *to, size_t bytes);

/* file_read_exactly: 0; -ENOEXEC if the file ends before; or an error. May sleep. */
int file_read_exactly(struct file *file, uint64_t offset, void *to, size_t bytes);
