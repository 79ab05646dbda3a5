/* Lab 3's place in the boot. */
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lab.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/fpu.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/thread/thread.h"
#include "lab3-threads/trace/trace.h"

static void lab3_init(void)
{
	order_init();
	clock_init();
	fpu_cpu_init();
	sched_init();
	thread_init();
	channel_init();
	trace_init();
	smp_init();
}

static void lab3_cpu_init(void)
{
	fpu_cpu_init();
	apic_cpu_init();
}

LAB(3, lab3_init, lab3_cpu_init, monitor_main);

DRAIN(3, stack_drain);
