/*
 * Where firmware's ACPI tables lie. Most firmware marks them in its memory map,
 * some leaves them in memory that it calls usable.
 */
#pragma once
#include <stdint.h>

/*
 * firmware_tables: call found for each table that the root pointer leads to, [start, end) in
 * physical memory. Only what the boot tables reach is followed; a length that cannot be is passed
 * over. The tables' content is not judged here: that is lab 3's.
 */
void firmware_tables(void (*found)(uint64_t start, uint64_t end));
