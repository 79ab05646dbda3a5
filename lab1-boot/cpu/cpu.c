/*
 * What every processor is asked and told once: its name, and the protections
 * that cost nothing to have. Source: Intel SDM volume 3, section 2.5 and 4.1.3.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/lib/string.h"

#define CPUID_FEATURES     7u
#define CPUID_7_EBX_SMEP   (1u << 7)
#define CPUID_7_EBX_SMAP   (1u << 20)
#define CPUID_7_ECX_UMIP   (1u << 2)
#define CPUID_BRAND        0x80000002u
#define CPUID_EXTENDED_BIT 0x80000000u

static void (*meanwhile)(void); /* [I] once set */

void cpu_set_meanwhile(void (*answer)(void))
{
	meanwhile = answer;
}

void cpu_meanwhile(void)
{
	if (meanwhile)
		meanwhile();
}

static struct cpuid cpuid_raw(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid id;
	asm volatile("cpuid"
		     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
		     : "a"(leaf), "c"(subleaf));
	return id;
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	uint32_t highest = cpuid_raw(leaf & CPUID_EXTENDED_BIT, 0).eax;

	if (leaf > highest)
		return (struct cpuid){ 0 };
	return cpuid_raw(leaf, subleaf);
}

void cpu_init(void)
{
	struct cpuid features = cpuid(CPUID_FEATURES, 0);
	uint64_t cr4 = read_cr4();

	if (features.ebx & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (features.ebx & CPUID_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (features.ecx & CPUID_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	write_cr4(cr4);
}

const char *cpu_name(void)
{
	static char brand[49];

	for (unsigned i = 0; i < 3; i++) {
		struct cpuid id = cpuid(CPUID_BRAND + i, 0);
		memcpy(brand + 16 * i, &id, 16);
	}
	return brand;
}

_Noreturn void cpu_stop(void)
{
	for (;;)
		asm volatile("cli; hlt");
}
