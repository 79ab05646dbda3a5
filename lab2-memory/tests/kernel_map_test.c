/* What test_kernel_map.py and test_machines.py need of the kernel: it tells, and stands still. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/pagetable.h"

/* Firmware's map, and then how many pages there are and were ever free. */
KPROBE(memory_tell)
{
	const struct memmap *map = &bootinfo.memmap;
	uint64_t pages[] = { page_total(), page_free_count(), page_frames };

	for (size_t i = 0; i < map->count; i++)
		kt_reply_hex(&map->range[i], sizeof(map->range[i]));
	kt_reply_hex(pages, sizeof(pages));
}

/* The same, and then nothing, so that the page tables can be read from outside. */
KPROBE(kernel_map_look)
{
	ktest_memory_tell();
	kt_reply("looking");
	for (;;)
		CPU_PAUSE();
}
