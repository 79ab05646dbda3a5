/*
 * printf's formatting, apart from where the text goes.
 *
 * A sink takes the characters. kprintf (console/kprintf.h) and ksnprintf are
 * two sinks; the test floor has its own formatter, so that it can report when
 * this one is wrong.
 *
 * Conversions: %d %i %u %x %X %o %p %s %c %%, with - (left align), 0 (pad with
 * zeros), a width (at most 4096), a precision (most characters of %s, least digits of a number),
 * where * takes either from the arguments, and the lengths hh h l ll z j t.
 * Anything else is printed as it stands. Zero always has a digit, also under
 * "%.0d", where C's printf prints none. Source: C11, 7.21.6.1.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct format_sink {
	void (*put)(struct format_sink *sink, char c);
};

/* format: write the text to the sink; returns how many characters it took. */
int format(struct format_sink *sink, const char *text, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/*
 * ksnprintf: the text in a buffer of so many bytes, always ended when bytes > 0.
 * Returns the length that the whole text has, so >= bytes means it was cut.
 */
int ksnprintf(char *buffer, size_t bytes, const char *text, ...)
	__attribute__((format(printf, 3, 4)));
int kvsnprintf(char *buffer, size_t bytes, const char *text, va_list arguments)
	__attribute__((format(printf, 3, 0)));
