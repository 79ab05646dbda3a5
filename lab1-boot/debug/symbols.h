/*
 * Names of functions, from the table that the build puts into the kernel's own
 * image (grader/symtab.py makes it from the linker's output).
 */
#pragma once
#include <stdint.h>

struct symbol {
	const char *name; /* "?" where none is known */
	uint64_t offset;  /* of the address from the function's start, in bytes */
};

/* symbol_of: the function that holds this address. Takes no lock. */
struct symbol symbol_of(uint64_t address);
