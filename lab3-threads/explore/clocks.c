/* Vector clocks, and what they say of each access: see clocks.h. */
#include "lab3-threads/explore/clocks.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/ktest/report.h"
#include "lab3-threads/explore/virtual.h"

#define CELLS       8192 /* words that are watched; a power of 2, as the next */
#define VARIABLES   2048 /* atomic ones */
#define SITES       4    /* callers that are kept of an access */
#define RACES_MAX   4    /* that are reported */
#define STACK_BYTES 0x4000

struct clock {
	uint32_t count[EXPLORE_CPUS];
};

/* The last access of one kind by one processor. */
struct access {
	uint32_t count; /* the processor's own, then; 0: none */
	uint8_t bytes;  /* a bit for each byte of the word */
	bool atomic;
	uint32_t site[SITES]; /* the lower halves of kernel addresses; 0 behind the last */
};

/* A word of memory. All cells of an older generation are empty. */
struct cell {
	uint64_t word; /* address / 8 */
	uint32_t generation;
	struct access read[EXPLORE_CPUS], write[EXPLORE_CPUS];
};

/* An atomic variable, and what its last release left there. */
struct variable {
	uint64_t address;
	uint32_t generation;
	struct clock released;
};

static struct cell cells[CELLS];
static struct variable variables[VARIABLES];
static struct clock now[EXPLORE_CPUS];
static struct clock fenced[EXPLORE_CPUS];     /* what a release fence lets later stores leave */
static struct clock acquirable[EXPLORE_CPUS]; /* what an acquire fence takes over */
static uint32_t generation, cells_used, variables_used;
static unsigned races;

static void forget_cells(void)
{
	generation++;
	cells_used = 0;
}

void clocks_reset(void)
{
	forget_cells();
	variables_used = 0;
	for (unsigned cpu = 0; cpu < EXPLORE_CPUS; cpu++) {
		now[cpu] = fenced[cpu] = acquirable[cpu] = (struct clock){ { 0 } };
		now[cpu].count[cpu] = 1;
	}
}

/*
 * When a table is three quarters full, all is forgotten at once, as if it were ordered: a release
 * that is forgotten alone, or while it is made, would look like a race.
 */
static void make_room(void)
{
	if (cells_used > CELLS / 4 * 3 || variables_used > VARIABLES / 4 * 3)
		clocks_reset();
}

static void join(struct clock *to, const struct clock *from)
{
	for (unsigned cpu = 0; cpu < EXPLORE_CPUS; cpu++)
		if (from->count[cpu] > to->count[cpu])
			to->count[cpu] = from->count[cpu];
}

static uint64_t hash(uint64_t value)
{
	return value * 0x9e3779b97f4a7c15 >> 40;
}

/* --- atomic variables ---------------------------------------------------------------- */

/* Its entry; made if there is none. There is room (make_room). */
static struct variable *variable_at(uint64_t address)
{
	struct variable *variable;

	for (uint64_t i = hash(address);; i++) {
		variable = &variables[i % VARIABLES];
		if (variable->generation != generation)
			break;
		if (variable->address == address)
			return variable;
	}
	*variable = (struct variable){ .address = address, .generation = generation };
	variables_used++;
	return variable;
}

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
	       order == __ATOMIC_SEQ_CST || order == __ATOMIC_CONSUME;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void take_over(const struct clock *released, int order)
{
	join(&acquirable[virtual_current], released);
	if (acquires(order))
		join(&now[virtual_current], released);
}

/* A store ends what earlier releases left there; a read-modify-write goes on with it. */
static void leave(struct variable *variable, enum clocks_atomic kind, int order)
{
	struct clock *mine = releases(order) ? &now[virtual_current] : &fenced[virtual_current];

	if (kind == CLOCKS_STORE)
		variable->released = *mine;
	else
		join(&variable->released, mine);
	if (releases(order))
		now[virtual_current].count[virtual_current]++;
}

void clocks_fence(int order)
{
	if (acquires(order))
		join(&now[virtual_current], &acquirable[virtual_current]);
	if (releases(order)) {
		fenced[virtual_current] = now[virtual_current];
		now[virtual_current].count[virtual_current]++;
	}
}

/* --- accesses ------------------------------------------------------------------------ */

static struct cell *cell_at(uint64_t word)
{
	struct cell *cell;

	for (uint64_t i = hash(word);; i++) {
		cell = &cells[i % CELLS];
		if (cell->generation != generation)
			break;
		if (cell->word == word)
			return cell;
	}
	*cell = (struct cell){ .word = word, .generation = generation };
	cells_used++;
	return cell;
}

/* Who called, by the chain of frames: only frames of one stack, above each other. */
static void callers(struct access *access, const uint64_t *frame)
{
	for (int i = 0; i < SITES; i++) {
		const uint64_t *next = (const uint64_t *)frame[0];

		access->site[i] = (uint32_t)frame[1];
		if (next <= frame || (uint64_t)next - (uint64_t)frame > STACK_BYTES ||
			(uint64_t)next % 8)
			break;
		frame = next;
	}
}

static void tell(const char *did, unsigned cpu, const struct access *access)
{
	report(REPORT_TEST, "# - processor %u %s it%s in", cpu, did,
		access->atomic ? " atomically" : "");
	for (int i = 0; i < SITES && access->site[i]; i++) {
		struct symbol symbol = symbol_of(0xffffffff00000000 | (access->site[i] - 1));

		report(REPORT_TEST, " %s%s+0x%lx", i ? "< " : "", symbol.name, symbol.offset + 1);
	}
	report(REPORT_TEST, "\n");
}

static void race(uint64_t word, unsigned other, const struct access *theirs, bool they_wrote,
	const struct access *mine, bool write)
{
	static uint32_t told[RACES_MAX][2];

	for (unsigned i = 0; i < races; i++)
		if ((told[i][0] == theirs->site[0] && told[i][1] == mine->site[0]) ||
			(told[i][1] == theirs->site[0] && told[i][0] == mine->site[0]))
			return;
	if (races == RACES_MAX)
		return;
	told[races][0] = theirs->site[0];
	told[races++][1] = mine->site[0];
	if (!kt_fail())
		return;
	report(REPORT_TEST,
		"# data race at 0x%lx: no lock and no memory order lies between these two\n",
		word * 8 + (unsigned)__builtin_ctz(theirs->bytes & mine->bytes));
	tell(they_wrote ? "wrote" : "read", other, theirs);
	tell(write ? "writes" : "reads", virtual_current, mine);
}

/* Whether the other processor's access is ordered before what we do now, or may be together. */
static bool apart(const struct access *theirs, unsigned other, const struct access *mine)
{
	return !theirs->count || !(theirs->bytes & mine->bytes) ||
	       (theirs->atomic && mine->atomic) ||
	       theirs->count <= now[virtual_current].count[other];
}

static void check(struct cell *cell, const struct access *mine, bool write)
{
	for (unsigned other = 0; other < virtual_cpus; other++) {
		if (other == virtual_current)
			continue;
		if (!apart(&cell->write[other], other, mine))
			race(cell->word, other, &cell->write[other], true, mine, write);
		if (write && !apart(&cell->read[other], other, mine))
			race(cell->word, other, &cell->read[other], false, mine, write);
	}
}

static void access_word(
	uint64_t word, uint8_t bytes, bool write, bool atomic, const uint64_t *frame)
{
	struct cell *cell = cell_at(word);
	struct access *last = write ? &cell->write[virtual_current] : &cell->read[virtual_current];
	struct access mine = { .count = now[virtual_current].count[virtual_current],
		.bytes = bytes,
		.atomic = atomic };

	/* Since the same access before nobody can have come between without being told. */
	if (last->count == mine.count && last->atomic == atomic && !(bytes & ~last->bytes))
		return;
	callers(&mine, frame);
	check(cell, &mine, write);
	if (last->count == mine.count && last->atomic == atomic)
		mine.bytes |= last->bytes;
	*last = mine;
}

static void access_all(
	uint64_t address, size_t bytes, bool write, bool atomic, const uint64_t *frame)
{
	for (uint64_t word = address / 8; word * 8 < address + bytes; word++) {
		if (!atomic)
			make_room();
		uint64_t first = word * 8 < address ? address - word * 8 : 0;
		uint64_t end = address + bytes - word * 8 < 8 ? address + bytes - word * 8 : 8;

		access_word(word, (uint8_t)((1u << end) - (1u << first)), write, atomic, frame);
	}
}

void clocks_access(uint64_t address, size_t bytes, bool write, const uint64_t *frame)
{
	access_all(address, bytes, write, false, frame);
}

void clocks_atomic(
	uint64_t address, size_t bytes, enum clocks_atomic kind, int order, const uint64_t *frame)
{
	struct variable *variable;

	make_room();
	variable = variable_at(address);
	if (kind != CLOCKS_STORE)
		take_over(&variable->released, order);
	access_all(address, bytes, kind != CLOCKS_LOAD, true, frame);
	if (kind != CLOCKS_LOAD)
		leave(variable, kind, order);
}
