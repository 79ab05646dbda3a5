/* Reading numbers from text. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * number_parse: text of that length as a number, decimal or hexadecimal behind 0x. False if it is
 * empty, has another character in it, or does not fit 64 bits; *number is then unchanged.
 */
bool number_parse(const char *text, size_t length, uint64_t *number);

/* size_parse: the same with K, M or G behind it, which multiply by 1024, its square and its cube.
 */
bool size_parse(const char *text, size_t length, uint64_t *bytes);
