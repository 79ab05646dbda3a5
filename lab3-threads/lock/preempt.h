/*
 * Staying on this processor: what a spin lock does besides locking, for who needs only that.
 */
#pragma once

/*
 * preempt_disable: the thread keeps its processor until preempt_enable, and may_sleep() is false
 * meanwhile. They nest. preempt_enable is no resched point.
 */
void preempt_disable(void);
void preempt_enable(void);
