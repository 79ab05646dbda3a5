/*
 * The graph: see graph.h. A new edge from A to B closes a circle exactly if A can be
 * reached from B; a search in breadth finds the shortest way.
 */
#include "lab3-threads/order/graph.h"
#include "lab1-boot/debug/panic.h"

#ifdef DEBUG
#define EDGES 1024 /* whose places are kept */

uint64_t order_after[ORDER_CLASSES][ORDER_CLASSES / 64];

/* All [raw] order_lock. */
static struct order_edge edges[EDGES];
static unsigned count, forgotten;

/* A search: who led to whom, and those whose own edges are still to be followed. */
struct search {
	uint8_t via[ORDER_CLASSES];
	uint8_t queue[ORDER_CLASSES];
	bool seen[ORDER_CLASSES];
};

/* Whether `to` can be reached from `from`. Caller holds order_lock, as for all that follows. */
static bool search(struct search *search, unsigned from, unsigned to)
{
	unsigned classes = order_class_count(), first = 0, last = 0;

	*search = (struct search){ 0 };
	search->queue[last++] = (uint8_t)from;
	search->seen[from] = true;
	while (first < last && !search->seen[to]) {
		unsigned at = search->queue[first++];

		for (unsigned next = 0; next < classes; next++)
			if (order_edge_known(at, next) && !search->seen[next]) {
				search->seen[next] = true;
				search->via[next] = (uint8_t)at;
				search->queue[last++] = (uint8_t)next;
			}
	}
	return search->seen[to];
}

static struct order_edge edge_between(uint8_t from, uint8_t to)
{
	for (unsigned i = 0; i < count; i++)
		if (edges[i].from == from && edges[i].to == to)
			return edges[i];
	return (struct order_edge){ .from = from, .to = to };
}

/* What the search has found, as a list of edges. */
static void tell(const struct search *search, uint8_t from, uint8_t to, struct order_circle *circle)
{
	unsigned length = 0;

	for (uint8_t at = to; at != from; at = search->via[at])
		length++;
	circle->length = length;
	for (uint8_t at = to; at != from; at = search->via[at])
		if (--length < ORDER_CIRCLE)
			circle->edge[length] = edge_between(search->via[at], at);
}

static void add(const struct order_edge *edge)
{
	uint64_t bit = 1ul << edge->to % 64;

	if (count < EDGES)
		edges[count++] = *edge;
	else
		forgotten++;
	__atomic_fetch_or(&order_after[edge->from][edge->to / 64], bit, __ATOMIC_RELAXED);
}

bool order_edge_add(const struct order_edge *edge, struct order_circle *circle)
{
	struct search way;
	uint64_t flags = order_lock();
	bool known = order_edge_known(edge->from, edge->to);
	bool closes = !known && search(&way, edge->to, edge->from);

	assert(edge->from != edge->to);
	if (closes)
		tell(&way, edge->to, edge->from, circle);
	else if (!known)
		add(edge);
	order_unlock(flags);
	return !closes;
}

bool order_edge_at(unsigned number, struct order_edge *edge)
{
	uint64_t flags = order_lock();
	bool there = number < count;

	if (there)
		*edge = edges[number];
	order_unlock(flags);
	return there;
}

unsigned order_edges_forgotten(void)
{
	uint64_t flags = order_lock();
	unsigned forgot = forgotten;

	order_unlock(flags);
	return forgot;
}
#endif
