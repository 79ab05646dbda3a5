/* Exercise 1.3, hidden: numbers are printed, and read back digit by digit. */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"

static uint64_t digits(const char *text, uint64_t base)
{
	uint64_t value = 0;

	for (; *text; text++) {
		const char *all = "0123456789abcdef", *digit = strchr(all, *text);

		KT_REQUIRE(digit && (uint64_t)(digit - all) < base);
		value = value * base + (uint64_t)(digit - all);
	}
	return value;
}

KTEST(format_reads_back, "1.3", "thousands of numbers of every size say what they were")
{
	char text[40];

	for (int i = 0; i < 4000; i++) {
		uint64_t value = kt_random() >> kt_random() % 64;
		int width = (int)(kt_random() % 30);

		ksnprintf(text, sizeof(text), "%lu", value);
		KT_EQ(digits(text, 10), value);
		ksnprintf(text, sizeof(text), "%0*lx", width, value);
		KT_EQ(digits(text, 16), value);
		KT_TRUE(strlen(text) >= (size_t)width);
		ksnprintf(text, sizeof(text), "%lo", value);
		KT_EQ(digits(text, 8), value);
		ksnprintf(text, sizeof(text), "%ld", (int64_t)value);
		KT_EQ(text[0] == '-' ? -digits(text + 1, 10) : digits(text, 10), value);
	}
}
