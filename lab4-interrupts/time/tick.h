/*
 * The end of a thread's turn: an interrupt when it is over, and only where somebody else
 * waits for the processor.
 */
#pragma once

/* tick_init: let the scheduler's limits (struct sched_slice_ops) be kept by timers. Once. */
void tick_init(void);
