/*
 * The calls that change names or what they mean: refused, because the initrd is read-only. The
 * error is what a read-only file system has on Linux: what is wrong with the path comes first.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/standin/user_path.h"
#include "lab4-interrupts/standin/walk.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

/* A name that is to be made. */
static int64_t refuse_new(int fd, uint64_t path)
{
	struct place *place;
	int result = place_at(fd, path, AT_SYMLINK_NOFOLLOW, &place);

	if (result == 0)
		return -EEXIST;
	return result == -ENOENT && place ? -EROFS : result;
}

/* Something that there is, and that is to be changed or removed. */
static int64_t refuse_change(int fd, uint64_t path, unsigned flags)
{
	struct place *place;
	int result = place_at(fd, path, flags, &place);

	return result < 0 ? result : -EROFS;
}

/* A name that is to go: Linux sees that it may not before it looks whether it is there. */
static int64_t refuse_gone(int fd, uint64_t path)
{
	struct place *place;
	int result = place_at(fd, path, AT_SYMLINK_NOFOLLOW, &place);

	return result == 0 || place ? -EROFS : result;
}

static int64_t refuse_open(int fd)
{
	struct file *file = table_file(fd);

	if (!file)
		return -EBADF;
	file_put(file);
	return -EROFS;
}

SYSCALL(mkdir, "path, mode", uint64_t, path)
{
	return refuse_new(AT_FDCWD, path);
}

SYSCALL(mkdirat, "dirfd, path, mode", int, fd, uint64_t, path)
{
	return refuse_new(fd, path);
}

SYSCALL(mknod, "path, mode, address", uint64_t, path)
{
	return refuse_new(AT_FDCWD, path);
}

SYSCALL(mknodat, "dirfd, path, mode, address", int, fd, uint64_t, path)
{
	return refuse_new(fd, path);
}

SYSCALL(symlink, "string, path", uint64_t, target, uint64_t, path)
{
	(void)target;
	return refuse_new(AT_FDCWD, path);
}

SYSCALL(symlinkat, "string, dirfd, path", uint64_t, target, int, fd, uint64_t, path)
{
	(void)target;
	return refuse_new(fd, path);
}

SYSCALL(link, "path, path", uint64_t, from, uint64_t, to)
{
	int64_t result = refuse_change(AT_FDCWD, from, AT_SYMLINK_NOFOLLOW);

	return result == -EROFS ? refuse_new(AT_FDCWD, to) : result;
}

SYSCALL(linkat, "dirfd, path, dirfd, path, at_flags", int, from_fd, uint64_t, from, int, to_fd,
	uint64_t, to)
{
	int64_t result = refuse_change(from_fd, from, AT_SYMLINK_NOFOLLOW);

	return result == -EROFS ? refuse_new(to_fd, to) : result;
}

SYSCALL(unlink, "path", uint64_t, path)
{
	return refuse_gone(AT_FDCWD, path);
}

SYSCALL(unlinkat, "dirfd, path, at_flags", int, fd, uint64_t, path)
{
	return refuse_gone(fd, path);
}

SYSCALL(rmdir, "path", uint64_t, path)
{
	return refuse_gone(AT_FDCWD, path);
}

SYSCALL(rename, "path, path", uint64_t, from)
{
	return refuse_gone(AT_FDCWD, from);
}

SYSCALL(renameat, "dirfd, path, dirfd, path", int, fd, uint64_t, from)
{
	return refuse_gone(fd, from);
}

SYSCALL(renameat2, "dirfd, path, dirfd, path, address", int, fd, uint64_t, from)
{
	return refuse_gone(fd, from);
}

SYSCALL(truncate, "path, int", uint64_t, path, int64_t, bytes)
{
	return bytes < 0 ? -EINVAL : refuse_change(AT_FDCWD, path, 0);
}

SYSCALL(chmod, "path, mode", uint64_t, path)
{
	return refuse_change(AT_FDCWD, path, 0);
}

SYSCALL(fchmodat, "dirfd, path, mode", int, fd, uint64_t, path)
{
	return refuse_change(fd, path, 0);
}

SYSCALL(fchmod, "fd, mode", int, fd)
{
	return refuse_open(fd);
}

SYSCALL(chown, "path, uid, gid", uint64_t, path)
{
	return refuse_change(AT_FDCWD, path, 0);
}

SYSCALL(lchown, "path, uid, gid", uint64_t, path)
{
	return refuse_change(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
}

SYSCALL(fchownat, "dirfd, path, uid, gid, at_flags", int, fd, uint64_t, path)
{
	return refuse_change(fd, path, 0);
}

SYSCALL(fchown, "fd, uid, gid", int, fd)
{
	return refuse_open(fd);
}

SYSCALL(utimensat, "dirfd, path, address, at_flags", int, fd, uint64_t, path)
{
	return path ? refuse_change(fd, path, 0) : refuse_open(fd);
}
