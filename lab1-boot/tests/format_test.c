/*
 * Exercise 1.3 from inside: each corner of the conversions by itself.
 * test_format.py sends hundreds of random ones and compares with C's own printf.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/tests/scratch.h"

/* What a format makes, in a buffer that is used once. */
__attribute__((format(printf, 1, 2))) static const char *made(const char *format, ...)
{
	static char buffers[16][64];
	static unsigned next;
	char *buffer = buffers[next++ % 16];
	va_list arguments;

	va_start(arguments, format);
	int count = kvsnprintf(buffer, sizeof(buffers[0]), format, arguments);
	va_end(arguments);
	KT_EQ(count, strlen(buffer));
	return buffer;
}

KTEST(format_signed, "1.3", "signs, and the most negative number of each size")
{
	KT_STREQ(made("%d %d %d", 7, -7, INT32_MAX), "7 -7 2147483647");
	KT_STREQ(made("%d", INT32_MIN), "-2147483648");
	KT_STREQ(made("%ld", INT64_MAX), "9223372036854775807");
	KT_STREQ(made("%ld", INT64_MIN), "-9223372036854775808");
	KT_STREQ(made("%hhd %hd", INT8_MIN, INT16_MIN), "-128 -32768");
}

KTEST(format_unsigned, "1.3", "64 bits in each base, and both cases of letters")
{
	KT_STREQ(made("%u", UINT32_MAX), "4294967295");
	KT_STREQ(made("%lu", UINT64_MAX), "18446744073709551615");
	KT_STREQ(made("%x", 0x90abcdefu), "90abcdef");
	KT_STREQ(made("%X", 0x90abcdefu), "90ABCDEF");
	KT_STREQ(made("%lx", 0xfedcba9876543210), "fedcba9876543210");
	KT_STREQ(made("%lo", UINT64_MAX), "1777777777777777777777");
	KT_STREQ(made("%p", (void *)0xffff800000abc000), "0xffff800000abc000");
}

KTEST(format_zero, "1.3", "zero is 0 in every conversion")
{
	KT_STREQ(made("%d", 0), "0");
	KT_STREQ(made("%u", 0u), "0");
	KT_STREQ(made("%x", 0u), "0");
	KT_STREQ(made("%lX", 0ul), "0");
	KT_STREQ(made("%o", 0u), "0");
	KT_STREQ(made("%3d", 0), "  0");
}

KTEST(format_zero_padding, "1.3",
	"zeros stand between the prefix and the digits, and - overrides them")
{
	KT_STREQ(made("%05d", 42), "00042");
	KT_STREQ(made("%05d", -42), "-0042");
	KT_STREQ(made("%018lx", 0xabcul), "000000000000000abc");
	KT_STREQ(made("%02d", -12345), "-12345");
	KT_STREQ(made("%.5d", -42), "-00042");
}

KTEST(format_width, "1.3", "a width counts the prefix, is a least one, and aligns to either side")
{
	KT_STREQ(made("[%6d]", -42), "[   -42]");
	KT_STREQ(made("[%-6d]", -42), "[-42   ]");
	KT_STREQ(made("[%8p]", (void *)0xff), "[    0xff]");
	KT_STREQ(made("[%-8p]", (void *)0xff), "[0xff    ]");
	KT_STREQ(made("[%5s][%-5s]", "ab", "ab"), "[   ab][ab   ]");
	KT_STREQ(made("[%2s][%-2s]", "abcd", "abcd"), "[abcd][abcd]");
	KT_STREQ(made("[%3c][%-3c]", 'x', 'x'), "[  x][x  ]");
	KT_STREQ(made("[%*d][%-*d]", 4, 1, 4, 1), "[   1][1   ]");
}

KTEST(format_string, "1.3", "%.*s reads no further than it may, %s stops at the end mark")
{
	const char *volatile nothing = NULL; /* volatile: the compiler is not to know */
	char *text = memcpy((char *)scratch_end() - 4, "abcd", 4);

	KT_STREQ(made("%.4s", text), "abcd");
	KT_STREQ(made("%.*s", 2, text + 2), "cd");
	KT_STREQ(made("[%s][%.10s][%.0s]", "one", "two", "three"), "[one][two][]");
	KT_STREQ(made("[%6.2s][%-6.2s]", "word", "word"), "[    wo][wo    ]");
	KT_STREQ(made("%s", nothing), "(null)");
}

KTEST(format_wide, "1.3", "a width may be larger than any buffer")
{
	static char wide[1200];

	KT_EQ(ksnprintf(wide, sizeof(wide), "%0999d%99s", 5, "x"), 1098);
	KT_EQ(strlen(wide), 1098);
	KT_EQ(wide[0], '0');
	KT_EQ(wide[998], '5');
	KT_EQ(wide[999], ' ');
	KT_EQ(wide[1097], 'x');
}

KTEST(format_given, "", "plain text, %%, unknown conversions and cut buffers")
{
	char small[6];

	KT_STREQ(made("100%% plain"), "100% plain");
	KT_EQ(ksnprintf(small, sizeof(small), "too long"), 8);
	KT_STREQ(small, "too l");
	KT_EQ(ksnprintf(NULL, 0, "counted"), 7);
}

/* The next word of a line, which is cut there; "" at the end. */
static char *next_field(char **line)
{
	char *field = *line, *end = strchr(field, '\t');

	if (end)
		*end++ = '\0';
	*line = end ? end : field + strlen(field);
	return field;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats come from the host */

/*
 * Lines "TYPE <tab> FORMAT <tab> VALUE": i for an int, l for 64 bits, s for a string,
 * S for a string that only its precision ends. A reply for each: the count that
 * ksnprintf returned, and the text it made.
 */
KPROBE(format_lines)
{
	static char line[512], text[1024];

	while (kt_input_line(line, sizeof(line))) {
		char *rest = line, type = *next_field(&rest);
		const char *format = next_field(&rest), *value = next_field(&rest);
		uint64_t number = 0;
		int32_t count;

		number_parse(value, strlen(value), &number);
		memset(text, 0, sizeof(text));
		if (type == 'i')
			count = ksnprintf(text, sizeof(text), format, (int)number);
		else if (type == 'l')
			count = ksnprintf(text, sizeof(text), format, number);
		else
			count = ksnprintf(text, sizeof(text), format, value);
		kt_reply_hex(&count, sizeof(count));
		kt_reply_hex(text, count < 0 || count > 1023 ? 1023 : (size_t)count);
	}
}

KTEST(format_width_is_bounded, "", "a wrong width does not print for ever", .needs = "1.3")
{
	char text[8];
	volatile int huge = INT32_MAX; /* the compiler would warn of a constant */

	KT_EQ(ksnprintf(text, sizeof(text), "%*d", huge, 1), 4096);
	KT_EQ(ksnprintf(text, sizeof(text), "%*d", -huge - 1, 1), 4096);
}
