/*
 * Where firmware's ACPI tables lie. Most firmware marks them in its memory map,
 * some leaves them in memory that it calls usable.
 *
 * Until the kernel's map is made they are reached through the boot tables, then through
 * that map; what is not mapped is not followed.
 */
#pragma once
#include <stdint.h>

/*
 * firmware_tables: call found for each table that the root pointer leads to, [start, end) in
 * physical memory. A length that cannot be is passed over. The tables' content is not judged here:
 * they are only to be left alone.
 */
void firmware_tables(void (*found)(uint64_t start, uint64_t end));

/*
 * firmware_find: the first table with this signature of four letters, where it lies, and how many
 * bytes it says it has, all of which can be read; its content is the caller's to judge. 0; -ENOENT
 * if there is none; -EINVAL if there is none and a root pointer or a root table is broken.
 */
int firmware_find(const char *signature, const void **table, uint32_t *bytes);

/* firmware_sum: 0 if the checksum of a table is right. */
uint8_t firmware_sum(const void *table, uint64_t bytes);
