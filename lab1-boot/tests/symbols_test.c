/* The symbol table in the kernel's own image. test_symbols.py compares all of it with nm's. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

KTEST(symbols_name_functions, "", "an address inside a function has its name and its offset")
{
	uint64_t address = (uint64_t)strlen;
	struct symbol symbol = symbol_of(address + 3);

	KT_STREQ(symbol.name, "strlen");
	KT_EQ(symbol.offset, 3);
	symbol = symbol_of(address);
	KT_STREQ(symbol.name, "strlen");
	KT_EQ(symbol.offset, 0);
}

KTEST(symbols_outside_are_unknown, "", "an address outside the kernel's code has no name")
{
	static const uint64_t outside[] = { 0, 1, 0xb8000, 1ul << 47, ~0ul };

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		KT_STREQ(symbol_of(outside[i]).name, "?");
	KT_STREQ(symbol_of((uint64_t)text_start - 1).name, "?");
	KT_STREQ(symbol_of((uint64_t)text_end).name, "?");
	KT_STREQ(symbol_of((uint64_t)boot_stack).name, "?");
}

/* Input: offsets from text_start, 4 bytes each, little end first. Reply: "name" and the offset. */
KPROBE(symbols_probe)
{
	int byte;

	while ((byte = kt_input_byte()) >= 0) {
		uint64_t offset = (uint64_t)byte;

		for (int shift = 8; shift < 32; shift += 8)
			offset |= (uint64_t)(kt_input_byte() & 0xff) << shift;
		struct symbol symbol = symbol_of((uint64_t)text_start + offset);
		kt_reply(symbol.name);
		kt_reply_hex(&symbol.offset, sizeof(symbol.offset));
	}
}
