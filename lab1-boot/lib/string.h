/*
 * Memory and strings, as the C standard has them (C11, 7.24), and strlcpy.
 * The compiler itself calls the first four.
 */
#pragma once
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t most);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t most);
char *strchr(const char *text, int byte);
char *strstr(const char *text, const char *part);

/* strlcpy: copy what fits into bytes (> 0) and always end it; returns from's whole length. */
size_t strlcpy(char *to, const char *from, size_t bytes);
