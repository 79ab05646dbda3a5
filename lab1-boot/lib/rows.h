/*
 * Rows: things that come in many are found by the linker.
 *
 * A command, a test or a lab's entry in the boot list is a record that stands
 * next to the code it belongs to. ROW puts it into a section named after its
 * table; kernel.ld sorts those sections by name, so that the rows of one table
 * lie between the two marks that ROWS_DEFINE makes. There is no list to edit,
 * and a table's owner never learns who filled it.
 *
 * The marks are made in assembly: two C objects without a size would leave the
 * compiler free to believe that no row lies between them. A row for a table that nobody declared
 * does not compile.
 */
#pragma once

/* In the table's header: what its rows are made of. */
#define ROWS_DECLARE(table, type)                                                                  \
	typedef const type rows_##table##_type;                                                    \
	extern rows_##table##_type rows_##table##_start[], rows_##table##_end[]

/* In one C file: the table itself. */
#define ROWS_DEFINE(table)                                                                         \
	asm(".pushsection .rows." #table ".0, \"a\", @progbits\n"                                  \
	    ".balign 64\n"                                                                         \
	    ".globl rows_" #table "_start\n"                                                       \
	    "rows_" #table "_start:\n"                                                             \
	    ".popsection\n"                                                                        \
	    ".pushsection .rows." #table ".2, \"a\", @progbits\n"                                  \
	    ".globl rows_" #table "_end\n"                                                         \
	    "rows_" #table "_end:\n"                                                               \
	    ".popsection")

/*
 * A row. Its key, a string literal, ends the section's name (".rows.command.1.help"), so rows come
 * in the alphabetical order of their keys; "" if the order does not matter.
 */
#define ROW(table, key, name)                                                                      \
	static rows_##table##_type name __attribute__((section(".rows." #table ".1" key), used,    \
		aligned(__alignof__(rows_##table##_type))))

#define ROWS_EACH(table, row)                                                                      \
	for (rows_##table##_type *row = rows_##table##_start; row < rows_##table##_end; row++)
