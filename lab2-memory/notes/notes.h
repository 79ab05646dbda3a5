/*
 * Notes: short texts with names, kept by the monitor's "note" command.
 *
 * A small module of the kind that a kernel collects over the years, and the
 * place of exercise 2.8. A note's text is a page of its own; copies of a note
 * share the page until one of them is written to.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define NOTE_TEXT 4000 /* bytes of a text at most, without its end */

/* note_set: make or replace a note. 0; -EINVAL for an empty name; -E2BIG; -ENOMEM. May sleep. */
int note_set(const char *name, const char *text);

/* note_append: put a text behind what is there. 0, -ENOENT, -E2BIG or -ENOMEM; changes nothing on
 * an error. May sleep. */
int note_append(const char *name, const char *text);

/* note_copy: a second note with the same text; replaces one that is there. 0, -ENOENT, -EINVAL or
 * -ENOMEM. May sleep. */
int note_copy(const char *from, const char *to);

/* note_text: the text, or NULL; good until the note changes. */
const char *note_text(const char *name);

/* note_remove: 0 or -ENOENT. */
int note_remove(const char *name);

/* notes_clear: remove them all. */
void notes_clear(void);

/* notes_each: call visit for each note, in the order of their making, until it returns false. */
void notes_each(bool (*visit)(const char *name, const char *text));
