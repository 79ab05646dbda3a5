/* Paths of programs: see user_path.h. */
#include "lab4-interrupts/standin/user_path.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/standin/namespace.h"
#include "lab4-interrupts/standin/walk.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

int path_from_user(uint64_t from, char **path)
{
	char *copy = kmalloc(PATH_MAX, 0);
	int64_t length;

	*path = NULL;
	if (!copy)
		return -ENOMEM;
	length = string_from_user(copy, from, PATH_MAX);
	if (length < 0) {
		kfree(copy);
		return (int)length;
	}
	*path = copy;
	return 0;
}

int directory_at(int fd, struct file **directory)
{
	*directory = fd == AT_FDCWD ? NULL : table_file(fd);
	return fd == AT_FDCWD || *directory ? 0 : -EBADF;
}

/* Places stay for ever, so the file that led to one may be closed meanwhile. */
static int walk_from(int fd, const char *path, bool follow, struct place **place)
{
	struct file *directory;
	struct place *base = NULL;
	int result = 0;

	if (path[0] != '/') {
		result = directory_at(fd, &directory);
		if (result < 0)
			return result;
		result = path[0] ? place_base(directory, &base) : 0;
		if (directory)
			file_put(directory);
	}
	return result < 0 ? result : walk(base, path, follow, place);
}

/* The place of what is open itself. */
static int place_of(int fd, struct place **place)
{
	struct file *file;
	int result = directory_at(fd, &file);

	if (result < 0)
		return result;
	if (!file)
		return place_base(NULL, place);
	*place = file->place;
	file_put(file);
	return *place ? 0 : -EINVAL;
}

int place_at(int fd, uint64_t from, unsigned flags, struct place **place)
{
	char *path;
	int result = path_from_user(from, &path);

	*place = NULL;
	if (result < 0)
		return result;
	if (!path[0] && (flags & AT_EMPTY_PATH))
		result = place_of(fd, place);
	else
		result = walk_from(fd, path, !(flags & AT_SYMLINK_NOFOLLOW), place);
	kfree(path);
	return result;
}
