/*
 * Notes: short texts with names, kept by the monitor's "note" command.
 *
 * A small module of the kind that a kernel collects over the years, and the
 * place of exercise 2.8. A note's text is a page of its own; copies of a note
 * share the page until one of them is written to. For one caller at a time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define NOTE_NAME 24   /* bytes of a name at most, without its end */
#define NOTE_TEXT 4000 /* and of a text */

/*
 * Those that return an int return 0 if it is done, or one of these, and then nothing has changed:
 * -EINVAL for a name for a new note that is empty or longer than NOTE_NAME, -ENOENT if there is no
 * note of that name, -E2BIG for a text that would be longer than NOTE_TEXT, and -ENOMEM.
 */

/* note_set: make or replace a note. May sleep. */
int note_set(const char *name, const char *text);

/* note_append: put a text behind what is there; in copies of the note nothing changes. May sleep.
 */
int note_append(const char *name, const char *text);

/* note_copy: a second note with the same text, in the place of one that is there. May sleep. */
int note_copy(const char *from, const char *to);

/* note_text: the text, or NULL; good until the note changes. */
const char *note_text(const char *name);

/* note_remove: there is no such note any more. */
int note_remove(const char *name);

/* notes_clear: remove them all. */
void notes_clear(void);

/* notes_each: call visit for each note, in the order of their making, until it returns false. */
void notes_each(bool (*visit)(const char *name, const char *text));
