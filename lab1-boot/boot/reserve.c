/* Reading "memmap=SIZE$START,...". See reserve.h. */
#include "lab1-boot/boot/reserve.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/lib/number.h"

/* How many characters stand before the next stop, or in all. */
static size_t before(const char *text, size_t length, char stop)
{
	size_t i = 0;

	while (i < length && text[i] != stop)
		i++;
	return i;
}

/* One "SIZE$START". */
static void reserve_one(struct memmap_raw *raw, const char *text, size_t length)
{
	size_t middle = before(text, length, '$');
	uint64_t bytes, start;

	if (middle < length && size_parse(text, middle, &bytes) &&
		size_parse(text + middle + 1, length - middle - 1, &start))
		memmap_add(raw, start, bytes, MEMMAP_TYPE_RESERVED);
}

void reserve_asked(struct memmap_raw *raw)
{
	size_t length;
	const char *text = cmdline_value("memmap", &length);

	while (text && length > 0) {
		size_t one = before(text, length, ',');

		reserve_one(raw, text, one);
		one += one < length; /* the comma */
		text += one;
		length -= one;
	}
}
