/*
 * The lines of a probe: an operation's words, and a reply put together from
 * numbers. Nothing here rests on what an exercise implements.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"

#define PROBE_WORDS 6

/* Cut a line into words, in place; those that are not there are "". */
static inline void probe_split(char *line, const char *words[PROBE_WORDS])
{
	for (int i = 0; i < PROBE_WORDS; i++) {
		char *end = strchr(line, ' ');

		words[i] = line;
		if (!end)
			end = line + strlen(line);
		line = *end ? end + 1 : end;
		*end = '\0';
	}
}

/* A word that is a number, below a limit: what the host sends is right, or the test is wrong. */
static inline uint64_t probe_number(const char *word, uint64_t limit)
{
	uint64_t number = 0;

	KT_REQUIRE(number_parse(word, strlen(word), &number) && number < limit);
	return number;
}

static char probe_said[16384];
static size_t probe_length;

/* In hexadecimal without 0x, behind a space. */
static inline void probe_say(uint64_t number)
{
	char digits[18], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = "0123456789abcdef"[number % 16];
	while (number /= 16);
	*--at = ' ';
	KT_REQUIRE(probe_length + strlen(at) < sizeof(probe_said));
	strlcpy(probe_said + probe_length, at, sizeof(probe_said) - probe_length);
	probe_length += strlen(at);
}

/* What has been said, as the reply; "-" if that is nothing. */
static inline void probe_reply(void)
{
	kt_reply(probe_length ? probe_said + 1 : "-");
	probe_length = 0;
}
