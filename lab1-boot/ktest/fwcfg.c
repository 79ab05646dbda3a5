/* Reading files from the host, a byte at a time. See fwcfg.h. */
#include "lab1-boot/ktest/fwcfg.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/lib/string.h"

#define FWCFG_SELECT    0x510
#define FWCFG_DATA      0x511
#define FWCFG_SIGNATURE 0x00
#define FWCFG_DIRECTORY 0x19
#define FWCFG_NAME      56 /* bytes of a file's name */
#define FWCFG_FILES_MAX 1024

uint8_t fwcfg_byte(void)
{
	return in8(FWCFG_DATA);
}

static void read_bytes(char *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (char)fwcfg_byte();
}

static uint32_t read_big_endian(size_t bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | fwcfg_byte();
	return value;
}

/* The directory: how many files, then for each its size, its number, two bytes of nothing, a name.
 */
size_t fwcfg_open(const char *name)
{
	char text[FWCFG_NAME + 1] = "";

	out16(FWCFG_SELECT, FWCFG_SIGNATURE);
	read_bytes(text, 4);
	if (strcmp(text, "QEMU"))
		return 0;

	out16(FWCFG_SELECT, FWCFG_DIRECTORY);
	uint32_t files = read_big_endian(4);
	for (uint32_t i = 0; i < files && i < FWCFG_FILES_MAX; i++) {
		uint32_t bytes = read_big_endian(4);
		uint16_t select = (uint16_t)read_big_endian(2);

		read_big_endian(2);
		read_bytes(text, FWCFG_NAME);
		if (!strcmp(text, name)) {
			out16(FWCFG_SELECT, select);
			return bytes;
		}
	}
	return 0;
}
