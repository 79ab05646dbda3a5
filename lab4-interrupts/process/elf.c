/*
 * ELF: what a program file says of itself, and mapping it accordingly.
 *
 * A file is not to be believed: it may have been made to harm whoever loads it. All numbers are
 * checked before they are used, and no sum may wrap.
 *
 *   file:    | ehdr | phdrs |  text  | data |
 *   memory:    [ R  ][   R X        ][ R W | bss: zeros ]
 *
 * Segments are mapped, not read: pages come when they are touched. Where a segment is longer in
 * memory than in the file, the rest of its last page is cleared, and the pages behind it
 * are anonymous.
 *
 * Read more: elf(5); System V ABI, chapter 5 (program loading); psABI for AMD64, section 3.3.
 */
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/process/program.h"
#include "lab4-interrupts/process/read.h"

#define SEGMENTS_MOST (PAGE_SIZE / sizeof(Elf64_Phdr)) /* program headers; as much as a page */

static uint64_t page_down(uint64_t address)
{
	return address & -PAGE_SIZE;
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE_SIZE - 1) & -PAGE_SIZE;
}

// BEGIN SOLUTION 4.7
static bool is_ours(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
	       (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
	       header->e_machine == EM_X86_64 && header->e_phentsize == sizeof(Elf64_Phdr) &&
	       header->e_phnum > 0 && header->e_phnum <= SEGMENTS_MOST;
}

/* Whether a segment can be mapped at all, wherever the image lies. */
static bool is_sound(const Elf64_Phdr *segment)
{
	return segment->p_filesz <= segment->p_memsz && segment->p_vaddr < VM_HIGH &&
	       segment->p_memsz <= VM_HIGH - segment->p_vaddr &&
	       segment->p_offset <= INT64_MAX - segment->p_filesz - PAGE_SIZE &&
	       (segment->p_vaddr - segment->p_offset) % PAGE_SIZE == 0 &&
	       (segment->p_align & (segment->p_align - 1)) == 0;
}

/* A segment behind those before it: they come in rising order. (The last page of one may be the
 * first of the next: then the next one's counts.) */
static bool add_segment(struct elf *elf, const Elf64_Phdr *segment)
{
	if (!segment->p_memsz)
		return true;
	if (!is_sound(segment) || (elf->high && page_up(segment->p_vaddr) < elf->high))
		return false;
	if (!elf->high)
		elf->low = page_down(segment->p_vaddr);
	elf->high = page_up(segment->p_vaddr + segment->p_memsz);
	if (segment->p_align > elf->align && segment->p_align <= VM_HIGH)
		elf->align = segment->p_align;
	return true;
}

static bool look_at(struct elf *elf, const Elf64_Phdr *segment)
{
	if (segment->p_type == PT_LOAD)
		return add_segment(elf, segment);
	if (segment->p_type == PT_INTERP && !elf->interpreter)
		elf->interpreter = segment;
	if (segment->p_type == PT_GNU_STACK)
		elf->stack_executable = segment->p_flags & PF_X;
	return true;
}

static int read_segments(struct elf *elf, struct file *file)
{
	size_t bytes = elf->header.e_phnum * sizeof(Elf64_Phdr);
	int error = file_read_exactly(file, elf->header.e_phoff, elf->segments, bytes);

	for (unsigned i = 0; i < elf->header.e_phnum && !error; i++)
		if (!look_at(elf, &elf->segments[i]))
			error = -ENOEXEC;
	return error || elf->high ? error : -ENOEXEC;
}
// END SOLUTION 4.7 =>

int elf_read(struct elf *elf, struct file *file)
{
	/* Exercise 4.7, first part: read the header, and the program headers that it says there
	 * are, and fill *elf; refuse what cannot be right. */
	*elf = (struct elf){ .align = PAGE_SIZE };
	// BEGIN SOLUTION 4.7
	int error = file_read_exactly(file, 0, &elf->header, sizeof(elf->header));

	if (error || !is_ours(&elf->header))
		return error ? error : -ENOEXEC;
	elf->segments = kmalloc(elf->header.e_phnum * sizeof(Elf64_Phdr), 0);
	if (!elf->segments)
		return -ENOMEM;
	error = read_segments(elf, file);
	if (error)
		elf_free(elf);
	return error;
	// END SOLUTION 4.7 => (void)file; todo("4.7"); return -ENOEXEC;
}

void elf_free(struct elf *elf)
{
	kfree(elf->segments);
	elf->segments = NULL;
}

uint64_t elf_headers(const struct elf *elf)
{
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_PHDR)
			return segment->p_vaddr;
		if (segment->p_type == PT_LOAD && segment->p_offset <= elf->header.e_phoff &&
			elf->header.e_phoff - segment->p_offset < segment->p_filesz)
			return segment->p_vaddr + (elf->header.e_phoff - segment->p_offset);
	}
	return 0;
}

// BEGIN SOLUTION 4.7
static int protection_of(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? PROT_READ : 0) |
	       (segment->p_flags & PF_W ? PROT_WRITE : 0) |
	       (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map(struct memory *memory, uint64_t start, uint64_t end, int protection,
	struct vm_object *object, uint64_t offset)
{
	int64_t at = start < end ? vm_map(memory->space, start, end - start, protection,
					   MAP_PRIVATE | MAP_FIXED, object, offset)
				 : 0;

	if (at == -EPERM)
		return -ENOEXEC; /* too low */
	return at < 0 ? (int)at : 0;
}

/* What the file gives, and from there on zeros. */
static int map_segment(
	struct memory *memory, struct vm_object *object, const Elf64_Phdr *segment, uint64_t bias)
{
	uint64_t start = segment->p_vaddr + bias, file_end = start + segment->p_filesz;
	uint64_t file_pages_end = segment->p_filesz ? page_up(file_end) : page_down(start);
	int protection = protection_of(segment);
	int error = map(memory, page_down(start), file_pages_end, protection, object,
		page_down(segment->p_offset));

	if (!error && segment->p_memsz > segment->p_filesz) {
		error = map(memory, file_pages_end, page_up(start + segment->p_memsz), protection,
			NULL, 0);
		if (!error && (protection & PROT_WRITE) && file_end < file_pages_end)
			error = foreign_write(memory, file_end, NULL, file_pages_end - file_end);
	}
	return error == -EFAULT ? -ENOEXEC : error; /* the page is not in the file */
}
// END SOLUTION 4.7 =>

int elf_map(const struct elf *elf, struct file *file, struct memory *memory, uint64_t bias)
{
	struct vm_object *object;
	int error = file->ops->object ? file->ops->object(file, &object) : -ENOEXEC;

	if (error)
		return error;
	/* Exercise 4.7, second part: map each PT_LOAD segment with the rights that it asks for,
	 * privately from the file's object, and zeros behind (vm_map, foreign_write). */
	// BEGIN SOLUTION 4.7
	for (unsigned i = 0; i < elf->header.e_phnum && !error; i++)
		if (elf->segments[i].p_type == PT_LOAD && elf->segments[i].p_memsz)
			error = map_segment(memory, object, &elf->segments[i], bias);
	// END SOLUTION 4.7 => (void)elf; (void)memory; (void)bias; (void)page_down; (void)page_up;
	// todo("4.7"); error = -ENOEXEC;
	vm_object_put(object);
	return error;
}
