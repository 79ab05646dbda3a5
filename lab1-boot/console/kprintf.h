/*
 * Printing on the console. The conversions are lib/format.h's, and the compiler
 * checks the arguments. Returns how many characters were printed. May be called
 * anywhere; takes the console's lock.
 */
#pragma once
#include <stdarg.h>

int kprintf(const char *text, ...) __attribute__((format(printf, 1, 2)));
int kvprintf(const char *text, va_list arguments) __attribute__((format(printf, 1, 0)));
