/* The prompt: reading lines, completing them, and finding the command. See monitor.h. */
#include "lab1-boot/monitor/monitor.h"
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/line.h"

#define PROMPT "cub> "

ROWS_DEFINE(command);

static void monitor_write(struct line *line, const char *text, size_t bytes)
{
	(void)line;
	console_write(text, bytes);
}

static bool begins(const struct command *command, const struct line *line)
{
	return !strncmp(command->name, line->text, line->cursor);
}

static void list_candidates(struct line *line)
{
	kprintf("\n");
	ROWS_EACH (command, command)
		if (begins(command, line))
			kprintf("%s  ", command->name);
	kprintf("\n" PROMPT);
	line->shown_length = line->shown_cursor = 0;
	line_show(line, 0);
}

/* How much of first's name all the commands share that begin as the line does. */
static size_t common_length(const struct command *first, const struct line *line)
{
	size_t common = strlen(first->name);

	ROWS_EACH (command, command)
		while (begins(command, line) && strncmp(command->name, first->name, common))
			common--;
	return common;
}

/*
 * Complete the first word as far as all commands that begin so agree: with a space behind it if it
 * is one alone, with a list of them if there is nothing to add.
 */
static void monitor_complete(struct line *line)
{
	const struct command *first = NULL;
	size_t count = 0;

	ROWS_EACH (command, command)
		if (begins(command, line) && count++ == 0)
			first = command;
	if (count == 0)
		return;

	size_t common = common_length(first, line);
	if (count > 1 && common == line->cursor)
		list_candidates(line);
	while (line->cursor < common && line_insert(line, first->name[line->cursor]))
		;
	if (count == 1)
		line_insert(line, ' ');
}

static const struct line_ops monitor_ops = { monitor_write, monitor_complete };

/* Cut a line into words, in place; what is too much is left with the last one. */
static size_t split(char *text, char **words)
{
	size_t count = 0;

	while (count < COMMAND_WORDS) {
		while (*text == ' ')
			*text++ = '\0';
		if (!*text)
			break;
		words[count++] = text;
		while (*text && *text != ' ')
			text++;
	}
	return count;
}

static void run(char *text)
{
	char *words[COMMAND_WORDS];
	size_t count = split(text, words);

	if (count == 0)
		return;
	ROWS_EACH (command, command)
		if (!strcmp(command->name, words[0])) {
			command->run(count, words);
			return;
		}
	kprintf("%s: no such command; \"help\" lists them\n", words[0]);
}

static void read_line(struct line *line)
{
	for (;;) {
		int byte = console_read();

		if (byte < 0)
			CPU_PAUSE();
		else if (line_key(line, (unsigned char)byte))
			return;
	}
}

_Noreturn void monitor_main(void)
{
	static struct line line;
	static char text[LINE_MAX + 1];

	line_init(&line, &monitor_ops);
	for (;;) {
		kprintf(PROMPT);
		read_line(&line);
		kprintf("\n");
		strlcpy(text, line.text, sizeof(text));
		line_next(&line);
		run(text);
	}
}
