/* Choosing a policy: see policy.h. */
#include "lab3-threads/sched/policy.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/runqueue.h"

#define DEFAULT "fair"

ROWS_DEFINE(sched_policy);

const struct sched_policy *sched_policy;

const struct sched_policy *sched_policy_named(const char *name, size_t length)
{
	ROWS_EACH (sched_policy, policy)
		if (strlen(policy->name) == length && !strncmp(policy->name, name, length))
			return policy;
	return NULL;
}

bool sched_policy_begin(const struct sched_policy *policy, unsigned cpu, struct thread *running)
{
	policy->init(cpu);
	policy->enqueue(cpu, running, SCHED_NEW);
	return policy->pick(cpu) == running;
}

/* The policy that the command line asks for, with the boot thread running; NULL if it cannot be. */
static const struct sched_policy *asked_for(void)
{
	size_t length;
	const char *name = cmdline_value("sched", &length);
	const struct sched_policy *policy = name ? sched_policy_named(name, length) : NULL;

	if (name && !policy)
		kprintf("sched: there is no policy of that name; " DEFAULT " is taken\n");
	if (!policy || sched_policy_begin(policy, 0, thread_self()))
		return policy;
	kprintf("sched: %s loses the thread that it is given; " DEFAULT " is taken\n",
		policy->name);
	return NULL;
}

void sched_init(void)
{
	sched_policy = asked_for();
	if (!sched_policy) {
		sched_policy = sched_policy_named(DEFAULT, strlen(DEFAULT));
		if (!sched_policy_begin(sched_policy, 0, thread_self()))
			panic("the policy " DEFAULT " loses the thread that it is given");
	}
	this_cpu_ptr(runqueue)->current = thread_self();
	this_cpu_ptr(runqueue)->taking_part = true;
}

const char *sched_policy_name(void)
{
	return sched_policy->name;
}
