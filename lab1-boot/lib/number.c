/* Reading numbers from text. See number.h. */
#include "lab1-boot/lib/number.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool number_parse(const char *text, size_t length, uint64_t *number)
{
	bool hexadecimal = length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
	uint64_t value = 0, base = hexadecimal ? 16 : 10;
	size_t i = hexadecimal ? 2 : 0;

	if (length == 0)
		return false;
	for (; i < length; i++) {
		uint64_t digit = (uint64_t)digit_value(text[i]);

		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
	}
	*number = value;
	return true;
}

/* By how many bits a suffix shifts; 0 if it is none. */
static unsigned suffix_shift(char c)
{
	c |= 0x20;
	return c == 'k' ? 10 : c == 'm' ? 20 : c == 'g' ? 30 : 0;
}

bool size_parse(const char *text, size_t length, uint64_t *bytes)
{
	unsigned shift = length > 0 ? suffix_shift(text[length - 1]) : 0;
	uint64_t value;

	if (!number_parse(text, length - (shift > 0), &value) || value > UINT64_MAX >> shift)
		return false;
	*bytes = value << shift;
	return true;
}
