/* Calls about what is open, other than reading and writing it. */
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#define LIST_MAX (32 * 1024) /* bytes of directory entries that one call gives at most */

static int64_t seek(struct file *file, int64_t offset, int whence)
{
	int64_t result;

	if (file->flags & O_PATH)
		return -EBADF;
	if (whence < 0 || whence > SEEK_MAX)
		return -EINVAL;
	if (!file->ops->seek)
		return -ESPIPE;
	mutex_lock(&file->lock);
	result = file->ops->seek(file, offset, whence);
	mutex_unlock(&file->lock);
	return result;
}

SYSCALL(lseek, "fd, int, whence", int, fd, int64_t, offset, int, whence)
{
	struct file *file = table_file(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	result = seek(file, offset, whence);
	file_put(file);
	return result;
}

SYSCALL(fstat, "fd, address", int, fd, uint64_t, to)
{
	struct file *file = table_file(fd);
	struct stat stat;
	int result;

	if (!file)
		return -EBADF;
	result = file_stat(file, &stat);
	file_put(file);
	return result < 0 ? result : copy_to_user(to, &stat, sizeof(stat));
}

/* --- directories ------------------------------------------------------------------- */

static int64_t list(struct file *file, uint64_t to, size_t bytes)
{
	void *entries;
	int64_t result;

	if (file->flags & O_PATH)
		return -EBADF;
	if (!file->ops->list)
		return -ENOTDIR;
	entries = kmalloc(bytes ? bytes : 1, 0);
	if (!entries)
		return -ENOMEM;
	mutex_lock(&file->lock);
	int64_t before = file->position;

	result = file->ops->list(file, entries, bytes);
	if (result > 0 && copy_to_user(to, entries, (size_t)result) < 0) {
		file->position = before;
		result = -EFAULT;
	}
	mutex_unlock(&file->lock);
	kfree(entries);
	return result;
}

SYSCALL(getdents64, "fd, address, size", int, fd, uint64_t, to, unsigned, bytes)
{
	struct file *file = table_file(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	result = list(file, to, bytes < LIST_MAX ? bytes : LIST_MAX);
	file_put(file);
	return result;
}

/* --- ioctl ------------------------------------------------------------------------- */

/* FIONBIO, FIOASYNC: a flag by another way than fcntl. */
static int64_t set_flag(struct file *file, unsigned flag, uint64_t argument)
{
	int on;

	if (copy_from_user(&on, argument, sizeof(on)) < 0)
		return -EFAULT;
	file_set_flags(file, on ? file->flags | flag : file->flags & ~flag);
	return 0;
}

static int64_t file_ioctl(struct file *file, int fd, unsigned request, uint64_t argument)
{
	if (file->flags & O_PATH)
		return -EBADF;
	switch (request) {
	case FIOCLEX:
		return table_mark(process_self()->files, fd, true);
	case FIONCLEX:
		return table_mark(process_self()->files, fd, false);
	case FIONBIO:
		return set_flag(file, O_NONBLOCK, argument);
	case FIOASYNC:
		return set_flag(file, FASYNC, argument);
	default:
		return file->ops->ioctl ? file->ops->ioctl(file, request, argument) : -ENOTTY;
	}
}

SYSCALL(ioctl, "fd, ioctl, address", int, fd, unsigned, request, uint64_t, argument)
{
	struct file *file = table_file(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	result = file_ioctl(file, fd, request, argument);
	file_put(file);
	return result;
}

/* --- what only disks know (lab 5) -------------------------------------------------- */

/* There is nothing to be written back: but a pipe could not be asked at all. */
static int64_t synchronize(int fd)
{
	struct file *file = table_file(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	result = file->flags & O_PATH ? -EBADF : file->place ? 0 : -EINVAL;
	file_put(file);
	return result;
}

SYSCALL(fsync, "fd", int, fd)
{
	return synchronize(fd);
}

SYSCALL(fdatasync, "fd", int, fd)
{
	return synchronize(fd);
}

SYSCALL(ftruncate, "fd, int", int, fd, int64_t, bytes)
{
	if (bytes < 0)
		return -EINVAL;
	return table_marked(process_self()->files, fd) < 0 ? -EBADF : -EINVAL;
}
