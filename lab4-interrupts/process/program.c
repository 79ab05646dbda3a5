/*
 * From a path to a memory with a program in it: see program.h.
 */
#include "lab4-interrupts/process/program.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/process/read.h"
#include "lab4-interrupts/random/random.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PIE_BASE    0x555555554000ul /* as on Linux: two thirds of the addresses below */
#define PIE_RANDOM  (1ul << 40)
#define HEAP_RANDOM (1ul << 25)
#define MMAP_RANDOM (1ul << 40)

#define LINE_BYTES   256 /* of a script that are looked at, as Linux */
#define SCRIPT_DEPTH 5   /* interpreters that are scripts themselves */
#define INTERP_ALIGN 0x1000ul

size_t program_strings_most(uint64_t stack_limit)
{
	uint64_t quarter = stack_limit / 4;

	if (quarter < STRING_MOST)
		return STRING_MOST;
	return quarter < (2ul << 20) ? quarter : 2ul << 20;
}

/* --- files --------------------------------------------------------------------------- */

/* A regular file that may be executed; *file is NULL after an error. */
static int open_program(const char *path, struct file **file)
{
	struct stat stat;
	int error = file_open(NULL, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, file);

	if (error)
		return error;
	error = file_stat(*file, &stat);
	if (!error && (!S_ISREG(stat.st_mode) || !(stat.st_mode & 0111)))
		error = -EACCES;
	if (error) {
		file_put(*file);
		*file = NULL;
	}
	return error;
}

/* --- where things lie ---------------------------------------------------------------- */

/* Programs that may lie anywhere do so; others where they want to. */
static uint64_t choose_bias(const struct elf *elf)
{
	uint64_t base = PIE_BASE + random_below(PIE_RANDOM);

	if (elf->header.e_type == ET_EXEC)
		return 0;
	return ((base + elf->align - 1) & -elf->align) - (elf->low & -elf->align);
}

static void choose_heap(struct memory *memory, uint64_t image_end)
{
	memory->brk_start = memory->brk = (image_end + random_below(HEAP_RANDOM)) & -PAGE_SIZE;
}

/* Below it lies what mmap finds a place for. */
static void choose_top(struct vm_space *space)
{
	space->top = (VM_MAP_TOP - random_below(MMAP_RANDOM)) & -PAGE_SIZE;
}

/* The interpreter lies where mmap would put it. */
static int find_place(struct memory *memory, const struct elf *elf, uint64_t *bias)
{
	uint64_t place;

	rwlock_read(&memory->space->lock);
	place = vm_find_gap(memory->space, elf->high - elf->low,
		elf->align > INTERP_ALIGN ? elf->align : INTERP_ALIGN);
	rwlock_read_done(&memory->space->lock);
	*bias = place - elf->low;
	return place ? 0 : -ENOMEM;
}

/* --- ELF ----------------------------------------------------------------------------- */

static int load_interpreter(struct program *program, const char *path)
{
	struct file *file;
	struct elf elf;
	uint64_t bias = 0;
	int error = open_program(path, &file);

	if (error)
		return error;
	error = elf_read(&elf, file);
	if (error)
		goto unwind_file;
	if (elf.header.e_type == ET_DYN)
		error = find_place(program->memory, &elf, &bias);
	if (!error)
		error = elf_map(&elf, file, program->memory, bias);
	program->base = bias + elf.low;
	program->begin = bias + elf.header.e_entry;
	elf_free(&elf);
unwind_file:
	file_put(file);
	return error;
}

/* The path that PT_INTERP names, if there is one. */
static int follow_interpreter(struct program *program, const struct elf *elf, struct file *file)
{
	uint64_t bytes = elf->interpreter ? elf->interpreter->p_filesz : 0;
	char *path;
	int error;

	if (!elf->interpreter)
		return 0;
	if (bytes < 2 || bytes > PATH_BYTES)
		return -ENOEXEC;
	path = kmalloc(bytes, 0);
	if (!path)
		return -ENOMEM;
	error = file_read_exactly(file, elf->interpreter->p_offset, path, bytes);
	if (!error)
		error = path[bytes - 1] ? -ENOEXEC : load_interpreter(program, path);
	kfree(path);
	return error;
}

static int map_image(struct program *program, const struct elf *elf, struct file *file)
{
	uint64_t bias = choose_bias(elf);
	int error = elf_map(elf, file, program->memory, bias);

	if (error)
		return error;
	program->entry = program->begin = elf->header.e_entry + bias;
	program->headers = elf_headers(elf) ? elf_headers(elf) + bias : 0;
	program->header_count = elf->header.e_phnum;
	program->stack_executable = elf->stack_executable;
	choose_heap(program->memory, elf->high + bias);
	return follow_interpreter(program, elf, file);
}

static int load_elf(struct program *program, struct file *file)
{
	struct elf elf;
	int error = elf_read(&elf, file);

	if (error)
		return error;
	program->memory = memory_create();
	if (program->memory)
		choose_top(program->memory->space);
	error = program->memory ? map_image(program, &elf, file) : -ENOMEM;
	elf_free(&elf);
	if (!error)
		error = first_stack(program);
	if (error && program->memory)
		memory_put(program->memory);
	return error;
}

/* --- scripts ------------------------------------------------------------------------- */

static char *skip_blanks(char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static char *skip_word(char *at)
{
	while (*at && *at != ' ' && *at != '\t')
		at++;
	return at;
}

/* End the line in its buffer, without the blanks at its end. False if the interpreter's name may go
 * on behind what was read. */
static bool cut_line(char *line)
{
	char *end = strchr(line, '\n'), *name = skip_blanks(line + 2);

	if (!end && *skip_word(name) == 0 && strlen(line) == LINE_BYTES)
		return false;
	if (!end)
		end = line + strlen(line);
	while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = 0;
	return true;
}

/* "#!interpreter argument": the argument is all that is left of the line, or NULL. */
static int parse_script(char *line, char **interpreter, char **argument)
{
	char *end;

	if (!cut_line(line))
		return -ENOEXEC;
	*interpreter = skip_blanks(line + 2);
	if (!**interpreter)
		return -ENOEXEC;
	end = skip_word(*interpreter);
	*argument = skip_blanks(end);
	if (!**argument)
		*argument = NULL;
	*end = 0;
	return 0;
}

/* If the file is a script, open its interpreter in its place; the line holds that one's path. 1 if
 * it was one, 0 if not, or an error. */
static int follow_script(
	struct program *program, char line[LINE_BYTES + 1], const char *path, struct file **file)
{
	char *interpreter, *argument;
	int64_t got;
	int error;

	memset(line, 0, LINE_BYTES + 1);
	got = file_read_some(*file, 0, line, LINE_BYTES);
	if (got < 0)
		return (int)got;
	if (line[0] != '#' || line[1] != '!')
		return 0;
	error = parse_script(line, &interpreter, &argument);
	if (!error)
		error = strings_script(program->strings, interpreter, argument, path);
	if (error)
		return error;
	file_put(*file);
	*file = NULL;
	memmove(line, interpreter, strlen(interpreter) + 1);
	error = open_program(line, file);
	return error ? error : 1;
}

/* Scripts whose interpreters are scripts, and so on. Two lines: one is the path that the other one
 * is read for. */
static int follow_scripts(struct program *program, struct file **file)
{
	char *lines = kmalloc(2 * (LINE_BYTES + 1), 0);
	const char *path = program->path;
	int result = lines ? 1 : -ENOMEM;

	for (unsigned depth = 0; result > 0; depth++) {
		char *line = lines + depth % 2 * (LINE_BYTES + 1);

		result = depth > SCRIPT_DEPTH ? -ELOOP : follow_script(program, line, path, file);
		path = line;
	}
	kfree(lines);
	return result;
}

/* --- all of it ----------------------------------------------------------------------- */

/* What people call it: the last part of the path, cut. */
static void note_names(struct program *program, struct file *file)
{
	const char *name = program->path;

	for (const char *at = name; *at; at++)
		if (*at == '/')
			name = at + 1;
	strlcpy(program->name, name, sizeof(program->name));
	if (file_path(file, program->full_path, sizeof(program->full_path)) < 0)
		program->full_path[0] = 0;
}

int program_load(struct program *program, const char *path, struct strings *strings)
{
	struct file *file;
	int error = open_program(path, &file);

	*program = (struct program){ .path = path, .strings = strings };
	if (error)
		return error;
	error = follow_scripts(program, &file);
	if (!error) {
		note_names(program, file);
		error = load_elf(program, file);
	}
	if (file)
		file_put(file);
	return error;
}
