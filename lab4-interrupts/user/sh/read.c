/* Reading a line: words, redirections, commands, a pipeline. */
#include "sh.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- reading words ----------------------------------------------------------------- */

static void put(struct pipeline *to, char c)
{
	if (to->used < TEXT - 1)
		to->text[to->used++] = c;
}

static void put_text(struct pipeline *to, const char *text)
{
	while (text && *text)
		put(to, *text++);
}

/* $NAME, $?, $$: at stands behind the $. Returns what comes behind it. */
static const char *put_variable(struct pipeline *to, const char *at)
{
	char name[64];
	size_t length = 0;

	if (*at == '?' || *at == '$') {
		snprintf(name, sizeof(name), "%d", *at == '?' ? status : (int)getpid());
		put_text(to, name);
		return at + 1;
	}
	while ((isalnum((unsigned char)at[length]) || at[length] == '_') &&
		length < sizeof(name) - 1)
		length++;
	if (length == 0)
		put(to, '$');
	memcpy(name, at, length);
	name[length] = 0;
	put_text(to, getenv(name));
	return at + length;
}

/* What is between quotes; NULL if there is no second one. */
static const char *put_quoted(struct pipeline *to, const char *at)
{
	char quote = *at++;

	while (*at && *at != quote) {
		if (quote == '"' && *at == '$') {
			at = put_variable(to, at + 1);
		} else {
			if (quote == '"' && *at == '\\' && at[1] && strchr("$\"\\`", at[1]))
				at++;
			put(to, *at++);
		}
	}
	return *at ? at + 1 : NULL;
}

/* A word into the pipeline's text: *word. Returns what comes behind it, or NULL. */
static const char *read_word(struct pipeline *to, const char *at, char **word)
{
	*word = to->text + to->used;
	while (at && *at && !strchr(" \t\n|&;<>()", *at)) {
		if (*at == '\'' || *at == '"') {
			at = put_quoted(to, at);
		} else if (*at == '$') {
			at = put_variable(to, at + 1);
		} else {
			if (*at == '\\' && at[1])
				at++;
			put(to, *at++);
		}
	}
	put(to, 0);
	return at;
}

const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	if (*at == '#')
		at += strcspn(at, "\n");
	return at;
}

/* --- reading commands -------------------------------------------------------------- */

/* < > >> with a digit before it and &digit behind it. NULL: it makes no sense. */
static const char *read_redirect(struct pipeline *to, struct command *command, const char *at)
{
	struct redirect *redirect = &command->redirect[command->redirects];
	char *path;

	if (command->redirects == REDIRECTS)
		return NULL;
	redirect->fd = isdigit((unsigned char)*at) ? *at++ - '0' : *at == '>';
	redirect->flags = *at == '<' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
	if (at[0] == '>' && at[1] == '>') {
		redirect->flags = O_WRONLY | O_CREAT | O_APPEND;
		at++;
	}
	at++;
	if (*at == '&') {
		redirect->flags = -1;
		at++;
	}
	at = read_word(to, skip_blanks(at), &path);
	redirect->path = path;
	command->redirects++;
	return *path ? at : NULL;
}

static bool at_redirect(const char *at)
{
	return *at == '<' || *at == '>' ||
	       (isdigit((unsigned char)*at) && (at[1] == '<' || at[1] == '>'));
}

/* ( list ): its text. */
static const char *read_parentheses(struct pipeline *to, struct command *command, const char *at)
{
	int depth = 1;

	command->list = to->text + to->used;
	for (at++; *at && depth; at++) {
		depth += (*at == '(') - (*at == ')');
		if (depth)
			put(to, *at);
	}
	put(to, 0);
	return depth ? NULL : at;
}

/* One command, up to what ends it. NULL: it makes no sense. */
static const char *read_command(struct pipeline *to, struct command *command, const char *at)
{
	memset(command, 0, sizeof(*command));
	while (at && *(at = skip_blanks(at)) && !strchr("|&;\n)", *at)) {
		if (at_redirect(at))
			at = read_redirect(to, command, at);
		else if (*at == '(' && !command->words && !command->list)
			at = read_parentheses(to, command, at);
		else if (*at == '(' || command->list || command->words == WORDS)
			return NULL;
		else
			at = read_word(to, at, &command->word[command->words++]);
	}
	return command->words || command->redirects || command->list ? at : NULL;
}

const char *read_pipeline(struct pipeline *to, const char *at)
{
	to->commands = 0;
	to->used = 0;
	for (;;) {
		at = read_command(to, &to->command[to->commands++], at);
		if (!at || at[0] != '|' || at[1] == '|')
			return at;
		if (to->commands == COMMANDS)
			return NULL;
		for (at++; *at == '\n' || *at == ' ';)
			at++;
	}
}
