/*
 * Exercise 4.4, second half: copies that end exactly where the memory does, at whatever byte that
 * is, and addresses that no program can have.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/tests/user.h"

/* A few pages with nothing before and behind them. */
#define HERE  0x600000ul
#define THERE (HERE + 2 * PAGE_SIZE)

#define NEAR      24 /* bytes on both sides of a border that are tried */
#define RFLAGS_AC (1ul << 18)

static uint8_t bytes[3 * PAGE_SIZE]; /* of the kernel's */
static uint8_t other[3 * PAGE_SIZE];

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(kt_random() | 1);
	memset(other, 0, sizeof(other));
}

static void run(void (*function)(void))
{
	fill();
	user_make();
	user_map(HERE, THERE - HERE, PROT_READ | PROT_WRITE);
	user_run(function);
	user_end();
}

/* How many of so many bytes at address can be reached. */
static size_t there(uint64_t address, size_t count)
{
	if (address < HERE || address >= THERE)
		return 0;
	return count < THERE - address ? count : THERE - address;
}

static void to_the_border(void)
{
	for (uint64_t at = THERE - NEAR; at < THERE + NEAR; at++)
		for (size_t count = 0; count < 2 * NEAR; count++) {
			size_t most = there(at, count);

			clear_user(HERE, THERE - HERE);
			KT_REQUIRE(copied_to_user(at, bytes + at % 8, count) == most);
			KT_REQUIRE(copied_from_user(other, THERE - 2 * NEAR, 2 * NEAR) == 2 * NEAR);
			if (most)
				KT_REQUIRE(!memcmp(
					other + (at - (THERE - 2 * NEAR)), bytes + at % 8, most));
			KT_REQUIRE(copy_to_user(at, bytes, count) == (most == count ? 0 : -EFAULT));
		}
}

KTEST(usercopy_to_border, "4.4",
	"copying to a program ends at the very byte where its memory does, from every byte before "
	"it",
	.needs = "4.5", .limit = 20)
{
	run(to_the_border);
}

static void from_the_border(void)
{
	KT_REQUIRE(copy_to_user(HERE, bytes, THERE - HERE) == 0);
	for (uint64_t at = THERE - NEAR; at < THERE + NEAR; at++)
		for (size_t count = 0; count < 2 * NEAR; count++) {
			size_t most = there(at, count);

			memset(other, 0, 2 * NEAR + 1);
			KT_REQUIRE(copied_from_user(other, at, count) == most);
			KT_REQUIRE(!memcmp(other, bytes + (at - HERE), most));
			KT_REQUIRE(other[most] == 0);
			KT_REQUIRE(
				copy_from_user(other, at, count) == (most == count ? 0 : -EFAULT));
		}
}

KTEST(usercopy_from_border, "4.4",
	"copying from a program ends at the very byte where its memory does, and nothing behind is "
	"touched",
	.needs = "4.5", .limit = 20)
{
	run(from_the_border);
}

/* From before the memory, into it: nothing at all can be had. */
static void before_the_border(void)
{
	for (uint64_t at = HERE - NEAR; at < HERE; at++)
		for (size_t count = 1; count < 2 * NEAR; count++) {
			KT_REQUIRE(copied_from_user(other, at, count) == 0);
			KT_REQUIRE(copied_to_user(at, bytes, count) == 0);
			KT_REQUIRE(clear_user(at, count) == -EFAULT);
		}
	KT_REQUIRE(copy_from_user(other, HERE, NEAR) == 0);
	for (unsigned i = 0; i < NEAR; i++)
		KT_REQUIRE(other[i] == 0);
}

KTEST(usercopy_before, "4.4", "what begins before a program's memory copies nothing",
	.needs = "4.5", .limit = 10)
{
	run(before_the_border);
}

static void clear_at_border(void)
{
	for (uint64_t at = THERE - NEAR; at < THERE + NEAR; at++)
		for (size_t count = 0; count < 2 * NEAR; count++) {
			size_t most = there(at, count), before = at - (THERE - NEAR);

			KT_REQUIRE(copy_to_user(THERE - NEAR, bytes, NEAR) == 0);
			KT_REQUIRE(clear_user(at, count) == (most == count ? 0 : -EFAULT));
			KT_REQUIRE(copy_from_user(other, THERE - NEAR, NEAR) == 0);
			for (size_t i = 0; i < NEAR; i++)
				KT_REQUIRE(other[i] ==
					   (i >= before && i < before + most ? 0 : bytes[i]));
		}
}

KTEST(usercopy_clear, "4.4", "clearing ends at the very byte where the memory does", .needs = "4.5",
	.limit = 20)
{
	run(clear_at_border);
}

static void far_away(void)
{
	static const uint64_t bad[] = { 0, 1, HERE - 1, THERE, USER_END - 1, USER_END, USER_END + 1,
		1ul << 63, DIRECT_MAP, KERNEL_BASE, -PAGE_SIZE, -8ul, -1ul };
	static const size_t counts[] = { 1, 7, 8, 4096, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (unsigned j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
			KT_EQ(copy_to_user(bad[i], bytes, counts[j]), -EFAULT);
			KT_EQ(copy_from_user(other, bad[i], counts[j]), -EFAULT);
			KT_EQ(clear_user(bad[i], counts[j]), -EFAULT);
			KT_EQ(string_from_user((char *)other, bad[i], counts[j]), -EFAULT);
		}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		KT_EQ(copy_to_user(bad[i], bytes, 0), 0);
	/* The kernel's own: what is asked for is there, but it is not the program's. */
	KT_EQ(copy_from_user(other, (uint64_t)bytes, 8), -EFAULT);
	KT_EQ(copy_to_user((uint64_t)other, bytes, 8), -EFAULT);
	KT_EQ(other[0], 0);
	KT_EQ(copied_to_user(HERE, bytes, SIZE_MAX), THERE - HERE);
}

KTEST(usercopy_far, "4.4",
	"addresses of the kernel, without form, at the end of their half, and lengths that wrap",
	.needs = "4.5")
{
	run(far_away);
}

/* --- rights -------------------------------------------------------------------------- */

static int64_t protect(uint64_t address, int protection)
{
	struct trap_frame frame = { .error = __NR_mprotect,
		.rdi = address,
		.rsi = PAGE_SIZE,
		.rdx = (uint64_t)protection };

	return syscall_run(&frame);
}

static void without_rights(void)
{
	KT_EQ(copy_to_user(HERE, bytes, 100), 0);
	KT_EQ(protect(HERE, PROT_READ), 0);
	KT_EQ(copied_to_user(HERE, bytes, 8), 0);
	KT_EQ(copied_to_user(HERE + PAGE_SIZE, bytes, 8), 8);
	KT_EQ(copy_from_user(other, HERE, 100), 0);
	KT_EQ(clear_user(HERE + PAGE_SIZE - 1, 2), -EFAULT);
	KT_EQ(protect(HERE, PROT_NONE), 0);
	KT_EQ(copied_from_user(other, HERE, 8), 0);
	KT_EQ(copied_from_user(other, HERE + PAGE_SIZE, 8), 8);
	KT_EQ(protect(HERE, PROT_READ | PROT_WRITE), 0);
	KT_EQ(protect(HERE + PAGE_SIZE, PROT_NONE), 0);
	KT_EQ(copied_from_user(other, HERE + PAGE_SIZE - 5, 8), 5);
	KT_EQ(string_from_user((char *)other, HERE + PAGE_SIZE, 8), -EFAULT);
}

KTEST(usercopy_rights, "4.4",
	"memory that may only be read is not written, and forbidden memory not read",
	.needs = "4.5")
{
	run(without_rights);
}

static void flags_afterwards(void)
{
	char text[8];

	KT_EQ(copy_to_user(HERE, bytes, 10), 0);
	KT_EQ(read_rflags() & RFLAGS_AC, 0);
	KT_EQ(copy_to_user(THERE - 4, bytes, 10), -EFAULT);
	KT_EQ(read_rflags() & RFLAGS_AC, 0);
	KT_EQ(clear_user(THERE - 4, 10), -EFAULT);
	KT_EQ(read_rflags() & RFLAGS_AC, 0);
	KT_EQ(clear_user(HERE, 10), 0);
	KT_EQ(string_from_user(text, THERE, sizeof(text)), -EFAULT);
	KT_EQ(read_rflags() & RFLAGS_AC, 0);
}

KTEST(usercopy_closed, "4.4",
	"after a copy, also one that failed, user memory is out of reach again", .needs = "4.5")
{
	run(flags_afterwards);
}

static void touch(void)
{
	KT_EQ(copy_to_user(HERE, bytes, 10), 0);
	KT_EQ(*(volatile uint8_t *)HERE, bytes[0]);
}

KTEST(usercopy_smap, "4.4", "the kernel cannot touch user memory by any other instruction",
	.needs = "4.5", .panics = "page fault: reading 0x600000")
{
	if (!(read_cr4() & CR4_SMAP))
		KT_SKIP("this processor has no SMAP");
	run(touch);
}

/* --- strings ------------------------------------------------------------------------- */

static void strings(void)
{
	char text[32];

	KT_EQ(copy_to_user(THERE - 4, "abc", 4), 0);
	KT_EQ(string_from_user(text, THERE - 4, sizeof(text)), 3);
	KT_STREQ(text, "abc");
	KT_EQ(string_from_user(text, THERE - 4, 4), 3);
	KT_EQ(string_from_user(text, THERE - 4, 3), -ENAMETOOLONG);
	KT_EQ(string_from_user(text, THERE - 1, sizeof(text)), 0);
	KT_EQ(copy_to_user(THERE - 1, "d", 1), 0);
	KT_EQ(string_from_user(text, THERE - 4, sizeof(text)), -EFAULT);
	KT_EQ(string_from_user(text, THERE - 4, 4), -ENAMETOOLONG);
	KT_EQ(string_from_user(text, THERE - 4, 5), -EFAULT);
	KT_EQ(string_from_user(text, THERE, sizeof(text)), -EFAULT);
}

KTEST(usercopy_strings, "", "strings that end, are too long, or run out of memory")
{
	run(strings);
}

/* --- exchanging ---------------------------------------------------------------------- */

static void exchange(void)
{
	uint32_t expected = 0, value;

	KT_EQ(user_exchange(HERE, &expected, 5), 0);
	KT_EQ(user_exchange(HERE, &expected, 6), -EAGAIN);
	KT_EQ(expected, 5);
	KT_EQ(user_exchange(HERE, &expected, 7), 0);
	KT_EQ(copy_from_user(&value, HERE, sizeof(value)), 0);
	KT_EQ(value, 7);
	KT_EQ(user_exchange(HERE + 2, &expected, 7), -EFAULT);
	KT_EQ(user_exchange(THERE, &expected, 7), -EFAULT);
	KT_EQ(user_exchange(USER_END, &expected, 7), -EFAULT);
	KT_EQ(user_exchange(DIRECT_MAP, &expected, 7), -EFAULT);
	KT_EQ(vm_protect(user.memory->space, HERE, PAGE_SIZE, PROT_READ), 0);
	expected = 7;
	KT_EQ(user_exchange(HERE, &expected, 8), -EFAULT);
	KT_EQ(read_rflags() & RFLAGS_AC, 0);
}

KTEST(usercopy_exchange, "",
	"a word is replaced only if it is what was expected, and can be reached")
{
	run(exchange);
}

/* --- without a process --------------------------------------------------------------- */

static void somebody(void)
{
	KT_EQ(copy_to_user(HERE, bytes, 8), 0);
	KT_EQ(copied_from_user(other, HERE, 8), 8);
}

KTEST(usercopy_nobody, "4.4", "a process has user memory, a thread of the kernel's own has none",
	.needs = "4.5")
{
	run(somebody);
	KT_EQ(copy_to_user(HERE, bytes, 8), -EFAULT);
	KT_EQ(copied_from_user(other, HERE, 8), 0);
	KT_EQ(copied_from_user(other, USER_END - 4, 8), 0);
}
