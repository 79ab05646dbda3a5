/* The calls that tell what a name means: stat and its relatives, access, readlink. */
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/standin/user_path.h"
#include "lab4-interrupts/standin/walk.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#define STAT_FLAGS  (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)
#define STATFS_READ 1 /* ST_RDONLY of statvfs(3) */

/* --- stat -------------------------------------------------------------------------- */

static int stat_file(int fd, struct stat *stat)
{
	struct file *file = table_file(fd);
	int result;

	if (!file)
		return -EBADF;
	result = file_stat(file, stat);
	file_put(file);
	return result;
}

/* As newfstatat. What is open and has no place, a pipe, is asked itself. */
static int stat_at(int fd, uint64_t path, unsigned flags, struct stat *stat)
{
	struct place *place;
	char first;
	int result;

	if ((flags & AT_EMPTY_PATH) && fd != AT_FDCWD && copy_from_user(&first, path, 1) == 0 &&
		!first)
		return stat_file(fd, stat);
	result = place_at(fd, path, flags, &place);
	return result < 0 ? result : place_stat(place, stat);
}

static int64_t stat_to_user(int fd, uint64_t path, unsigned flags, uint64_t to)
{
	struct stat stat;
	int result = flags & ~STAT_FLAGS ? -EINVAL : stat_at(fd, path, flags, &stat);

	return result < 0 ? result : copy_to_user(to, &stat, sizeof(stat));
}

SYSCALL(stat, "path, address", uint64_t, path, uint64_t, to)
{
	return stat_to_user(AT_FDCWD, path, 0, to);
}

SYSCALL(lstat, "path, address", uint64_t, path, uint64_t, to)
{
	return stat_to_user(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, to);
}

SYSCALL(newfstatat, "dirfd, path, address, at_flags", int, fd, uint64_t, path, uint64_t, to,
	unsigned, flags)
{
	return stat_to_user(fd, path, flags, to);
}

static struct statx_timestamp moment(uint64_t seconds, uint64_t nanoseconds)
{
	return (struct statx_timestamp){ .tv_sec = (int64_t)seconds,
		.tv_nsec = (uint32_t)nanoseconds };
}

/* Split a device's number, as device_number (file/device.h) makes it. */
static void numbers(uint64_t device, uint32_t *major, uint32_t *minor)
{
	*major = device >> 8 & 0xfff;
	*minor = (device & 0xff) | (device >> 12 & ~0xffu);
}

static void statx_of(const struct stat *stat, struct statx *statx)
{
	*statx = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)stat->st_blksize,
		.stx_nlink = (uint32_t)stat->st_nlink,
		.stx_uid = stat->st_uid,
		.stx_gid = stat->st_gid,
		.stx_mode = (uint16_t)stat->st_mode,
		.stx_ino = stat->st_ino,
		.stx_size = (uint64_t)stat->st_size,
		.stx_blocks = (uint64_t)stat->st_blocks,
		.stx_atime = moment(stat->st_atime, stat->st_atime_nsec),
		.stx_mtime = moment(stat->st_mtime, stat->st_mtime_nsec),
		.stx_ctime = moment(stat->st_ctime, stat->st_ctime_nsec),
	};
	numbers(stat->st_dev, &statx->stx_dev_major, &statx->stx_dev_minor);
	numbers(stat->st_rdev, &statx->stx_rdev_major, &statx->stx_rdev_minor);
}

SYSCALL(statx, "dirfd, path, at_flags, address, address", int, fd, uint64_t, path, unsigned, flags,
	unsigned, mask, uint64_t, to)
{
	struct stat stat;
	struct statx statx;
	int result;

	if ((flags & ~(STAT_FLAGS | AT_STATX_SYNC_TYPE)) || (mask & STATX__RESERVED))
		return -EINVAL;
	result = stat_at(fd, path, flags & STAT_FLAGS, &stat);
	if (result < 0)
		return result;
	statx_of(&stat, &statx);
	return copy_to_user(to, &statx, sizeof(statx));
}

/* --- access ------------------------------------------------------------------------ */

/* There is one user, who may do all but what nobody can. */
static int may_access(const struct node *node, unsigned mode)
{
	bool device = node_is(node, S_IFCHR) || node_is(node, S_IFBLK);

	if ((mode & 2) && !device)
		return -EROFS;
	return (mode & 1) && !node_is(node, S_IFDIR) && !(node->mode & 0111) ? -EACCES : 0;
}

static int64_t access_at(int fd, uint64_t path, unsigned mode, unsigned flags)
{
	struct place *place;
	int result;

	if ((mode & ~7u) || (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	result = place_at(fd, path, flags, &place);
	return result < 0 ? result : may_access(place->node, mode);
}

SYSCALL(access, "path, access_mode", uint64_t, path, unsigned, mode)
{
	return access_at(AT_FDCWD, path, mode, 0);
}

SYSCALL(faccessat, "dirfd, path, access_mode", int, fd, uint64_t, path, unsigned, mode)
{
	return access_at(fd, path, mode, 0);
}

SYSCALL(faccessat2, "dirfd, path, access_mode, at_flags", int, fd, uint64_t, path, unsigned, mode,
	unsigned, flags)
{
	return access_at(fd, path, mode, flags);
}

/* --- readlink ---------------------------------------------------------------------- */

static int64_t read_link(const struct node *node, uint64_t to, int bytes)
{
	size_t most = bytes < PATH_MAX ? (size_t)bytes : PATH_MAX;
	char *target;
	int64_t length;

	if (!node_is(node, S_IFLNK))
		return -EINVAL;
	target = kmalloc(PATH_MAX, 0);
	if (!target)
		return -ENOMEM;
	length = link_target(node, target, most);
	if (length > 0 && copy_to_user(to, target, (size_t)length) < 0)
		length = -EFAULT;
	kfree(target);
	return length;
}

static int64_t read_link_at(int fd, uint64_t path, uint64_t to, int bytes)
{
	struct place *place;
	int result;

	if (bytes <= 0)
		return -EINVAL;
	result = place_at(fd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &place);
	return result < 0 ? result : read_link(place->node, to, bytes);
}

SYSCALL(readlink, "path, address, size", uint64_t, path, uint64_t, to, int, bytes)
{
	return read_link_at(AT_FDCWD, path, to, bytes);
}

SYSCALL(readlinkat, "dirfd, path, address, size", int, fd, uint64_t, path, uint64_t, to, int, bytes)
{
	return read_link_at(fd, path, to, bytes);
}

/* --- the file system --------------------------------------------------------------- */

static int64_t tell_system(uint64_t to)
{
	struct statfs statfs = { .f_type = RAMFS_MAGIC,
		.f_bsize = PAGE_SIZE,
		.f_namelen = NAME_MAX,
		.f_frsize = PAGE_SIZE,
		.f_flags = STATFS_READ };

	return copy_to_user(to, &statfs, sizeof(statfs));
}

SYSCALL(statfs, "path, address", uint64_t, path, uint64_t, to)
{
	struct place *place;
	int result = place_at(AT_FDCWD, path, 0, &place);

	return result < 0 ? result : tell_system(to);
}

SYSCALL(fstatfs, "fd, address", int, fd, uint64_t, to)
{
	struct file *file = table_file(fd);

	if (!file)
		return -EBADF;
	file_put(file);
	return tell_system(to);
}
