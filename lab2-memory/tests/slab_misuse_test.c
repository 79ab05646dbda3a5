/*
 * What must not be done with objects, one thing a boot: test_slab_misuse.py names
 * it, and reads what the panic says of it. Given code, debug builds.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/kmalloc.h"

static struct slab_cache gadgets, widgets;

/* Functions whose names the messages have to tell. */
__attribute__((noinline)) static void *maker(void)
{
	return slab_alloc(&gadgets, 0);
}

__attribute__((noinline)) static void *kmalloc_maker(size_t bytes)
{
	return kmalloc(bytes, 0);
}

__attribute__((noinline)) static void breaker(void *object)
{
	slab_free(&gadgets, object);
}

__attribute__((noinline)) static void kfree_breaker(void *memory)
{
	kfree(memory);
}

static char *gadget, *other;

/* The compiler is not to see through it. */
static void write(char *at)
{
	asm volatile("movb $0x41, (%0)" : : "r"(at) : "memory");
}

static void free_twice(void)
{
	breaker(gadget);
	breaker(gadget);
}

static void write_to_free(void)
{
	breaker(gadget);
	write(gadget + 5);
	for (int i = 0; i < 100; i++)
		maker();
}

static void write_to_free_and_drain(void)
{
	breaker(gadget);
	write(gadget + 39);
	slab_drain();
}

static void write_behind(void)
{
	write(gadget + 40);
	breaker(gadget);
}

static void write_before(void)
{
	write(gadget - 1);
	breaker(gadget);
}

static void write_far_before(void)
{
	memset(gadget - 48, 0x41, 48);
	breaker(gadget);
}

static void write_behind_and_check(void)
{
	write(gadget + 47);
	slab_drain();
}

static void free_elsewhere(void)
{
	slab_free(&widgets, gadget);
}

static void free_inside(void)
{
	breaker(gadget + 8);
}

static void free_before_first(void)
{
	breaker((char *)page_address(page_head(page_of(gadget))) + 8);
}

static void free_on_stack(void)
{
	int local;

	breaker(&local);
}

static void free_page(void)
{
	breaker(page_address(page_alloc(0, 0)));
}

static void free_of_free_page(void)
{
	breaker(gadget);
	breaker(other);
	slab_drain();
	breaker(gadget);
}

static void hand_out_twice(void)
{
	slab_drain();
	spin_lock(&gadgets.lock);
	slab_put(&gadgets, gadget);
	spin_unlock(&gadgets.lock);
	for (int i = 0; i < 100; i++)
		maker();
}

static void give_slab_back_early(void)
{
	slab_drain();
	spin_lock(&gadgets.lock);
	slab_put(&gadgets, gadget);
	slab_put(&gadgets, other);
	slab_trim(&gadgets);
	spin_unlock(&gadgets.lock);
}

static void destroy_early(void)
{
	slab_cache_destroy(&gadgets);
}

static void kmalloc_behind(void)
{
	char *memory = kmalloc_maker(13);

	write(memory + 13);
	kfree_breaker(memory);
}

static void kfree_twice(void)
{
	char *memory = kmalloc_maker(100);

	kfree_breaker(memory);
	kfree_breaker(memory);
}

static void kfree_of_object(void)
{
	kfree_breaker(gadget);
	breaker(gadget);
}

static void krealloc_of_free(void)
{
	char *memory = kmalloc_maker(100);

	kfree_breaker(memory);
	krealloc(memory, 101, 0);
}

static void krealloc_inside(void)
{
	krealloc((char *)kmalloc_maker(100) + 16, 200, 0);
}

static void krealloc_behind(void)
{
	char *memory = krealloc(kmalloc_maker(100), 99, 0);

	write(memory + 99);
	kfree_breaker(memory);
}

static void large_twice(void)
{
	char *memory = kmalloc_maker(5000);

	kfree_breaker(memory);
	kfree_breaker(memory);
}

static void large_behind(void)
{
	char *memory = kmalloc_maker(5000);

	write(memory + 5000);
	kfree_breaker(memory);
}

static void large_inside(void)
{
	kfree_breaker((char *)kmalloc_maker(5000) + 4096);
}

static void large_krealloc_of_free(void)
{
	char *memory = kmalloc_maker(5000);

	kfree_breaker(memory);
	krealloc(memory, 6000, 0);
}

static const struct misuse {
	const char *name;
	void (*run)(void);
} misuses[] = {
#define MISUSE(function)                                                                           \
	{                                                                                          \
#function, function                                                                \
	}
	MISUSE(free_twice),
	MISUSE(write_to_free),
	MISUSE(write_to_free_and_drain),
	MISUSE(write_behind),
	MISUSE(write_before),
	MISUSE(write_far_before),
	MISUSE(write_behind_and_check),
	MISUSE(free_elsewhere),
	MISUSE(free_inside),
	MISUSE(free_before_first),
	MISUSE(free_on_stack),
	MISUSE(free_page),
	MISUSE(free_of_free_page),
	MISUSE(hand_out_twice),
	MISUSE(give_slab_back_early),
	MISUSE(destroy_early),
	MISUSE(kmalloc_behind),
	MISUSE(kfree_twice),
	MISUSE(kfree_of_object),
	MISUSE(krealloc_of_free),
	MISUSE(krealloc_inside),
	MISUSE(krealloc_behind),
	MISUSE(large_twice),
	MISUSE(large_behind),
	MISUSE(large_inside),
	MISUSE(large_krealloc_of_free),
};

/* Input: the name of a misuse. */
KPROBE(slab_misuse)
{
	char line[40];

	KT_REQUIRE(kt_input_line(line, sizeof(line)));
	slab_cache_init(&gadgets, "gadget", 40, 8);
	slab_cache_init(&widgets, "widget", 40, 8);
	gadget = maker();
	other = maker();
	KT_REQUIRE(gadget && other);
	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++)
		if (!strcmp(line, misuses[i].name))
			misuses[i].run();
}
