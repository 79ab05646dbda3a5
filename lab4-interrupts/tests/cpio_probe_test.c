/*
 * For test_cpio.py: archives come in, and what is read in them goes back.
 *
 * Each archive lies with its last byte before an unmapped page, so that looking behind its end is
 * found at once.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab4-interrupts/file/cpio.h"

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return hash;
}

static uint64_t hash_entry(uint64_t hash, const struct cpio_entry *entry)
{
	hash = hash_bytes(hash, entry->name, strlen(entry->name) + 1);
	hash = hash_bytes(hash, entry->data, entry->bytes);
	return hash_bytes(hash, entry, offsetof(struct cpio_entry, node_minor) + 4);
}

static void read_archive(const char *start, size_t bytes)
{
	struct cpio archive = { .start = start, .bytes = bytes };
	struct cpio_entry entry;
	uint64_t hash = 0xcbf29ce484222325;
	unsigned count = 0;
	char line[64];
	int result;

	while ((result = cpio_next(&archive, &entry)) > 0) {
		hash = hash_entry(hash, &entry);
		count++;
	}
	ksnprintf(line, sizeof(line), "%d %u %lx", result, count, hash);
	kt_reply(line);
}

/* A number of 4 bytes, the lowest first; -1 at the end of the input. */
static int64_t input_number(void)
{
	int64_t number = 0;

	for (int i = 0; i < 4; i++) {
		int byte = kt_input_byte();

		if (byte < 0)
			return -1;
		number |= (int64_t)byte << 8 * i;
	}
	return number;
}

KPROBE(cpio_archives)
{
	int64_t bytes;

	while ((bytes = input_number()) >= 0) {
		size_t rounded = ((size_t)bytes + PAGE_SIZE) & -PAGE_SIZE;
		char *area = area_alloc(rounded), *start;

		KT_REQUIRE(area);
		start = area + rounded - bytes;
		for (int64_t i = 0; i < bytes; i++)
			start[i] = (char)kt_input_byte();
		read_archive(start, (size_t)bytes);
		area_free(area);
	}
}
