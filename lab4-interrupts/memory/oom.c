/* Out of memory: see oom.h. */
#include "lab4-interrupts/memory/oom.h"
#include "lab1-boot/console/kprintf.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/time/sleep.h"

#define RESERVE  128ul        /* pages */
#define MOMENT   1000000ul    /* ns */
#define GRACE    50000000ul   /* ns that a process has to end by itself, with its pages */
#define PATIENCE 1000000000ul /* ns that it has to end at all, before another one has to */

static struct mutex lock = MUTEX_INIT(lock, "out of memory"); /* before process_tree */
static uint64_t chosen_at; /* [lock] by clock_ns: when the last one was told to end */

bool memory_low(void)
{
	if (page_free_count() >= RESERVE || process_self()->id == 1)
		return false;
	return !page_reclaim(RESERVE) && page_free_count() < RESERVE;
}

/* --- who ----------------------------------------------------------------------------- */

struct choice {
	struct process *process;
	uint64_t pages;
	bool ending; /* one that was chosen before is still there */
};

/* Pages that would come back: frames, tables, and what the kernel remembers of the regions. */
static uint64_t pages_of_space(const struct vm_space *space)
{
	uint64_t regions = __atomic_load_n(&space->regions.count, __ATOMIC_RELAXED);

	return __atomic_load_n(&space->resident, __ATOMIC_RELAXED) +
	       __atomic_load_n(&space->pagetable.tables, __ATOMIC_RELAXED) +
	       regions * sizeof(struct vm_region) / PAGE_SIZE;
}

/* 0 if it has no memory any more, or somebody changes it now. */
static uint64_t pages_of(struct process *process)
{
	uint64_t pages = 0;

	if (!mutex_trylock(&process->lock))
		return 0;
	if (process->memory)
		pages = pages_of_space(process->memory->space);
	mutex_unlock(&process->lock);
	return pages;
}

/*
 * Take the pages of a process that was told to end, and has not yet done so: it may wait for a lock
 * that is held by the very task that needs its memory. Not at once: as it ends it marks the robust
 * mutexes that it holds, for which others may wait, and it finds them by its memory. And not what a
 * parent in vfork goes on with.
 */
static void take_pages(struct process *process)
{
	if (clock_ns() < chosen_at + GRACE || !mutex_trylock(&process->lock))
		return;
	if (process->memory && memory_is_its_own(process->memory))
		vm_space_drain(process->memory->space);
	mutex_unlock(&process->lock);
}

static void look_at(struct choice *choice, struct process *process)
{
	uint64_t pages;

	if (__atomic_load_n(&process->doomed, __ATOMIC_RELAXED)) {
		choice->ending = true;
		take_pages(process);
		return;
	}
	pages = process->id == 1 ? 0 : pages_of(process);
	if (pages > choice->pages) {
		choice->process = process;
		choice->pages = pages;
	}
}

/* --- how ----------------------------------------------------------------------------- */

static void end(const struct choice *choice)
{
	struct process *process = choice->process;

	kprintf("out of memory: process %d (%s) with %lu KiB is ended\n", process->id,
		process->path, choice->pages * (PAGE_SIZE / 1024));
	__atomic_store_n(&process->doomed, true, __ATOMIC_RELAXED);
	signal_send(process, SIGKILL, NULL);
	chosen_at = clock_ns();
}

/* Choose, and end it, unless one that has been chosen may still give something back (a kernel
 * stack, files), or has done so while the caller waited for the locks. Whether there is hope.
 * Caller holds the lock and process_tree. */
static bool choose(void)
{
	struct choice choice = { NULL, 0, false };

	process_each (process)
		look_at(&choice, process);
	if ((choice.ending || page_free_count() >= RESERVE) && clock_ns() < chosen_at + PATIENCE)
		return true;
	if (choice.process)
		end(&choice);
	return choice.process;
}

/* Its memory is taken, or it ends anyway: nobody else has to go for it. */
static bool is_ending(const struct process *self)
{
	return self->doomed || self->memory->space->drained ||
	       __atomic_load_n(&self->exiting, __ATOMIC_RELAXED) ||
	       signal_wanted(1ul << (SIGKILL - 1));
}

bool memory_make_room(void)
{
	struct process *self = process_self();
	bool hope;

	if (mutex_held(&process_tree) || mutex_held(&lock))
		return false;
	mutex_lock(&lock);
	mutex_lock(&process_tree);
	hope = !is_ending(self) && choose() && !self->doomed;
	mutex_unlock(&process_tree);
	mutex_unlock(&lock);
	if (hope)
		sleep_until(clock_ns() + MOMENT, 0);
	return hope;
}
