/* Out of memory: see oom.h. */
#include "lab4-interrupts/memory/oom.h"
#include "lab1-boot/console/kprintf.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/time/sleep.h"

#define RESERVE  128ul     /* pages */
#define MOMENT   1000000ul /* ns */
#define PATIENCE 100       /* moments to wait for a process to end, before another one has to */

static struct mutex lock = MUTEX_INIT(lock, "out of memory"); /* before process_tree */
static unsigned patience;                                     /* [lock] left for the last one */

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

/* Frames of a process; 0 if it has no memory any more, or somebody changes it now. */
static uint64_t pages_of(struct process *process)
{
	uint64_t pages = 0;

	if (!mutex_trylock(&process->lock))
		return 0;
	if (process->memory)
		pages = __atomic_load_n(&process->memory->space->resident, __ATOMIC_RELAXED);
	mutex_unlock(&process->lock);
	return pages;
}

static void look_at(struct choice *choice, struct process *process)
{
	uint64_t pages;

	/* As long as it is no zombie its memory may be on the way back, whatever is to be seen. */
	if (__atomic_load_n(&process->doomed, __ATOMIC_RELAXED)) {
		choice->ending = true;
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
	patience = PATIENCE;
}

/* Choose, and end it, unless one that has been chosen may still give its memory back. Whether there
 * is hope. Caller holds the lock and process_tree. */
static bool choose(void)
{
	struct choice choice = { NULL, 0, false };

	process_each (process)
		look_at(&choice, process);
	if (choice.ending && patience > 0) {
		patience--;
		return true;
	}
	if (choice.process)
		end(&choice);
	return choice.process;
}

bool memory_make_room(void)
{
	struct process *self = process_self();
	bool hope;

	if (mutex_held(&process_tree) || mutex_held(&lock))
		return false;
	mutex_lock(&lock);
	mutex_lock(&process_tree);
	hope = !self->doomed && choose() && !self->doomed;
	mutex_unlock(&process_tree);
	mutex_unlock(&lock);
	if (hope)
		sleep_until(clock_ns() + MOMENT, 0);
	return hope;
}
