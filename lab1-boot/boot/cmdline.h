/*
 * The kernel's command line: words with spaces between them, "key" or
 * "key=value", as on Linux. Where a key stands twice, the last one holds. What
 * stands behind the word "--" is for the first program (lab 4) and not found here.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cmdline_value: the value behind "key=", not ended by 0 but by its length; NULL if absent. */
const char *cmdline_value(const char *key, size_t *length);

/* cmdline_number: the value as a number, decimal or 0x hexadecimal; fallback if absent or none. */
int64_t cmdline_number(const char *key, int64_t fallback);

/* cmdline_has: whether the word stands there by itself. */
bool cmdline_has(const char *word);
