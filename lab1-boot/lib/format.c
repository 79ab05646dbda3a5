/*
 * printf's formatting: see format.h.
 *
 * A conversion is read into a struct spec, its argument fetched by its length,
 * and its digits made by number(). Text and numbers are padded in one place.
 */
#include "lab1-boot/lib/format.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include <stdbool.h>
#include <stdint.h>

#define WIDTH_MAX 4096 /* a wrong width must not print for ever */

/* One conversion, "%-08lx" say, taken apart. */
struct spec {
	bool left;     /* - */
	bool zeros;    /* 0 */
	int width;     /* least characters */
	int precision; /* most characters of %s, least digits of a number; -1 if none */
	char length;   /* 'H' for hh, 'h', 'l' for all the 64-bit ones, 0 for int */
	char kind;     /* d i u x X o p s c % */
};

/* The sink, and how many characters it took. */
struct output {
	struct format_sink *sink;
	int count;
};

static void put(struct output *out, char c)
{
	out->sink->put(out->sink, c);
	out->count++;
}

/* So many times the same; none if times is 0 or less. */
static void put_times(struct output *out, char c, int times)
{
	for (int i = 0; i < times; i++)
		put(out, c);
}

/*
 * Put the text of the given length, padded to spec's width with spaces: on the
 * left, or on the right if spec says to align left.
 */
static void put_padded(struct output *out, const struct spec *spec, const char *text, int length)
{
	/* Exercise 1.3: the text, and the spaces before or behind it. */
	// BEGIN SOLUTION 1.3
	if (!spec->left)
		put_times(out, ' ', spec->width - length);
	for (int i = 0; i < length; i++)
		put(out, text[i]);
	if (spec->left)
		put_times(out, ' ', spec->width - length);
	// END SOLUTION 1.3 => todo("1.3"); (void)out, (void)spec, (void)text, (void)length,
	// (void)put_times;
}

/*
 * Put a number: its prefix ("-", "0x" or ""), then its digits in the given base
 * (8, 10 or 16), upper-case letters for %X. Padding to the width is spaces, or
 * zeros between prefix and digits when the flag 0 asks for them; - overrides 0,
 * and a precision (least number of digits) does, too. Zero is "0".
 */
static void put_number(struct output *out, const struct spec *spec, const char *prefix,
	uint64_t value, unsigned base)
{
	/* Exercise 1.3: 64 bits make at most 22 digits; a width can be larger than any
	 * buffer that you would like to have on a kernel's stack. */
	// BEGIN SOLUTION 1.3
	const char *digits = spec->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int length = 0, prefix_length = (int)strlen(prefix);
	int zeros = spec->precision;

	do {
		text[sizeof(text) - 1 - length++] = digits[value % base];
		value /= base;
	} while (value);

	if (spec->zeros && !spec->left && spec->precision < 0)
		zeros = spec->width - prefix_length;
	zeros = zeros > length ? zeros - length : 0;

	int spaces = spec->width - prefix_length - zeros - length;
	if (!spec->left)
		put_times(out, ' ', spaces);
	while (*prefix)
		put(out, *prefix++);
	put_times(out, '0', zeros);
	for (int i = 0; i < length; i++)
		put(out, text[sizeof(text) - length + i]);
	if (spec->left)
		put_times(out, ' ', spaces);
	// END SOLUTION 1.3 => todo("1.3"); (void)out, (void)spec, (void)prefix, (void)value,
	// (void)base;
}

/* Put a signed number in base 10: any value, the most negative one included. */
static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
	/* Exercise 1.3: the sign is put_number's prefix. */
	// BEGIN SOLUTION 1.3
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	put_number(out, spec, value < 0 ? "-" : "", magnitude, 10);
	// END SOLUTION 1.3 => todo("1.3"); (void)value; put_number(out, spec, "", 0, 10);
}

/*
 * Put a string: at most precision characters of it if there is a precision
 * (there may be no end mark behind them), "(null)" for a null pointer.
 */
static void put_string(struct output *out, const struct spec *spec, const char *text)
{
	/* Exercise 1.3: find the length without reading too far. */
	// BEGIN SOLUTION 1.3
	if (!text)
		text = "(null)";
	size_t most = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	put_padded(out, spec, text, (int)strnlen(text, most));
	// END SOLUTION 1.3 => todo("1.3"); (void)text; put_padded(out, spec, "", 0);
}

/* A decimal number at *text, which moves behind it; capped so that no width runs for ever. */
static int read_number(const char **text)
{
	int value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		if (value < 1000)
			value = value * 10 + (**text - '0');
	return value;
}

/* Read the conversion behind a %, and leave *text behind it. The caller handles any '*'. */
static const char *read_length(const char *text, struct spec *spec)
{
	for (;; text++) {
		if (*text == 'h')
			spec->length = spec->length == 'h' ? 'H' : 'h';
		else if (*text == 'l' || *text == 'z' || *text == 'j' || *text == 't')
			spec->length = 'l';
		else
			return text;
	}
}

static int64_t narrow_signed(const struct spec *spec, int64_t value)
{
	switch (spec->length) {
	case 'H':
		return (int8_t)value;
	case 'h':
		return (int16_t)value;
	case 'l':
		return value;
	default:
		return (int32_t)value;
	}
}

static uint64_t narrow_unsigned(const struct spec *spec, uint64_t value)
{
	switch (spec->length) {
	case 'H':
		return (uint8_t)value;
	case 'h':
		return (uint16_t)value;
	case 'l':
		return value;
	default:
		return (uint32_t)value;
	}
}

/* A va_list in a structure can be handed on and used further by address (C11, 7.16, footnote 253).
 */
struct arguments {
	va_list list;
};

/* Every integer is fetched as what it was passed as, an int or 64 bits, and then made narrow. */
static uint64_t next_integer(const struct spec *spec, struct arguments *arguments)
{
	if (spec->length == 'l')
		return va_arg(arguments->list, uint64_t);
	return (uint64_t)va_arg(arguments->list, int);
}

/* A width or precision: digits, or '*' for the next argument. */
static int read_count(const char **text, struct arguments *arguments)
{
	if (**text != '*')
		return read_number(text);
	(*text)++;
	return va_arg(arguments->list, int);
}

static struct spec read_spec(const char **text, struct arguments *arguments)
{
	struct spec spec = { .precision = -1 };

	for (;; (*text)++) {
		if (**text == '-')
			spec.left = true;
		else if (**text == '0')
			spec.zeros = true;
		else
			break;
	}
	spec.width = read_count(text, arguments);
	if (spec.width < 0) {
		spec.left = true;
		spec.width = spec.width > -WIDTH_MAX ? -spec.width : WIDTH_MAX;
	}
	if (spec.width > WIDTH_MAX)
		spec.width = WIDTH_MAX;
	if (**text == '.') {
		(*text)++;
		spec.precision = read_count(text, arguments);
	}
	*text = read_length(*text, &spec);
	spec.kind = **text;
	return spec;
}

/* Put one conversion; false if it is none that we know. */
static bool put_conversion(struct output *out, const struct spec *spec, struct arguments *arguments)
{
	char c;

	switch (spec->kind) {
	case 'd':
	case 'i':
		put_signed(out, spec, narrow_signed(spec, (int64_t)next_integer(spec, arguments)));
		return true;
	case 'u':
		put_number(out, spec, "", narrow_unsigned(spec, next_integer(spec, arguments)), 10);
		return true;
	case 'x':
	case 'X':
		put_number(out, spec, "", narrow_unsigned(spec, next_integer(spec, arguments)), 16);
		return true;
	case 'o':
		put_number(out, spec, "", narrow_unsigned(spec, next_integer(spec, arguments)), 8);
		return true;
	case 'p':
		put_number(out, spec, "0x", va_arg(arguments->list, uint64_t), 16);
		return true;
	case 's':
		put_string(out, spec, va_arg(arguments->list, const char *));
		return true;
	case 'c':
		c = (char)va_arg(arguments->list, int);
		put_padded(out, spec, &c, 1);
		return true;
	case '%':
		put(out, '%');
		return true;
	default:
		return false;
	}
}

int format(struct format_sink *sink, const char *text, va_list list)
{
	struct output out = { sink, 0 };
	struct arguments arguments;

	va_copy(arguments.list, list);
	while (*text) {
		const char *start = text;

		if (*text++ != '%') {
			put(&out, *start);
			continue;
		}
		struct spec spec = read_spec(&text, &arguments);
		if (put_conversion(&out, &spec, &arguments))
			text++;
		else
			while (start < text)
				put(&out, *start++);
	}
	va_end(arguments.list);
	return out.count;
}

/* A sink that fills a buffer and remembers where it is. */
struct buffer_sink {
	struct format_sink sink;
	char *at, *end;
};

static void buffer_put(struct format_sink *sink, char c)
{
	struct buffer_sink *buffer = (struct buffer_sink *)sink;

	if (buffer->at < buffer->end)
		*buffer->at++ = c;
}

int kvsnprintf(char *buffer, size_t bytes, const char *text, va_list arguments)
{
	size_t room = bytes ? bytes - 1 : 0;
	struct buffer_sink sink = { { buffer_put }, buffer, buffer + room };
	int count = format(&sink.sink, text, arguments);

	if (bytes)
		*sink.at = '\0';
	return count;
}

int ksnprintf(char *buffer, size_t bytes, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	int count = kvsnprintf(buffer, bytes, text, arguments);
	va_end(arguments);
	return count;
}
