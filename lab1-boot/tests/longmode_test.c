/*
 * Exercise 1.1 from inside: the bits that turn long mode on, and the boot tables.
 *
 * The tables are walked here by the processor's own rules (Intel SDM volume 3,
 * section 4.5), not through boot/paging.h. test_longmode.py does the same from outside.
 */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"

#define PRESENT  (1ul << 0)
#define WRITE    (1ul << 1)
#define USER     (1ul << 2)
#define LARGE    (1ul << 7)
#define NX       (1ul << 63)
#define ADDRESS  0x000ffffffffff000ul
#define MIB      (1ul << 20)
#define SCRATCH  (32 * MIB) /* RAM that nobody uses: the grader's machine has 64 MiB */
#define UNMAPPED UINT64_MAX

#define CR0_PG   (1ul << 31)
#define CR4_PAE  (1ul << 5)
#define EFER_LME (1ul << 8)
#define EFER_LMA (1ul << 10)
#define EFER_NXE (1ul << 11)

struct walk {
	uint64_t physical; /* UNMAPPED if an entry on the way is not present */
	bool writable, executable, user;
	uint64_t *last; /* the entry where the walk ended */
};

static struct walk walk(uint64_t address)
{
	struct walk at = {
		.physical = UNMAPPED, .writable = true, .executable = true, .user = true
	};
	uint64_t table = read_cr3() & ADDRESS;

	for (int shift = 39; shift >= 12; shift -= 9) {
		at.last = (uint64_t *)phys_to_virt(table) + (address >> shift & 511);
		uint64_t entry = *at.last;

		if (!(entry & PRESENT))
			return at;
		at.writable &= !!(entry & WRITE);
		at.user &= !!(entry & USER);
		at.executable &= !(entry & NX);
		table = entry & ADDRESS;
		if (shift == 12 || (shift < 39 && entry & LARGE)) {
			uint64_t offset = address & ((1ul << shift) - 1);

			at.physical = (table & -(1ul << shift)) + offset;
			break;
		}
	}
	return at;
}

KTEST(longmode_control_bits, "1.1", "every bit that long mode, NX and write protection need is on")
{
	KT_TRUE(read_cr0() & CR0_PG);
	KT_TRUE(read_cr0() & CR0_WP);
	KT_TRUE(read_cr4() & CR4_PAE);
	KT_TRUE(rdmsr(MSR_EFER) & EFER_LME);
	KT_TRUE(rdmsr(MSR_EFER) & EFER_LMA);
	KT_TRUE(rdmsr(MSR_EFER) & EFER_NXE);
}

KTEST(longmode_direct_map, "1.1", "the direct map reaches all of the first 4 GiB, writable")
{
	for (uint64_t physical = 0; physical < DIRECT_MAP_BOOT; physical += 2 * MIB) {
		struct walk at = walk(DIRECT_MAP + physical);

		if (!KT_EQ(at.physical, physical) || !KT_TRUE(at.writable) || !KT_TRUE(!at.user))
			return;
	}
	KT_EQ(walk(DIRECT_MAP + DIRECT_MAP_BOOT).physical, UNMAPPED);
}

KTEST(longmode_kernel_window, "1.1", "the kernel lies at -2 GiB, and nothing else is mapped")
{
	const uint64_t *pml4 = phys_to_virt(read_cr3() & ADDRESS);

	for (const char *page = kernel_start; page < kernel_end; page += PAGE_SIZE) {
		struct walk at = walk((uint64_t)page);

		if (page == boot_stack_guard)
			continue;
		if (!KT_EQ(at.physical, kernel_phys(page)) || !KT_TRUE(at.writable) ||
			!KT_TRUE(at.executable))
			return;
	}
	for (uint64_t i = 0; i < 512; i++)
		if (i != 256 && i != 511)
			KT_EQ(pml4[i], 0);
}

static const uint8_t return_instruction[] = { 0xc3 };

KTEST(longmode_direct_map_no_execute, "1.1", "nothing can be executed through the direct map",
	.panics = "page fault")
{
	void *alias = phys_to_virt(kernel_phys(return_instruction));

	KT_REQUIRE(walk((uint64_t)alias).physical == kernel_phys(return_instruction));
	((void (*)(void))alias)();
}

KTEST(longmode_write_protect, "1.1", "the kernel cannot write to a page that is read-only",
	.panics = "page fault")
{
	volatile uint64_t *word = phys_to_virt(SCRATCH);
	struct walk at = walk((uint64_t)word);

	KT_REQUIRE(at.physical == SCRATCH && at.writable);
	*word = 1;
	*at.last &= ~WRITE;
	write_cr3(read_cr3());
	*word = 2;
}

/*
 * Lines "PHYSICAL BYTES-OF-8": a reply of 8 bytes at each, read through the direct map. Then stands
 * still, so that the host can look at registers and memory.
 */
KPROBE(longmode_look)
{
	char line[40];
	uint64_t physical;

	while (kt_input_line(line, sizeof(line)))
		if (number_parse(line, strlen(line), &physical))
			kt_reply_hex(phys_to_virt(physical), 8);
	kt_reply("looking");
	for (;;)
		CPU_PAUSE();
}
