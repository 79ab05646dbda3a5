/* Reading files for the kernel's own use: see read.h. */
#include "lab4-interrupts/process/read.h"
#include "lab4-interrupts/file/file.h"
#include <linux/errno.h>
#include <linux/uio.h>

int64_t file_read_some(struct file *file, uint64_t offset, void *to, size_t bytes)
{
	size_t done = 0;
	int64_t got = 0;

	if (offset > (uint64_t)INT64_MAX - bytes)
		return -ENOEXEC;
	while (done < bytes) {
		struct iovec part = { (char *)to + done, bytes - done };
		struct buffer buffer = {
			.part = &part, .parts = 1, .left = part.iov_len, .kernel = true
		};
		int64_t position = (int64_t)(offset + done);

		got = file_read(file, &buffer, &position);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return got < 0 ? got : (int64_t)done;
}

int file_read_exactly(struct file *file, uint64_t offset, void *to, size_t bytes)
{
	int64_t got = file_read_some(file, offset, to, bytes);

	if (got < 0)
		return (int)got;
	return (size_t)got == bytes ? 0 : -ENOEXEC;
}
