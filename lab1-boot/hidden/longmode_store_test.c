/* Exercise 1.1, hidden: stores through the direct map, for test_longmode_store.py. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"

/* Lines "PHYSICAL VALUE" (64 bits each): stores the one at the other. */
KPROBE(longmode_store)
{
	char line[80];

	while (kt_input_line(line, sizeof(line))) {
		uint64_t physical, value;
		char *space = strchr(line, ' ');

		KT_REQUIRE(space && number_parse(line, (size_t)(space - line), &physical) &&
			   number_parse(space + 1, strlen(space + 1), &value));
		*(uint64_t *)phys_to_virt(physical) = value;
	}
	kt_reply("stored");
	for (;;)
		;
}
