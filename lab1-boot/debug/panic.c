/*
 * The end of a kernel that is wrong: see panic.h.
 *
 * What fails while we fail (a fault inside the backtrace, say) must not go
 * round in circles: the second panic prints its message alone, and the third
 * stops the machine. Of several processors the first one speaks, and any other
 * that panics stops: without its lock, the console has room for one.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/console.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/cpu/power.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lib/format.h"

ROWS_DEFINE(panic_hook);
ROWS_DEFINE(panic_stop);

static int panics;         /* [a] */
static uint64_t panicking; /* [a] the processor that panicked first, by its GS base */
static unsigned stopped;   /* [a] processors that stopped for it */
static PERCPU(bool, has_stopped);

void panic_begin(void)
{
	uint64_t first = 0, me;

	irq_save();
	me = rdmsr(MSR_GS_BASE);
	__atomic_compare_exchange_n(
		&panicking, &first, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	if (first && first != me) {
		if (!this_cpu(has_stopped))
			__atomic_add_fetch(&stopped, 1, __ATOMIC_RELEASE);
		this_cpu(has_stopped) = true;
		cpu_stop();
	}
	if (!first)
		ROWS_EACH (panic_stop, row)
			row->others();
	console_panic();
}

bool panic_begun(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_RELAXED) != 0;
}

unsigned panic_stopped(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_ACQUIRE);
}

_Noreturn static void panic_end(void)
{
	if (cmdline_number("panic", 0) < 0)
		power_reboot();
	cpu_stop();
}

/* One panic more, before anything of it is formatted, for that may fail. How many there were. */
static int begin_one(void)
{
	int depth;

	panic_begin();
	depth = __atomic_fetch_add(&panics, 1, __ATOMIC_RELAXED);
	if (depth >= 2)
		cpu_stop();
	return depth;
}

_Noreturn static void panic_common(int depth, const char *message, uint64_t rip, uint64_t rbp)
{
	kprintf("\npanic: %s\n", message);
	if (depth == 0)
		backtrace_print(rip, rbp);
	ROWS_EACH (panic_hook, hook)
		hook->told(message);
	kprintf("The machine is stopped.\n");
	panic_end();
}

_Noreturn void panic_at(const char *file, int line, const char *text, ...)
{
	char message[256];
	va_list arguments;
	int depth = begin_one();

	va_start(arguments, text);
	int length = kvsnprintf(message, sizeof(message), text, arguments);
	va_end(arguments);
	if (length >= 0 && length < (int)sizeof(message))
		ksnprintf(message + length, sizeof(message) - length, " (%s:%d)", file, line);
	panic_common(depth, message, 0, (uint64_t)__builtin_frame_address(0));
}

_Noreturn void panic_frame(uint64_t rip, uint64_t rbp, const char *text, ...)
{
	char message[256];
	va_list arguments;
	int depth = begin_one();

	va_start(arguments, text);
	kvsnprintf(message, sizeof(message), text, arguments);
	va_end(arguments);
	panic_common(depth, message, rip, rbp);
}
