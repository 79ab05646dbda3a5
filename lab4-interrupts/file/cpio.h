/*
 * Reading a cpio archive in the "newc" form, which Linux's initrds have.
 *
 * An entry is a header of 110 characters (a magic number and 13 numbers of 8 hexadecimal digits),
 * a name, and data; name and data are filled up to a multiple of 4 bytes. The name "TRAILER!!!"
 * ends an archive; behind it there may be zeros and another archive, which goes on.
 *
 * The archive is the user's, and believed in nothing: no byte outside of it is looked at.
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CPIO_NAME_MAX 4096 /* bytes, with the 0 */

struct cpio {
	const char *start;
	size_t bytes;
	size_t at;      /* a multiple of 4 */
	uint32_t ended; /* archives that have ended before it */
};

/* What an entry says. name ends with a 0; data does not. Both point into the archive. */
struct cpio_entry {
	uint32_t inode, mode, user, group, links, modified;
	uint32_t bytes; /* of data */
	uint32_t device_major, device_minor;
	uint32_t node_major, node_minor; /* of the device that the entry is */
	const char *name;
	const char *data;
};

/* cpio_next: the next entry: 1; 0 at the end; -EINVAL if what is there is no archive. */
int cpio_next(struct cpio *archive, struct cpio_entry *entry);
