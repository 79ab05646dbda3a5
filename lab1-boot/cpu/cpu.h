/*
 * The processor's own instructions, as functions: control registers, model
 * specific registers, CPUID, the interrupt flag, the time-stamp counter.
 *
 * Source: Intel SDM volume 3, section 2.5 (control registers), volume 4 (MSRs),
 * volume 2 (each instruction).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RFLAGS_IF (1ul << 9)

#define CR0_WP   (1ul << 16)
#define CR4_UMIP (1ul << 11)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)

#define MSR_EFER    0xc0000080u
#define MSR_GS_BASE 0xc0000101u

#define PAGE_SIZE 4096ul

/* CPU_PAUSE: we wait for another processor. A build may have given another one. */
#ifndef CPU_PAUSE
#define CPU_PAUSE() cpu_pause()
#endif

/* What is done meanwhile, at each of them: see cpu_set_meanwhile. It keeps all registers. */
void cpu_meanwhile(void) __attribute__((no_caller_saved_registers));

/* Called in assembly, since gcc would not believe that all registers are kept: a lock that is free
 * would be taken with three of them saved, for the case that it is not. */
static inline void cpu_pause(void)
{
	asm volatile("pause\n\tcall cpu_meanwhile" ::: "memory", "cc");
}

/*
 * cpu_set_meanwhile: what a processor that waits for another one does at each CPU_PAUSE; nothing at
 * first. Lab 4 lets it answer others: with interrupts off, nothing else would. It takes no lock,
 * and may be called anywhere. Once.
 */
void cpu_set_meanwhile(void (*answer)(void));

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* cpu_init: turn SMEP, SMAP and UMIP on where this processor has them. Once on every processor. */
void cpu_init(void);

/* cpu_name: the processor's brand string, "" if it does not tell one. */
const char *cpu_name(void);

/* cpu_stop: interrupts off, and halt for ever. */
_Noreturn void cpu_stop(void);

/* cpuid: all zero for a leaf that the processor does not have. */
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;
	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr"
		     :
		     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
		     : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;
	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#define CPU_REGISTER(name)                                                                         \
	static inline uint64_t read_##name(void)                                                   \
	{                                                                                          \
		uint64_t value;                                                                    \
		asm volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                    \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_##name(uint64_t value)                                            \
	{                                                                                          \
		asm volatile("mov %0, %%" #name : : "r"(value) : "memory");                        \
	}
CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
#undef CPU_REGISTER

static inline uint64_t read_rflags(void)
{
	uint64_t flags;
	asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags;
}

/* The interrupt flag: save and turn off, and put back as it was. */
static inline uint64_t irq_save(void)
{
	uint64_t flags = read_rflags();
	asm volatile("cli" : : : "memory");
	return flags;
}

static inline void irq_restore(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		asm volatile("sti" : : : "memory");
}

static inline bool irq_enabled(void)
{
	return read_rflags() & RFLAGS_IF;
}
