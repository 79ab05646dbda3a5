/* Looking things up on the command line. See cmdline.h. */
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"

/* The next word at or behind text, and its length; NULL at the end, which "--" is, too. */
static const char *next_word(const char *text, size_t *length)
{
	while (*text == ' ')
		text++;
	for (*length = 0; text[*length] && text[*length] != ' ';)
		(*length)++;
	if (*length == 2 && !strncmp(text, "--", 2))
		return NULL;
	return *length ? text : NULL;
}

const char *cmdline_value(const char *key, size_t *length)
{
	size_t key_length = strlen(key), word_length;
	const char *value = NULL;
	const char *word = bootinfo.command_line;

	for (; (word = next_word(word, &word_length)); word += word_length)
		if (word_length > key_length && !strncmp(word, key, key_length) &&
			word[key_length] == '=') {
			value = word + key_length + 1;
			*length = word_length - key_length - 1;
		}
	return value;
}

int64_t cmdline_number(const char *key, int64_t fallback)
{
	size_t length;
	uint64_t number;
	const char *value = cmdline_value(key, &length);
	bool negative = value && length && *value == '-';

	if (!value || !number_parse(value + negative, length - negative, &number))
		return fallback;
	return (int64_t)(negative ? -number : number);
}

bool cmdline_has(const char *key)
{
	size_t key_length = strlen(key), word_length;
	const char *word = bootinfo.command_line;

	for (; (word = next_word(word, &word_length)); word += word_length)
		if (word_length == key_length && !strncmp(word, key, key_length))
			return true;
	return false;
}
