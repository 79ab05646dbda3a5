/*
 * Files by name, from the initrd: a read-only tree, until lab 5 brings file systems.
 *
 * The boot loader's modules are cpio archives; what they hold becomes the tree (tree.c), and nodes
 * of devices are added for those that there are. /proc/self/exe is there, too, because programs
 * look who they are. Everything that would write is refused with -EROFS.
 */
#include "lab4-interrupts/standin/namespace.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/standin/files.h"
#include "lab4-interrupts/standin/walk.h"
#include "lab4-interrupts/standin/working.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

#define DEVICE_PATH 32 /* bytes for "/dev/" and a device's name */

static bool given;

bool namespace_given(void)
{
	return given;
}

/* --- making it --------------------------------------------------------------------- */

/* A node in /dev for each device that has none. */
static void add_devices(void)
{
	static char path[32][DEVICE_PATH];
	unsigned used = 0;
	int error;

	ROWS_EACH (device, device) {
		char *name = path[used];

		if (used == sizeof(path) / sizeof(*path))
			break;
		strlcpy(name, "/dev/", DEVICE_PATH);
		strlcpy(name + 5, device->name, DEVICE_PATH - 5);
		struct node *node = tree_make(name, S_IFCHR | device->mode, &error);

		if (!node || node->major || node->minor || !node_is(node, S_IFCHR))
			continue;
		node->major = device->major;
		node->minor = device->minor;
		used++;
	}
}

static int64_t self_path(char *to, size_t bytes)
{
	struct process *process = task_self() ? process_self() : NULL;
	size_t length;

	if (!process)
		return -ENOENT;
	mutex_lock(&process->lock);
	length = strnlen(process->path, bytes);
	memcpy(to, process->path, length);
	mutex_unlock(&process->lock);
	return (int64_t)length;
}

static void add_proc(void)
{
	int error;
	struct node *exe = tree_make("/proc/self/exe", S_IFLNK | 0777, &error);

	if (exe)
		exe->leads = self_path;
}

static void add_module(const struct boot_module *module)
{
	uint64_t bytes = module->end - module->start;
	int result = tree_add(phys_to_virt(module->start), bytes);

	if (result < 0)
		kprintf("initrd: %lu bytes at 0x%lx are refused: %s\n", bytes, module->start,
			result == -EINVAL ? "no cpio archive (newc)" : "out of memory");
	else
		given = true;
}

void namespace_init(void)
{
	tree_init();
	for (size_t i = 0; i < bootinfo.modules; i++)
		add_module(&bootinfo.module[i]);
	if (!tree_root)
		return;
	add_devices();
	add_proc();
}

/* --- opening ----------------------------------------------------------------------- */

int place_base(struct file *directory, struct place **base)
{
	*base = directory ? directory->place : working_directory();
	if (directory && (!*base || !node_is((*base)->node, S_IFDIR)))
		return -ENOTDIR;
	return 0;
}

/* Whether what is there may be opened so: 0, or the error that open(2) has for it. */
static int may_open(const struct node *node, unsigned flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if ((flags & O_DIRECTORY) && !node_is(node, S_IFDIR))
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (node_is(node, S_IFLNK))
		return -ELOOP;
	if (node_is(node, S_IFDIR))
		return writes || (flags & O_CREAT) ? -EISDIR : 0;
	return node_is(node, S_IFREG) && writes ? -EROFS : 0;
}

static int open_node(struct node *node, unsigned flags, struct file **file)
{
	const struct file_ops *ops = &initrd_file_ops;

	if (flags & O_PATH)
		ops = &initrd_path_ops;
	else if (node_is(node, S_IFCHR))
		return device_open(node->major, node->minor, flags, file);
	else if (node_is(node, S_IFDIR))
		ops = &initrd_directory_ops;
	else if (!node_is(node, S_IFREG))
		return -ENXIO;
	*file = file_create(ops, flags, node);
	return *file ? 0 : -ENOMEM;
}

int file_open(
	struct file *directory, const char *path, unsigned flags, unsigned mode, struct file **file)
{
	struct place *place;
	bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	int result = place_base(directory, &place);

	(void)mode;
	*file = NULL;
	if (result == 0 || path[0] == '/')
		result = walk(place, path, follow, &place);
	if (result == -ENOENT && place && (flags & O_CREAT))
		return -EROFS;
	if (result == 0)
		result = may_open(place->node, flags);
	if (result < 0)
		return result;
	flags |= O_LARGEFILE; /* as on Linux, where all are */
	flags &= ~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	result = open_node(place->node, flags, file);
	if (result == 0)
		(*file)->place = place;
	return result;
}
