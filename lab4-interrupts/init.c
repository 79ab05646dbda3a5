/* Lab 4's place in the boot. */
#include "lab1-boot/lab.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/trace.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/pipe.h"
#include "lab4-interrupts/file/place.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/futex/futex.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/random/random.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/time/realtime.h"
#include "lab4-interrupts/time/tick.h"
#include "lab4-interrupts/time/timer.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ipi.h"
#include "lab4-interrupts/trap/irq.h"
#include "lab4-interrupts/tty/tty.h"

static void lab4_init(void)
{
	interrupts_init();
	irq_init();
	ipi_init();
	usercopy_init();
	syscalls_init();
	syscalls_cpu_init();
	trace_calls_init();
	memory_init();
	memory_faults_init();
	random_init();
	timers_init();
	tick_init();
	realtime_init();
	process_init();
	signal_init();
	futex_init();
	file_init();
	table_init();
	pipe_init();
	namespace_init();
	terminals_init();
	interrupts_start();
	timers_start_others();
}

static void lab4_cpu_init(void)
{
	interrupts_cpu_init();
	syscalls_cpu_init();
}

static void lab4_main(void)
{
	process_main();
	monitor_main();
}

LAB(4, lab4_init, lab4_cpu_init, lab4_main);
