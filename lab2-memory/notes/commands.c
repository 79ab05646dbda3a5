/* The monitor's "note" command. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/notes/notes.h"
#include <linux/errno.h>

#define TEXT_MAX  100 /* more than a line of the monitor holds */
#define TIMES_MAX 10000

static void print_result(int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ -EINVAL, "that is no name for a note" },
		{ -ENOENT, "there is no such note" },
		{ -E2BIG, "the text would be too long" },
		{ -ENOMEM, "out of memory" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].error == error)
			kprintf("note: %s\n", texts[i].text);
}

/* The words as one text again, a space between two. */
static const char *joined(size_t count, char **words)
{
	static char text[TEXT_MAX];

	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(text);

		if (i > 0 && length + 1 < sizeof(text))
			text[length++] = ' ';
		strlcpy(text + length, words[i], sizeof(text) - length);
	}
	return text;
}

static void repeat(size_t count, char **words)
{
	uint64_t times;
	int error = 0;

	if (!number_parse(words[1], strlen(words[1]), &times) || times > TIMES_MAX) {
		kprintf("note: TIMES is a number, %u at most\n", TIMES_MAX);
		return;
	}
	for (uint64_t i = 0; i < times && !error; i++)
		error = note_append(words[0], joined(count - 2, words + 2));
	print_result(error);
}

static void set(size_t count, char **words)
{
	print_result(note_set(words[0], joined(count - 1, words + 1)));
}

static void append(size_t count, char **words)
{
	print_result(note_append(words[0], joined(count - 1, words + 1)));
}

static void copy(size_t count, char **words)
{
	(void)count;
	print_result(note_copy(words[0], words[1]));
}

static void show(size_t count, char **words)
{
	const char *text = note_text(words[0]);

	(void)count;
	if (text)
		kprintf("%s\n", text);
	else
		print_result(-ENOENT);
}

static void remove(size_t count, char **words)
{
	(void)count;
	print_result(note_remove(words[0]));
}

static void clear(size_t count, char **words)
{
	(void)count, (void)words;
	notes_clear();
}

static bool list_one(const char *name, const char *text)
{
	kprintf("%-*s %5zu bytes  %.40s\n", NOTE_NAME, name, strlen(text), text);
	return true;
}

static void list(size_t count, char **words)
{
	(void)count, (void)words;
	notes_each(list_one);
}

/* What can be done with notes, and how many words at least and at most stand behind it. */
static const struct verb {
	const char *name, *arguments;
	size_t least, most;
	void (*run)(size_t count, char **words);
} verbs[] = {
	{ "set", "NAME TEXT", 2, COMMAND_WORDS, set },
	{ "append", "NAME TEXT", 2, COMMAND_WORDS, append },
	{ "repeat", "NAME TIMES TEXT", 3, COMMAND_WORDS, repeat },
	{ "copy", "NAME TO", 2, 2, copy },
	{ "show", "NAME", 1, 1, show },
	{ "list", "", 0, 0, list },
	{ "remove", "NAME", 1, 1, remove },
	{ "clear", "", 0, 0, clear },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

COMMAND(note, "VERB ...", "keep short texts; \"note\" alone lists the verbs")
{
	for (size_t i = 0; i < VERBS && count >= 2; i++)
		if (!strcmp(words[1], verbs[i].name) && count - 2 >= verbs[i].least &&
			count - 2 <= verbs[i].most) {
			verbs[i].run(count - 2, words + 2);
			return;
		}
	for (size_t i = 0; i < VERBS; i++)
		kprintf("  note %s %s\n", verbs[i].name, verbs[i].arguments);
}
