/* stand-in for the moment */
#include "lab1-boot/cpu/percpu.h"
#include "lab3-threads/sched/policy.h"
static PERCPU(struct list, queue);
static struct list *q(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], queue);
}
static void fair_init(unsigned cpu)
{
	list_init(q(cpu));
}
static void fair_enqueue(unsigned cpu, struct thread *t, enum sched_why why)
{
	(void)why;
	list_push_back(q(cpu), &t->sched.link);
}
static void fair_dequeue(unsigned cpu, struct thread *t)
{
	(void)cpu;
	list_remove(&t->sched.link);
}
static struct thread *fair_pick(unsigned cpu)
{
	struct thread *t;
	if (list_empty(q(cpu)))
		return NULL;
	t = list_entry(q(cpu)->next, struct thread, sched.link);
	list_remove(&t->sched.link);
	return t;
}
static bool fair_tick(unsigned cpu, struct thread *r, uint64_t ns, enum sched_why *why)
{
	(void)cpu;
	(void)r;
	(void)ns;
	(void)why;
	return true;
}
static bool fair_urgent(const struct thread *a, const struct thread *b)
{
	(void)a;
	(void)b;
	return false;
}
static struct thread *fair_spare(unsigned cpu, unsigned other)
{
	list_each (link, q(cpu)) {
		struct thread *t = list_entry(link, struct thread, sched.link);
		if (t->affinity >> other & 1)
			return t;
	}
	return NULL;
}
SCHED_POLICY(fair, .init = fair_init, .enqueue = fair_enqueue, .dequeue = fair_dequeue,
	.pick = fair_pick, .tick = fair_tick, .urgent = fair_urgent, .spare = fair_spare);
