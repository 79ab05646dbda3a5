/* Threads and processors from outside: see view.h. */
#include "lab3-threads/sched/view.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/runqueue.h"

struct search {
	unsigned above;
	struct thread_view *view;
	bool found;
};

/* The stack of one that does not run stands still as long as its queue is locked. */
static size_t walk(const struct runqueue *queue, const struct thread *thread, uint64_t *frame)
{
	if (queue->current == thread || !thread->frame)
		return 0;
	return backtrace_walk(
		backtrace_stack(thread->frame), thread->frame, frame, SCHED_VIEW_FRAMES);
}

static bool look(struct thread *thread, void *context)
{
	struct search *search = context;
	struct thread_view *view = search->view;
	struct runqueue *queue;
	uint64_t flags;

	if (thread->id <= search->above)
		return true;
	queue = sched_queue_lock(thread, &flags);
	*view = (struct thread_view){ .id = thread->id,
		.cpu = thread->cpu,
		.priority = thread->priority,
		.base = __atomic_load_n(&thread->base, __ATOMIC_RELAXED),
		.state = thread->state,
		.ran = sched_total(queue, thread),
		.switches = thread->switches };
	view->frames = walk(queue, thread, view->frame);
	spin_unlock_irqrestore(&queue->lock, flags);
	strlcpy(view->name, thread->name, sizeof(view->name));
	search->found = true;
	return false;
}

bool sched_view_thread(unsigned above, struct thread_view *view)
{
	struct search search = { .above = above, .view = view };

	threads_each(look, &search);
	return search.found;
}

void sched_view_processor(unsigned cpu, struct processor_view *view)
{
	struct runqueue *queue = runqueue_of(cpu);
	uint64_t flags = spin_lock_irqsave(&queue->lock);

	*view = (struct processor_view){ .taking_part = sched_takes_part(cpu),
		.id = queue->current->id,
		.ready = queue->ready,
		.stolen = queue->stolen,
		.idle = queue->idle ? sched_total(queue, queue->idle) : 0,
		.total = clock_ns() - queue->began };
	strlcpy(view->name, queue->current->name, sizeof(view->name));
	spin_unlock_irqrestore(&queue->lock, flags);
}
