/* The monitor's first commands. See monitor.h for how a floor adds its own. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/power.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"

#define PEEK_DEFAULT 64
#define PEEK_MAX     4096
#define PEEK_LINE    16

COMMAND(help, "", "list the commands")
{
	ROWS_EACH (command, command)
		kprintf("  %-9s %-16s %s\n", command->name, command->arguments, command->help);
}

static void print_memmap(void)
{
	const struct memmap *map = &bootinfo.memmap;

	for (size_t i = 0; i < map->count; i++) {
		const struct memory_range *range = &map->range[i];

		kprintf("    %016lx - %016lx  %s\n", range->start, range->end,
			memmap_kind_name(range->kind));
	}
}

COMMAND(info, "", "the processor, the memory map, how we were booted")
{
	kprintf("processor  %s\n", cpu_name());
	kprintf("booted by  %s%s%s\n", bootinfo.protocol, *bootinfo.loader ? ", " : "",
		bootinfo.loader);
	kprintf("arguments  %s\n", bootinfo.command_line);
	kprintf("console    %s\n", console_outputs());
	kprintf("kernel     %016lx - %016lx\n", kernel_phys(kernel_start), kernel_phys(kernel_end));
	for (size_t i = 0; i < bootinfo.modules; i++)
		kprintf("module     %016lx - %016lx  %s\n", bootinfo.module[i].start,
			bootinfo.module[i].end, bootinfo.module[i].name);
	kprintf("memory     %lu MiB usable\n", memmap_usable(&bootinfo.memmap) >> 20);
	print_memmap();
}

COMMAND(backtrace, "", "who called this command")
{
	backtrace_print(0, (uint64_t)__builtin_frame_address(0));
}

/* One line of a dump: the address, up to 16 bytes in hexadecimal, and as text. */
static void peek_line(uint64_t address, size_t bytes)
{
	const volatile uint8_t *at = (const volatile uint8_t *)address;
	char text[PEEK_LINE + 1] = "";

	kprintf("%016lx ", address);
	for (size_t i = 0; i < PEEK_LINE; i++) {
		if (i >= bytes) {
			kprintf("   ");
			continue;
		}
		uint8_t byte = at[i];
		kprintf(" %02x", byte);
		text[i] = byte >= ' ' && byte < 0x7f ? (char)byte : '.';
	}
	kprintf("  %s\n", text);
}

COMMAND(peek, "ADDRESS [BYTES]", "memory; below 4 GiB the address is physical")
{
	uint64_t address, bytes = PEEK_DEFAULT;

	if (count < 2 || !number_parse(words[1], strlen(words[1]), &address) ||
		(count > 2 && !number_parse(words[2], strlen(words[2]), &bytes)) || count > 3) {
		kprintf("usage: peek ADDRESS [BYTES], numbers decimal or 0x hexadecimal\n");
		return;
	}
	if (bytes == 0 || bytes > PEEK_MAX) {
		kprintf("peek: 1 to %d bytes\n", PEEK_MAX);
		return;
	}
	if (address < DIRECT_MAP_BOOT)
		address += DIRECT_MAP;
	if (!address_mapped(address, bytes)) {
		kprintf("peek: nothing is mapped at %016lx\n", address);
		return;
	}
	for (; bytes > PEEK_LINE; address += PEEK_LINE, bytes -= PEEK_LINE)
		peek_line(address, PEEK_LINE);
	peek_line(address, bytes);
}

COMMAND(reboot, "", "restart the machine")
{
	power_reboot();
}

COMMAND(poweroff, "", "turn the machine off")
{
	power_off();
}
