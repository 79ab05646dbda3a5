/*
 * What the checker says before the kernel ends: which locks, and where each was taken.
 * The message of the panic tells the most of it in one line; what does not fit stands
 * before it on the console. Once somebody has panicked, nothing is reported any more,
 * and these functions return.
 */
#pragma once
#include "lab3-threads/order/graph.h"

#ifdef DEBUG
/* report_circle: wanted is asked for while held is ours, which closes the circle. */
void report_circle(const struct order_held *wanted, const struct order_held *held,
	const struct order_circle *circle);

/* report_nested: the same, and both are of one class, which may not be, or not in this order. */
void report_nested(const struct order_held *wanted, const struct order_held *held);

/* report_twice: wanted is held already. */
void report_twice(const struct order_held *wanted, const struct order_held *held);

/* report_not_held: a lock is let go of at site that the caller does not hold. taken: where somebody
 * took it last; 0: not known. */
void report_not_held(const void *lock, enum order_kind kind, uint64_t site, uint64_t taken);

/* report_sleep: the caller would sleep at site, and its processor holds spin locks. */
void report_sleep(const struct order_stack *spinning, uint64_t site);

/* report_exit: the present thread ends, and these are held. */
void report_exit(const struct order_stack *stack);
#endif
