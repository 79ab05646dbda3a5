/*
 * Looking up the symbol table: a binary search over addresses in rising order.
 *
 * The table is linked in behind everything else that is read-only: a first link
 * without it tells the addresses, a second one adds it and moves no function.
 */
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/boot/layout.h"

/* The generated file: see grader/symtab.py. */
extern const uint32_t symbol_count;
extern const struct symbol_entry {
	uint32_t address; /* offset from text_start */
	uint32_t name;    /* offset into symbol_names */
} symbol_table[];
extern const char symbol_names[];

struct symbol symbol_of(uint64_t address)
{
	uint64_t offset = address - (uint64_t)text_start;
	uint32_t low = 0, high = symbol_count;

	if (address < (uint64_t)text_start || address >= (uint64_t)text_end)
		return (struct symbol){ "?", 0 };
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_table[middle].address <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct symbol){ "?", 0 };
	return (struct symbol){ symbol_names + symbol_table[low - 1].name,
		offset - symbol_table[low - 1].address };
}
