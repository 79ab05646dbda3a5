/*
 * For tests of files: reading and writing them with the kernel's own memory.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/file/file.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/uio.h>

static inline int64_t file_put_bytes(struct file *file, const void *from, size_t bytes)
{
	struct iovec part = { (void *)from, bytes };
	struct buffer buffer = { .part = &part, .parts = 1, .left = bytes, .kernel = true };

	return file_write(file, &buffer, NULL);
}

static inline int64_t file_get_bytes(struct file *file, void *to, size_t bytes)
{
	struct iovec part = { to, bytes };
	struct buffer buffer = { .part = &part, .parts = 1, .left = bytes, .kernel = true };

	return file_read(file, &buffer, NULL);
}
