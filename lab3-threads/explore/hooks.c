/*
 * What the compiler calls (-fsanitize=thread): __tsan_read4 and the like in front of each
 * plain access, and in the place of each atomic one. Here each becomes a point of the
 * explorer, and is told to the vector clocks; in a kernel made with RACE=1, to the
 * watchpoints (watch.h).
 *
 * Per-processor variables are accessed through %gs, and the compiler tells their
 * addresses in the template: ours are found from there.
 *
 * Read more: GCC, gcc/tsan.c and sanitizer.def (which functions there are).
 */
#include "lab1-boot/cpu/percpu.h"
#include "lab3-threads/explore/clocks.h"
#include "lab3-threads/explore/virtual.h"
#include "lab3-threads/explore/watch.h"
#include "lab3-threads/thread/thread.h"

#define FRAME ((const uint64_t *)__builtin_frame_address(0))

static uint64_t real(const volatile void *memory)
{
	uint64_t address = (uint64_t)memory;

	if (address >= (uint64_t)percpu_template && address < (uint64_t)percpu_template_end)
		address += (uint64_t)(this_cpu(percpu_area) - percpu_template);
	return address;
}

/* Nobody waits for what we write to our own per-processor variables, or to the stack that we are
 * on: it is no change for others. */
static bool ours(const volatile void *memory, const uint64_t *frame)
{
	uint64_t address = (uint64_t)memory;

	return (address >= (uint64_t)percpu_template && address < (uint64_t)percpu_template_end) ||
	       address - (uint64_t)frame < THREAD_STACK;
}

static void plain(const volatile void *memory, size_t bytes, bool write, const uint64_t *frame)
{
	uint64_t address = (uint64_t)memory;

	if (virtual_cpus) {
		explore_at(write && !ours(memory, frame) ? POINT_CHANGE : POINT_LOOK, address / 8);
		if (explore_watching())
			clocks_access(real(memory), bytes, write, frame);
	} else if (watch_on) {
		watch_plain(real(memory), bytes, write, frame);
	}
}

/* Before an atomic access. */
static void before(
	const volatile void *memory, size_t bytes, enum clocks_atomic kind, const uint64_t *frame)
{
	if (virtual_cpus)
		explore_at(kind == CLOCKS_LOAD ? POINT_ATOMIC_LOOK : POINT_ATOMIC_CHANGE,
			(uint64_t)memory / 8);
	else if (watch_on)
		watch_atomic(real(memory), bytes, kind != CLOCKS_LOAD, frame);
}

/* After it. */
static void after(const volatile void *memory, size_t bytes, enum clocks_atomic kind, int order,
	const uint64_t *frame)
{
	if (!virtual_cpus)
		return;
	if (kind != CLOCKS_LOAD)
		explore_changed((uint64_t)memory / 8);
	if (explore_watching())
		clocks_atomic(real(memory), bytes, kind, order, frame);
}

/* The compiler's own declarations of these are built in. */
#define HOOK(name, ...)                                                                            \
	void __tsan_##name(__VA_ARGS__);                                                           \
	void __tsan_##name(__VA_ARGS__)

#define PLAIN(bytes)                                                                               \
	HOOK(read##bytes, void *memory)                                                            \
	{                                                                                          \
		plain(memory, bytes, false, FRAME);                                                \
	}                                                                                          \
	HOOK(write##bytes, void *memory)                                                           \
	{                                                                                          \
		plain(memory, bytes, true, FRAME);                                                 \
	}                                                                                          \
	HOOK(volatile_read##bytes, void *memory)                                                   \
	{                                                                                          \
		before(memory, bytes, CLOCKS_LOAD, FRAME);                                         \
		after(memory, bytes, CLOCKS_LOAD, __ATOMIC_RELAXED, FRAME);                        \
	}                                                                                          \
	HOOK(volatile_write##bytes, void *memory)                                                  \
	{                                                                                          \
		before(memory, bytes, CLOCKS_STORE, FRAME);                                        \
		after(memory, bytes, CLOCKS_STORE, __ATOMIC_RELAXED, FRAME);                       \
	}

#define UNALIGNED(bytes)                                                                           \
	HOOK(unaligned_read##bytes, void *memory)                                                  \
	{                                                                                          \
		plain(memory, bytes, false, FRAME);                                                \
	}                                                                                          \
	HOOK(unaligned_write##bytes, void *memory)                                                 \
	{                                                                                          \
		plain(memory, bytes, true, FRAME);                                                 \
	}

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

HOOK(read_range, void *memory, unsigned long bytes)
{
	plain(memory, bytes, false, FRAME);
}

HOOK(write_range, void *memory, unsigned long bytes)
{
	plain(memory, bytes, true, FRAME);
}

/* The builtin is written as one name, so that all of an operation's widths share it. */
#define CHANGE(bits, type, name, builtin)                                                          \
	type __tsan_atomic##bits##_##name(volatile type *memory, type value, int order);           \
	type __tsan_atomic##bits##_##name(volatile type *memory, type value, int order)            \
	{                                                                                          \
		type old;                                                                          \
                                                                                                   \
		before(memory, sizeof(type), CLOCKS_CHANGE, FRAME);                                \
		old = builtin(memory, value, __ATOMIC_SEQ_CST);                                    \
		after(memory, sizeof(type), CLOCKS_CHANGE, order, FRAME);                          \
		return old;                                                                        \
	}

#define COMPARE(bits, type, name)                                                                  \
	int __tsan_atomic##bits##_##name(                                                          \
		volatile type *memory, type *expected, type value, int order, int failed);         \
	int __tsan_atomic##bits##_##name(                                                          \
		volatile type *memory, type *expected, type value, int order, int failed)          \
	{                                                                                          \
		int done;                                                                          \
                                                                                                   \
		before(memory, sizeof(type), CLOCKS_CHANGE, FRAME);                                \
		done = __atomic_compare_exchange_n(                                                \
			memory, expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
		after(memory, sizeof(type), done ? CLOCKS_CHANGE : CLOCKS_LOAD,                    \
			done ? order : failed, FRAME);                                             \
		return done;                                                                       \
	}

#define ATOMIC(bits, type)                                                                         \
	type __tsan_atomic##bits##_load(const volatile type *memory, int order);                   \
	type __tsan_atomic##bits##_load(const volatile type *memory, int order)                    \
	{                                                                                          \
		type value;                                                                        \
                                                                                                   \
		before(memory, sizeof(type), CLOCKS_LOAD, FRAME);                                  \
		value = __atomic_load_n(memory, __ATOMIC_SEQ_CST);                                 \
		after(memory, sizeof(type), CLOCKS_LOAD, order, FRAME);                            \
		return value;                                                                      \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *memory, type value, int order);            \
	void __tsan_atomic##bits##_store(volatile type *memory, type value, int order)             \
	{                                                                                          \
		before(memory, sizeof(type), CLOCKS_STORE, FRAME);                                 \
		__atomic_store_n(memory, value, __ATOMIC_SEQ_CST);                                 \
		after(memory, sizeof(type), CLOCKS_STORE, order, FRAME);                           \
	}                                                                                          \
	CHANGE(bits, type, exchange, __atomic_exchange_n)                                          \
	CHANGE(bits, type, fetch_add, __atomic_fetch_add)                                          \
	CHANGE(bits, type, fetch_sub, __atomic_fetch_sub)                                          \
	CHANGE(bits, type, fetch_and, __atomic_fetch_and)                                          \
	CHANGE(bits, type, fetch_or, __atomic_fetch_or)                                            \
	CHANGE(bits, type, fetch_xor, __atomic_fetch_xor)                                          \
	CHANGE(bits, type, fetch_nand, __atomic_fetch_nand)                                        \
	COMPARE(bits, type, compare_exchange_strong)                                               \
	COMPARE(bits, type, compare_exchange_weak)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

HOOK(atomic_thread_fence, int order)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (virtual_cpus)
		explore_at(POINT_ATOMIC_LOOK, 0);
	if (virtual_cpus && explore_watching())
		clocks_fence(order);
}

HOOK(atomic_signal_fence, int order)
{
	(void)order; /* for the compiler alone */
	asm volatile("" : : : "memory");
}

/* Nobody calls it: kernel.mk takes the constructors that would out of the objects. */
HOOK(init, void)
{
}
