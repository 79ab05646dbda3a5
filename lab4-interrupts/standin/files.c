/* Open files and directories of the initrd: see files.h. */
#include "lab4-interrupts/standin/files.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/file/entries.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/standin/walk.h"
#include <asm/stat.h>
#include <linux/errno.h>

#define BLOCK 512 /* bytes that stat counts in */

/* --- files ------------------------------------------------------------------------- */

static int64_t node_read(struct file *file, struct buffer *to, int64_t *position)
{
	struct node *node = file->data;
	uint64_t left = (uint64_t)*position < node->bytes ? node->bytes - (uint64_t)*position : 0;
	size_t want = to->left < left ? to->left : left, copied;

	if (!want)
		return 0;
	copied = buffer_put(to, node->data + *position, want);
	*position += (int64_t)copied;
	return copied ? (int64_t)copied : -EFAULT;
}

static int64_t node_seek(struct file *file, int64_t offset, int whence)
{
	struct node *node = file->data;

	return file_seek_in(file, offset, whence, (int64_t)node->bytes);
}

static int node_object(struct file *file, struct vm_object **object)
{
	struct node *node = file->data;

	vm_object_get(&node->object);
	*object = &node->object;
	return 0;
}

const struct file_ops initrd_file_ops = {
	.name = "initrd file", .read = node_read, .seek = node_seek, .object = node_object
};

const struct file_ops initrd_path_ops = { .name = "path" };

/* --- directories ------------------------------------------------------------------- */

/* "." and "..", which have the first two positions. */
static bool list_dots(struct entries *entries, const struct place *place, int64_t *position)
{
	const struct node *of[] = { place->node, place->parent->node };

	for (; *position < 2; (*position)++)
		if (!entries_add(entries, of[*position]->number, S_IFDIR, "..",
			    (size_t)*position + 1, *position + 1))
			return false;
	return true;
}

static int64_t node_list(struct file *file, void *to, size_t bytes)
{
	struct entries entries = { .to = to, .bytes = bytes };
	struct node *node = file->data;
	bool room = list_dots(&entries, file->place, &file->position);

	for (struct list *link = node->children.next; room && link != &node->children;
		link = link->next) {
		struct place *place = list_entry(link, struct place, sibling);
		int64_t behind = (int64_t)place->position + 3;

		if (behind <= file->position)
			continue;
		room = entries_add(&entries, place->node->number, place->node->mode, place->name,
			place->length, behind);
		if (room)
			file->position = behind;
	}
	return !room && !entries.used ? -EINVAL : (int64_t)entries.used;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
	return file_seek_in(file, offset, whence, INT64_MAX);
}

const struct file_ops initrd_directory_ops = {
	.name = "initrd directory", .seek = directory_seek, .list = node_list
};

/* --- places ------------------------------------------------------------------------ */

void place_put(struct place *place)
{
	(void)place; /* they stay for ever */
}

int place_stat(struct place *place, struct stat *stat)
{
	const struct node *node = place->node;

	*stat = (struct stat){
		.st_dev = 1,
		.st_ino = node->number,
		.st_nlink = node->links,
		.st_mode = node->mode,
		.st_uid = node->user,
		.st_gid = node->group,
		.st_size = (int64_t)node->bytes,
		.st_blksize = PAGE_SIZE,
		.st_blocks = (int64_t)(node->bytes / BLOCK + !!(node->bytes % BLOCK)),
		.st_atime = node->changed,
		.st_mtime = node->changed,
		.st_ctime = node->changed,
	};
	if (node_is(node, S_IFCHR) || node_is(node, S_IFBLK))
		stat->st_rdev = device_number(node->major, node->minor);
	return 0;
}

int64_t file_path(struct file *file, char *path, size_t bytes)
{
	return file->place ? place_path(file->place, path, bytes) : -ENOENT;
}
