/* What of the processor belongs to the task that runs, and changes with it. */
#pragma once

struct task;

/* switch_init: be told of each switch. Once. */
void switch_init(void);

/* switch_memory: load the calling task's memory, which has just become another one; without memory
 * the kernel's tables. Never sleeps. */
void switch_memory(struct task *task);

/* switch_leave: the calling task is ending, and does not need its memory any more: whatever becomes
 * of that, no processor loads it for this task. Never sleeps. */
void switch_leave(struct task *task);

/* switch_bases: load the calling task's FS and GS bases, which have been changed. Never sleeps. */
void switch_bases(struct task *task);
