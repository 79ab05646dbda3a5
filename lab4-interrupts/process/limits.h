/* Limits of a process. */
#pragma once
#include "lab4-interrupts/process/process.h"

/* limits_first: those of the first process, which all others inherit. */
void limits_first(struct process *process);
