/*
 * Memory and strings. Plain loops over 8 bytes where that is easy: under QEMU's
 * translator "rep movsb" costs an instruction a byte. See string.h.
 */
#include "lab1-boot/lib/string.h"
#include <stdint.h>

/* Eight bytes at any address; may_alias lets them overlap whatever type is there. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	return memmove(to, from, bytes);
}

static void copy_up(char *to, const char *from, size_t bytes)
{
	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)to = *(const word *)from;
		to += sizeof(word);
		from += sizeof(word);
	}
	while (bytes--)
		*to++ = *from++;
}

static void copy_down(char *to, const char *from, size_t bytes)
{
	for (; bytes >= sizeof(word); bytes -= sizeof(word))
		*(word *)(to + bytes - sizeof(word)) = *(const word *)(from + bytes - sizeof(word));
	while (bytes--)
		to[bytes] = from[bytes];
}

void *memmove(void *to, const void *from, size_t bytes)
{
	if ((uintptr_t)to - (uintptr_t)from >= bytes)
		copy_up(to, from, bytes);
	else
		copy_down(to, from, bytes);
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	char *at = to;
	uint64_t eight = (uint8_t)byte * 0x0101010101010101ul;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)at = eight;
		at += sizeof(word);
	}
	while (bytes--)
		*at++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *left = a, *right = b;

	for (size_t i = 0; i < bytes; i++)
		if (left[i] != right[i])
			return left[i] - right[i];
	return 0;
}

size_t strnlen(const char *text, size_t most)
{
	size_t length = 0;

	while (length < most && text[length])
		length++;
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t most)
{
	for (size_t i = 0; i < most; i++)
		if (a[i] != b[i] || !a[i])
			return (unsigned char)a[i] - (unsigned char)b[i];
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int byte)
{
	for (; *text != (char)byte; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strstr(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; strncmp(text, part, length); text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

size_t strlcpy(char *to, const char *from, size_t bytes)
{
	size_t length = strlen(from);
	size_t copied = length < bytes ? length : bytes - 1;

	memcpy(to, from, copied);
	to[copied] = '\0';
	return length;
}
