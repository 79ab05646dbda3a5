/*
 * Classes: see classes.h. They are found by the address of the name, if that is a
 * constant of the kernel's and can never become another one; by its content otherwise.
 */
#include "lab3-threads/order/classes.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab3-threads/cpu/clock.h"

#ifdef DEBUG
#define KNOWN 512 /* names by their addresses; a power of two */
#define TRIES 8   /* places for one of them */

_Static_assert(ORDER_CLASSES == 128 && sizeof(struct order_class) == 80 &&
		       __builtin_offsetof(struct order_class, sleeps) == 32,
	"tests/order_table.py");

struct order_class order_classes[ORDER_CLASSES];
static unsigned count; /* [a] rises under order_lock */

/* A name's address, with the lowest bit of all for whether it sleeps; and its class. */
static struct known {
	uint64_t key; /* [a] 0: free; written under order_lock, after the class */
	uint8_t class;
} known[KNOWN];

static bool taken; /* [a] */

uint64_t order_lock(void)
{
	uint64_t flags = irq_save();

	while (__atomic_test_and_set(&taken, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	return flags;
}

void order_unlock(uint64_t flags)
{
	__atomic_clear(&taken, __ATOMIC_RELEASE);
	irq_restore(flags);
}

unsigned order_class_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_ACQUIRE);
}

struct order_class *order_class_at(unsigned number)
{
	return &order_classes[number];
}

/* --- by the address of the name ------------------------------------------------------ */

ORDER_QUICK static uint64_t key_of(const char *name, bool sleeps)
{
	return (uint64_t)name << 1 | sleeps;
}

ORDER_QUICK static struct known *place_of(uint64_t key, unsigned try)
{
	return &known[((key * 0x9e3779b97f4a7c15 >> 32) + try) % KNOWN];
}

static bool is_constant(const char *name)
{
	return name >= rodata_start && name < data_start;
}

/* Caller holds order_lock. */
static void make_known(const char *name, bool sleeps, uint8_t class)
{
	uint64_t key = key_of(name, sleeps);

	for (unsigned try = 0; try < TRIES; try++) {
		struct known *place = place_of(key, try);

		if (place->key == key)
			return;
		if (place->key)
			continue;
		place->class = class;
		__atomic_store_n(&place->key, key, __ATOMIC_RELEASE);
		return;
	}
}

/* --- by its content ------------------------------------------------------------------ */

/* Not strcmp: nothing outside of order/ is called with order_lock held. */
static bool same_name(const struct order_class *class, const char *name)
{
	size_t i = 0;

	while (i < ORDER_NAME - 1 && name[i] && class->name[i] == name[i])
		i++;
	return i == ORDER_NAME - 1 || class->name[i] == name[i];
}

static uint8_t find(const char *name, bool sleeps)
{
	unsigned classes_now = order_class_count();

	for (unsigned i = 0; i < classes_now; i++)
		if (order_classes[i].sleeps == sleeps && same_name(&order_classes[i], name))
			return (uint8_t)i;
	return ORDER_NO_CLASS;
}

/* Caller holds order_lock. */
static uint8_t add(const char *name, bool sleeps)
{
	struct order_class *class;

	if (count == ORDER_CLASSES)
		return ORDER_NO_CLASS;
	class = &order_classes[count];
	for (size_t i = 0; i < ORDER_NAME - 1 && name[i]; i++)
		class->name[i] = name[i];
	class->sleeps = sleeps;
	__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	return (uint8_t)(count - 1);
}

static uint8_t find_or_add(const char *name, bool sleeps)
{
	uint8_t class = find(name, sleeps);
	uint64_t flags;

	if (class != ORDER_NO_CLASS && !is_constant(name))
		return class;
	flags = order_lock();
	class = find(name, sleeps);
	if (class == ORDER_NO_CLASS)
		class = add(name, sleeps);
	if (is_constant(name))
		make_known(name, sleeps, class);
	order_unlock(flags);
	return class;
}

ORDER_QUICK uint8_t order_class(const char *name, bool sleeps)
{
	uint64_t key = key_of(name, sleeps);

	for (unsigned try = 0; try < TRIES; try++) {
		struct known *place = place_of(key, try);
		uint64_t found = __atomic_load_n(&place->key, __ATOMIC_ACQUIRE);

		if (found == key)
			return place->class;
		if (!found)
			break;
	}
	return find_or_add(name ? name : "?", sleeps);
}

void order_by_address(const char *name)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		uint8_t class = order_class(name, sleeps);

		if (class != ORDER_NO_CLASS)
			__atomic_store_n(&order_classes[class].by_address, true, __ATOMIC_RELAXED);
	}
}

/* --- statistics ---------------------------------------------------------------------- */

ORDER_QUICK void order_count(uint8_t number, uint64_t waited)
{
	struct order_class *class;

	if (number == ORDER_NO_CLASS)
		return;
	class = &order_classes[number];
	__atomic_fetch_add(&class->acquired, 1, __ATOMIC_RELAXED);
	if (!waited)
		return;
	__atomic_fetch_add(&class->contended, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&class->waited, waited, __ATOMIC_RELAXED);
}

ORDER_QUICK void order_held_for(uint8_t number, uint64_t nanoseconds, uint64_t site)
{
	struct order_class *class;
	uint64_t flags;

	if (number == ORDER_NO_CLASS)
		return;
	class = &order_classes[number];
	if (nanoseconds <= __atomic_load_n(&class->longest, __ATOMIC_RELAXED))
		return;
	flags = order_lock();
	if (nanoseconds > class->longest) {
		__atomic_store_n(&class->longest, nanoseconds, __ATOMIC_RELAXED);
		class->longest_site = site;
	}
	order_unlock(flags);
}
#endif
