/* The kernel's image: code, constants and data, each on pages of its own (kernel.ld). */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"

static const char constant[] = "c";
static volatile char data = 'd', zero;

static bool between(const volatile void *what, const char *start, const char *end)
{
	return (const char *)what >= start && (const char *)what < end;
}

KTEST(image_parts, "", "code, constants and data lie between their marks, on different pages")
{
	KT_EQ((uint64_t)kernel_start % PAGE_SIZE, 0);
	KT_EQ((uint64_t)rodata_start % PAGE_SIZE, 0);
	KT_EQ((uint64_t)data_start % PAGE_SIZE, 0);
	KT_TRUE(between(text_start, kernel_start, rodata_start));
	KT_TRUE(between((const void *)(uintptr_t)between, text_start, text_end));
	KT_TRUE(between(constant, rodata_start, data_start));
	KT_TRUE(between("a string", rodata_start, data_start));
	KT_TRUE(between(&data, data_start, kernel_end) && between(&zero, data_start, kernel_end));
	KT_TRUE(between(boot_stack_guard, data_start, boot_stack));
	KT_TRUE(between(boot_stack, boot_stack_guard, kernel_end));
}
