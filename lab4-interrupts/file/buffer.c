/*
 * Buffers: memory of a program or of the kernel in parts, that is filled or read from the front
 * (file.h).
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/file.h"
#include <linux/uio.h>

/* One copy within a part: how many of the bytes were copied. */
typedef size_t copy_part(const struct buffer *buffer, uint64_t at, void *memory, size_t bytes);

static size_t put_part(const struct buffer *buffer, uint64_t at, void *memory, size_t bytes)
{
	if (!buffer->kernel)
		return copied_to_user(at, memory, bytes);
	memcpy((void *)at, memory, bytes);
	return bytes;
}

static size_t take_part(const struct buffer *buffer, uint64_t at, void *memory, size_t bytes)
{
	if (!buffer->kernel)
		return copied_from_user(memory, at, bytes);
	memcpy(memory, (const void *)at, bytes);
	return bytes;
}

/* So many bytes of the first part are used up: parts that are empty then are passed over. */
static void advance(struct buffer *buffer, size_t bytes)
{
	buffer->done += bytes;
	buffer->left -= bytes;
	while (buffer->parts && buffer->done == buffer->part->iov_len) {
		buffer->part++;
		buffer->parts--;
		buffer->done = 0;
	}
}

static size_t each_part(struct buffer *buffer, void *memory, size_t bytes, copy_part *copy)
{
	size_t all = 0;

	assert(bytes <= buffer->left);
	advance(buffer, 0);
	while (all < bytes) {
		size_t room = buffer->part->iov_len - buffer->done;
		size_t want = room < bytes - all ? room : bytes - all;
		uint64_t at = (uint64_t)buffer->part->iov_base + buffer->done;
		size_t copied = copy(buffer, at, (char *)memory + all, want);

		advance(buffer, copied);
		all += copied;
		if (copied < want)
			break;
	}
	return all;
}

size_t buffer_put(struct buffer *buffer, const void *from, size_t bytes)
{
	return each_part(buffer, (void *)from, bytes, put_part);
}

size_t buffer_take(struct buffer *buffer, void *to, size_t bytes)
{
	return each_part(buffer, to, bytes, take_part);
}
