/*
 * The graph of the order: an edge from A to B says that a lock of class B was taken
 * while one of class A was held. It never has a circle: the edge that would close one
 * is reported instead.
 *
 * An edge that is known, as nearly all are, is one bit.
 */
#pragma once
#include "lab3-threads/order/classes.h"

#ifdef DEBUG
#define ORDER_CIRCLE 8 /* edges of a circle that a report shows */

/* The first time that it was seen. */
struct order_edge {
	uint8_t from, to;  /* classes */
	uint64_t held_at;  /* where the lock of from had been taken */
	uint64_t taken_at; /* where the lock of to was taken */
};

/* A circle without the edge that closes it, from that edge's end to its beginning. */
struct order_circle {
	unsigned length; /* in edges, which may be more than fit */
	struct order_edge edge[ORDER_CIRCLE];
};

/* Of each class the set of those that were taken while it was held. [a] */
extern uint64_t order_after[ORDER_CLASSES][ORDER_CLASSES / 64];

ORDER_QUICK static inline bool order_edge_known(unsigned from, unsigned to)
{
	return __atomic_load_n(&order_after[from][to / 64], __ATOMIC_RELAXED) >> to % 64 & 1;
}

/*
 * order_edge_add: note an edge between two different classes. false: it would close the circle
 * that is then told, and is not noted. Takes order_lock.
 */
bool order_edge_add(const struct order_edge *edge, struct order_circle *circle);

/* order_edge_at: the edge of that number, in the order in which they were seen; false behind the
 * last one. Takes order_lock. */
bool order_edge_at(unsigned number, struct order_edge *edge);

/* order_edges_forgotten: how many edges there were no room to keep the places of. */
unsigned order_edges_forgotten(void);
#endif
