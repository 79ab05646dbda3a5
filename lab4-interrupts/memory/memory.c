/* A program's memory: its life. See memory.h; fault.c has its page faults, calls.c what a program
 * may ask for. */
#include "lab4-interrupts/memory/memory.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/slab.h"
#include "lab4-interrupts/memory/view.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/trap/ipi.h"

static struct slab_cache cache;

void memory_init(void)
{
	slab_cache_init(&cache, "memory", sizeof(struct memory), 8);
	view_init();
}

/* The space's owner from now on; or without memory it is destroyed. */
static struct memory *memory_of(struct vm_space *space)
{
	struct memory *memory = space ? slab_alloc(&cache, PAGE_ZERO) : NULL;

	if (memory) {
		memory->references = 1;
		memory->space = space;
		mutex_init(&memory->lock, "memory");
	} else if (space) {
		vm_space_destroy(space);
	}
	return memory;
}

struct memory *memory_create(void)
{
	return memory_of(vm_space_create());
}

struct memory *memory_clone(struct memory *memory)
{
	struct memory *clone;

	mutex_lock(&memory->lock);
	clone = memory_of(vm_clone(memory->space));
	if (!clone)
		goto done;
	clone->hides = memory->hides;
	clone->brk_start = memory->brk_start;
	clone->brk = memory->brk;
	clone->space->top = memory->space->top;
	clone->stack_top = memory->stack_top;
	clone->argument_start = memory->argument_start;
	clone->argument_end = memory->argument_end;
	clone->environment_start = memory->environment_start;
	clone->environment_end = memory->environment_end;
done:
	mutex_unlock(&memory->lock);
	return clone;
}

void memory_get(struct memory *memory)
{
	uint32_t before = __atomic_fetch_add(&memory->references, 1, __ATOMIC_RELAXED);

	assert(before != 0);
}

static size_t visible(struct vm_space *space, uint64_t address, size_t bytes)
{
	struct vm_region *region;

	rwlock_read(&space->lock);
	region = vm_region_from(space, address);
	while (region && region->range.start < address + bytes && region->protection != PROT_NONE)
		region = vm_region_next(region);
	if (region && region->range.start < address + bytes)
		bytes = region->range.start > address ? region->range.start - address : 0;
	rwlock_read_done(&space->lock);
	return bytes;
}

size_t memory_visible(uint64_t address, size_t bytes)
{
	struct task *task = task_self();
	struct memory *memory = task ? task->process->memory : NULL;

	if (!memory || !__atomic_load_n(&memory->hides, __ATOMIC_RELAXED))
		return bytes;
	return visible(memory->space, address, bytes);
}

/* --- the end ------------------------------------------------------------------------- */

/* On one processor, with interrupts off: take the kernel's tables instead of these. */
static void unload(void *table)
{
	if (tlb_loaded() == table)
		tlb_load(&kernel_pagetable);
}

/* Threads of the kernel's own keep the tables that they find: no task uses them any more, but a
 * processor may. */
static void unload_everywhere(struct pagetable *table)
{
	uint8_t others = 0;
	uint64_t flags = irq_save();

	unload(table);
	irq_restore(flags);
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		if (tlb_loaded_on(cpu, table))
			others |= (uint8_t)(1u << cpu);
	if (others)
		ipi_call(others, unload, table);
}

void memory_put(struct memory *memory)
{
	uint32_t before = __atomic_fetch_sub(&memory->references, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before > 1)
		return;
	unload_everywhere(&memory->space->pagetable);
	vm_space_destroy(memory->space);
	slab_free(&cache, memory);
}
