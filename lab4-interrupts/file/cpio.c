/* Reading cpio archives: see cpio.h. */
#include "lab4-interrupts/file/cpio.h"
#include "lab1-boot/lib/string.h"
#include <linux/errno.h>

#define HEADER  110
#define MAGIC   6
#define FIELD   8
#define FIELDS  13
#define TRAILER "TRAILER!!!"

/* The fields' places in the header. */
enum { INODE, MODE, USER, GROUP, LINKS, MODIFIED, BYTES, DEVICE_MAJOR, DEVICE_MINOR };
enum { NODE_MAJOR = DEVICE_MINOR + 1, NODE_MINOR, NAME_BYTES, CHECK };
_Static_assert(CHECK == FIELDS - 1 && MAGIC + FIELDS * FIELD == HEADER, "the header of newc");

static int digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* 8 digits. 0, or -EINVAL if one is none. */
static int read_field(const char *from, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < FIELD; i++) {
		int d = digit(from[i]);

		if (d < 0)
			return -EINVAL;
		*value = *value << 4 | (uint32_t)d;
	}
	return 0;
}

static int read_header(const char *from, uint32_t field[FIELDS])
{
	if (memcmp(from, "070701", MAGIC) != 0 && memcmp(from, "070702", MAGIC) != 0)
		return -EINVAL;
	for (int i = 0; i < FIELDS; i++)
		if (read_field(from + MAGIC + i * FIELD, &field[i]) < 0)
			return -EINVAL;
	return 0;
}

static void fill(struct cpio_entry *entry, const uint32_t field[FIELDS])
{
	*entry = (struct cpio_entry){
		.inode = field[INODE],
		.mode = field[MODE],
		.user = field[USER],
		.group = field[GROUP],
		.links = field[LINKS],
		.modified = field[MODIFIED],
		.bytes = field[BYTES],
		.device_major = field[DEVICE_MAJOR],
		.device_minor = field[DEVICE_MINOR],
		.node_major = field[NODE_MAJOR],
		.node_minor = field[NODE_MINOR],
	};
}

static size_t round_up(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

/* Take so many bytes (below 2^33) and what fills them up; NULL if there are less. */
static const char *take(struct cpio *archive, size_t bytes)
{
	const char *taken = archive->start + archive->at;

	if (bytes > archive->bytes - archive->at)
		return NULL;
	archive->at += round_up(bytes);
	if (archive->at > archive->bytes) /* the last one may lack what fills it up */
		archive->at = archive->bytes;
	return taken;
}

static int take_entry(struct cpio *archive, struct cpio_entry *entry)
{
	uint32_t field[FIELDS];
	const char *header = archive->start + archive->at;
	size_t name_bytes;

	if (archive->bytes - archive->at < HEADER || read_header(header, field) < 0)
		return -EINVAL;
	fill(entry, field);
	name_bytes = field[NAME_BYTES];
	if (name_bytes == 0 || name_bytes > CPIO_NAME_MAX)
		return -EINVAL;
	if (!take(archive, HEADER + name_bytes) || header[HEADER + name_bytes - 1] != 0)
		return -EINVAL;
	entry->name = header + HEADER;
	entry->data = take(archive, entry->bytes);
	return entry->data ? 1 : -EINVAL;
}

/* Behind a trailer: on to the next archive, if there is one. */
static void skip_zeros(struct cpio *archive)
{
	while (archive->at < archive->bytes && archive->start[archive->at] == 0)
		archive->at++;
}

int cpio_next(struct cpio *archive, struct cpio_entry *entry)
{
	while (archive->at < archive->bytes) {
		int result = take_entry(archive, entry);

		if (result < 0 || strcmp(entry->name, TRAILER) != 0)
			return result;
		archive->ended++;
		skip_zeros(archive);
	}
	return 0;
}
