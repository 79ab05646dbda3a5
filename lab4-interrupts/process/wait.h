/* Zombies: what exit.c tells wait.c. */
#pragma once

struct process;

/*
 * wait_child_ended: the process is a zombie, and its parent, perhaps a new one, is to know: it is
 * sent the process's exit signal. A zombie whose parent does not want to know is gone afterwards.
 * Caller holds process_tree. Never sleeps.
 */
void wait_child_ended(struct process *process);
