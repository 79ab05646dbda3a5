/* What exec and fork need of a process's end. */
#pragma once
#include "lab4-interrupts/process/process.h"

/* process_end_others: let all tasks but one end soon. Caller holds process->lock. Never sleeps. */
void process_end_others(struct process *process, const struct task *except);

/* process_vfork_done: the process does not use its parent's memory any more: let that go on.
 * Takes process->lock. */
void process_vfork_done(struct process *process);
