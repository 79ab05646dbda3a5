/* Becoming another program. */
#pragma once

struct program;
struct task;

/* exec_take_over: the calling task, alone in its process, becomes what was loaded: from here on
 * nothing can fail. It goes to user mode by its frame. May sleep. */
void exec_take_over(struct task *task, const struct program *program);
