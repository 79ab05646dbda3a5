/* Calls that cannot be right: see ../badcalls.c. */
#pragma once
#define _GNU_SOURCE
#include "../lib/say.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a call is made with, one after the other: a bad pointer, a bad descriptor, a bad number. */
extern void *p;
extern int fd, n;

/* And what is right: /dev/zero, the root directory, an empty pipe, memory full of zeros. */
extern int zero, directory, ends[2];
extern char *room;
#define ROOM 0x10000

/*
 * POINTERS(read, zero, p, 5): makes the call with each bad pointer in p, and prints a line, or one
 * for each if they do not all come to the same. NULL is among them but for NOT_NULL.
 * DESCRIPTORS, NUMBERS: with each in fd, in n. ONCE: as it is written. An argument that is wider
 * than an int is written as a long.
 */
#define POINTERS(name, ...)                                                                        \
	for (begin_pointers(#name "(" #__VA_ARGS__ ")", 1); more();)                               \
	answer(syscall(SYS_##name, __VA_ARGS__))
#define NOT_NULL(name, ...)                                                                        \
	for (begin_pointers(#name "(" #__VA_ARGS__ ")", 0); more();)                               \
	answer(syscall(SYS_##name, __VA_ARGS__))
#define DESCRIPTORS(name, ...)                                                                     \
	for (begin_descriptors(#name "(" #__VA_ARGS__ ")"); more();)                               \
	answer(syscall(SYS_##name, __VA_ARGS__))
#define NUMBERS(name, ...)                                                                         \
	for (begin_numbers(#name "(" #__VA_ARGS__ ")"); more();)                                   \
	answer(syscall(SYS_##name, __VA_ARGS__))
#define ONCE(name, ...) once(#name "(" #__VA_ARGS__ ")", syscall(SYS_##name, __VA_ARGS__))

void begin_pointers(const char *what, int null);
void begin_descriptors(const char *what);
void begin_numbers(const char *what);
int more(void);
void answer(long result);
void once(const char *what, long result);

/* The parts. */
int transfers(void);
int of_descriptors(void);
int waits(void);
int names(void);
int processes(void);
int owners(void);
int machine(void);
int signals(void);
int clocks(void);
int memory(void);
