/*
 * A program on its way into a memory that nobody uses yet.
 *
 * exec makes all of the new memory before it touches the old one: as long as that can fail, nothing
 * has changed for the caller.
 *
 *   program_load   opens the file, and what a script or a dynamic program names besides it
 *   elf_map        maps its segments (exercise 4.7)
 *   first_stack    lays its arguments, environment and auxiliary vector (exercise 4.7)
 *
 * Read more: execve(2), elf(5), getauxval(3); System V psABI for AMD64, section 3.4.1.
 */
#pragma once
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/process/strings.h"
#include <linux/elf.h>

#define PATH_BYTES 4096 /* a path with its 0, at most */

struct program {
	const char *path; /* as it was called: AT_EXECFN */
	struct strings *strings;
	struct memory *memory;
	bool stack_executable;
	char full_path[256];    /* of the file, for /proc/self/exe */
	char name[THREAD_NAME]; /* what the task is called */
	uint64_t begin;         /* where to go: its entry, or the interpreter's */
	uint64_t entry;         /* AT_ENTRY */
	uint64_t headers;       /* AT_PHDR: where its program headers are in memory */
	unsigned header_count;  /* AT_PHNUM */
	uint64_t base;          /* AT_BASE: where the interpreter begins, or 0 */
	uint64_t stack;         /* the first stack pointer */
};

/*
 * program_load: make a memory of what is at path, with these strings on its stack, which are
 * changed if it is a script. 0, and the memory is the caller's; or what execve(2) says: -ENOENT,
 * -EACCES, -ENOEXEC, -ELOOP, -E2BIG, -ENOMEM, ... May sleep.
 */
int program_load(struct program *program, const char *path, struct strings *strings);

/* program_strings_most: how large strings may be: a quarter of the stack that they will lie on. */
size_t program_strings_most(uint64_t stack_limit);

/* --- elf.c --------------------------------------------------------------------------- */

struct elf {
	Elf64_Ehdr header;
	Elf64_Phdr *segments;          /* header.e_phnum of them */
	uint64_t low, high;            /* the addresses that it wants; multiples of the page size */
	uint64_t align;                /* the largest alignment of its segments, at least a page */
	const Elf64_Phdr *interpreter; /* PT_INTERP, or NULL */
	bool stack_executable;
};

/* elf_read: read and check the headers of a file. 0 and, in elf->segments, memory for elf_free;
 * -ENOEXEC if it is no ELF file for us, or is broken; or an error of reading. May sleep. */
int elf_read(struct elf *elf, struct file *file);
void elf_free(struct elf *elf);

/* elf_map: map its segments, each so many bytes above where it wants to be. 0; -ENOEXEC, -ENOMEM,
 * -EACCES. May sleep. */
int elf_map(const struct elf *elf, struct file *file, struct memory *memory, uint64_t bias);

/* elf_headers: where the program headers lie in memory, without the bias; 0 if in no segment. */
uint64_t elf_headers(const struct elf *elf);

/* --- first_stack.c ------------------------------------------------------------------- */

/* first_stack: make the stack of program->memory, and lay on it what a program finds there:
 * program->stack. 0 or -ENOMEM. May sleep. */
int first_stack(struct program *program);

/* --- foreign.c ----------------------------------------------------------------------- */

/* foreign_write: copy into a memory that need not be loaded, where it may be written; from NULL
 * means zeros. 0, -EFAULT or -ENOMEM. May sleep. */
int foreign_write(struct memory *memory, uint64_t address, const void *from, size_t bytes);
