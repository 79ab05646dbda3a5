/*
 * The tree of processes: who is whose child. All of it is guarded by process_tree, which callers
 * hold (asserted).
 */
#pragma once
#include "lab4-interrupts/process/process.h"

/* family_add: a new process becomes a child of parent (NULL: of nobody). Never sleeps. */
void family_add(struct process *process, struct process *parent);

/* family_remove: it is nobody's child any more; it has no children itself. The tree's reference is
 * given up. */
void family_remove(struct process *process);

/* family_each: every process, zombies too. family_next: see process_next. */
struct process *family_next(const struct process *after);
#define family_each(process)                                                                       \
	for (struct process *process = family_next(NULL); process; process = family_next(process))

/* family_heir: who gets the children of one that ends: its nearest ancestor that wants them
 * (PR_SET_CHILD_SUBREAPER), else process 1. */
struct process *family_heir(const struct process *process);

/* family_give: another parent for a child, who is sent SIGCHLD when it ends, whatever the first one
 * had wished for: nobody would wait for it otherwise. */
void family_give(struct process *child, struct process *parent);
