/*
 * A MADT that a test builds: begin, entries, seal. It lies at the beginning of a page, so that it
 * can be looked at where it ends with one.
 */
#pragma once
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include <stddef.h>
#include <stdint.h>

#define HEADER 44 /* bytes */

static uint8_t table[PAGE_SIZE];
static uint32_t bytes;

/* Write so many bytes of a number, at any address. */
static inline void put(uint32_t at, uint32_t value, size_t size)
{
	memcpy(table + at, &value, size);
}

static inline void put32(uint32_t at, uint32_t value)
{
	put(at, value, 4);
}

static inline void begin(void)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "APIC", 4);
	bytes = HEADER;
}

/* An entry of zeros behind the others; where it begins. */
static inline uint32_t entry(uint8_t kind, uint8_t length)
{
	uint32_t at = bytes;

	table[at] = kind;
	table[at + 1] = length;
	bytes += length;
	return at;
}

/* Its length and checksum are right. */
static inline void seal(void)
{
	put32(4, bytes);
	table[9] = 0;
	table[9] = (uint8_t)-firmware_sum(table, bytes);
}
