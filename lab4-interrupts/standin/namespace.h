/*
 * What the calls that take paths share: see namespace.c.
 */
#pragma once
struct file;
struct place;

/* place_base: where a relative path begins: at an open directory, or (NULL) the working directory.
 * 0 or -ENOTDIR. */
int place_base(struct file *directory, struct place **base);
