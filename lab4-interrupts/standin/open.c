/* The calls that open files by their names, and what goes with the working directory. */
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/standin/user_path.h"
#include "lab4-interrupts/standin/walk.h"
#include "lab4-interrupts/standin/working.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

/* --- opening ----------------------------------------------------------------------- */

static int64_t open_and_install(
	struct file *directory, const char *path, unsigned flags, unsigned mode)
{
	struct file *file;
	int fd, result = file_open(directory, path, flags, mode, &file);

	if (result < 0)
		return result;
	fd = table_install(process_self()->files, file, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

static int64_t open_at(int fd, uint64_t from, unsigned flags, unsigned mode)
{
	struct file *directory = NULL;
	char *path;
	int64_t result = path_from_user(from, &path);

	if (result < 0)
		return result;
	if (path[0] != '/')
		result = directory_at(fd, &directory);
	if (result == 0)
		result = open_and_install(directory, path, flags, mode);
	if (directory)
		file_put(directory);
	kfree(path);
	return result;
}

SYSCALL(open, "path, open_flags, mode", uint64_t, path, unsigned, flags, unsigned, mode)
{
	return open_at(AT_FDCWD, path, flags, mode);
}

SYSCALL(openat, "dirfd, path, open_flags, mode", int, fd, uint64_t, path, unsigned, flags, unsigned,
	mode)
{
	return open_at(fd, path, flags, mode);
}

SYSCALL(creat, "path, mode", uint64_t, path, unsigned, mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* --- the working directory --------------------------------------------------------- */

static int64_t go_to(struct place *place)
{
	struct working *working = working_self();

	if (!node_is(place->node, S_IFDIR))
		return -ENOTDIR;
	if (!working)
		return -ENOMEM;
	__atomic_store_n(&working->directory, place, __ATOMIC_RELAXED);
	return 0;
}

SYSCALL(chdir, "path", uint64_t, path)
{
	struct place *place;
	int result = place_at(AT_FDCWD, path, 0, &place);

	return result < 0 ? result : go_to(place);
}

SYSCALL(fchdir, "fd", int, fd)
{
	struct file *file = table_file(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	result = file->place ? go_to(file->place) : -ENOTDIR;
	file_put(file);
	return result;
}

SYSCALL(getcwd, "address, size", uint64_t, to, uint64_t, bytes)
{
	char *path = kmalloc(PATH_MAX, 0);
	int64_t length;

	if (!path)
		return -ENOMEM;
	length = place_path(working_directory(), path, PATH_MAX);
	if (length == -ERANGE)
		length = -ENAMETOOLONG;
	else if ((uint64_t)length + 1 > bytes)
		length = -ERANGE;
	else if (copy_to_user(to, path, (size_t)length + 1) < 0)
		length = -EFAULT;
	kfree(path);
	return length < 0 ? length : length + 1;
}

SYSCALL(umask, "mode", unsigned, mask)
{
	struct working *working = working_self();

	if (!working)
		return -ENOMEM;
	return __atomic_exchange_n(&working->umask, mask & 0777, __ATOMIC_RELAXED);
}
