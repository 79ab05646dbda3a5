/*
 * What signals do, told in lines that are the same on every Linux, and so on Cub.
 *
 *   signals NAME...      run these parts; without a name, all
 *
 * tests/test_signals.py compares them with what Linux has said (signals.expected).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define RT(n) (32 + (n)) /* the kernel's numbers; a library keeps some for itself */

struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

void restorer(void);
asm("restorer: mov $15, %eax\n\tsyscall\n\thlt\n");

static int set_action(
	int number, void (*handler)(int, siginfo_t *, void *), unsigned long flags, uint64_t mask)
{
	struct kernel_action action = { handler, flags | 0x04000000 | SA_SIGINFO, restorer, mask };

	return (int)syscall(SYS_rt_sigaction, number, &action, NULL, 8);
}

static uint64_t bit(int number)
{
	return 1ul << (number - 1);
}

static uint64_t mask(int how, uint64_t set)
{
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, how, &set, &before, 8);
	return before;
}

static void send(int number)
{
	syscall(SYS_kill, getpid(), number);
}

static void send_self(int number)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

static int queue(int number, int value)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_value.sival_int = value;
	return (int)syscall(SYS_rt_sigqueueinfo, getpid(), number, &info);
}

static const char *error_of(long result)
{
	return result < 0 ? strerror(errno) : "done";
}

/* How a child ends that runs this. */
static void in_child(const char *what, void (*run)(void))
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("%s: ended by signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: ended with %d\n", what, WEXITSTATUS(status));
}

/* --- what a handler saw -------------------------------------------------------------- */

static char seen[4096]; /* told when it is safe to print */
static volatile int calls;

static void note(const char *format, ...)
{
	va_list arguments;
	size_t length = strlen(seen);

	va_start(arguments, format);
	vsnprintf(seen + length, sizeof(seen) - length, format, arguments);
	va_end(arguments);
}

static void tell(const char *what)
{
	printf("%s:%s\n", what, seen);
	seen[0] = 0;
}

static void log_number(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	calls++;
	note(" %d", number);
}

static void log_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	note(" %d(%d,%s", number, info->si_code, info->si_pid == getpid() ? "self" : "other");
	if (info->si_code == SI_QUEUE)
		note(",%d", info->si_value.sival_int);
	note(")");
}

static void count(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	calls++;
}

/* --- parts --------------------------------------------------------------------------- */

static void part_order(void)
{
	static const int numbers[] = { RT(9), SIGUSR2, SIGHUP, RT(3), SIGSEGV, SIGUSR1, SIGTERM,
		SIGFPE };

	for (int i = 0; i < 8; i++)
		set_action(numbers[i], log_number, 0, ~0ul);
	mask(SIG_SETMASK, ~0ul);
	for (int i = 0; i < 8; i++)
		send(numbers[i]);
	mask(SIG_SETMASK, 0);
	tell("handlers that block all");
	for (int i = 0; i < 8; i++)
		set_action(numbers[i], log_number, 0, 0);
	mask(SIG_SETMASK, ~0ul);
	for (int i = 0; i < 8; i++)
		send(numbers[i]);
	mask(SIG_SETMASK, 0);
	tell("handlers on top of each other");
	mask(SIG_SETMASK, ~0ul);
	send(SIGUSR1);
	send_self(SIGUSR2);
	mask(SIG_SETMASK, 0);
	tell("the task's come before the process's");
}

static void part_info(void)
{
	set_action(SIGUSR1, log_info, 0, 0);
	set_action(RT(5), log_info, 0, ~0ul);
	send(SIGUSR1);
	send_self(SIGUSR1);
	queue(SIGUSR1, 77);
	tell("kill, tgkill, sigqueue");
	mask(SIG_SETMASK, ~0ul);
	for (int i = 1; i <= 5; i++)
		queue(RT(5), i);
	for (int i = 1; i <= 3; i++)
		queue(SIGUSR1, i);
	send(RT(5));
	mask(SIG_SETMASK, 0);
	tell("queued");
}

static void send_again(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	note(" in%d", number);
	if (calls++ < 2)
		send_self(number);
	note(" out");
}

static void say_mask(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	note(" %#lx", mask(SIG_BLOCK, 0));
}

static void part_masks(void)
{
	calls = 0;
	set_action(SIGUSR1, send_again, 0, 0);
	send(SIGUSR1);
	tell("blocked in its own handler");
	calls = 0;
	set_action(SIGUSR1, send_again, SA_NODEFER, 0);
	send(SIGUSR1);
	tell("SA_NODEFER");
	set_action(SIGUSR1, say_mask, 0, bit(SIGUSR2) | bit(SIGKILL) | bit(SIGSTOP));
	mask(SIG_SETMASK, bit(SIGHUP));
	send(SIGUSR1);
	tell("mask in a handler");
	printf("and afterwards: %#lx\n", mask(SIG_SETMASK, 0));
	printf("mask of all: %#lx\n", (mask(SIG_SETMASK, ~0ul), mask(SIG_SETMASK, 0)));
	set_action(SIGUSR1, log_number, SA_RESETHAND, 0);
	send(SIGUSR1);
	struct kernel_action now;
	syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8);
	printf("SA_RESETHAND:%s, then %s\n", seen, now.handler ? "a handler" : "the default");
	seen[0] = 0;
	printf("flags that stay: %#lx\n",
		(set_action(SIGUSR1, log_number, 0x12345678, 0),
			syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8), now.flags));
}

static void part_pending(void)
{
	uint64_t set = 0;

	set_action(SIGUSR1, log_number, 0, 0);
	mask(SIG_SETMASK, bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGCHLD));
	send(SIGUSR1);
	send(SIGUSR1);
	send_self(SIGUSR2);
	send(SIGCHLD);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("pending: %#lx\n", set);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("those that are ignored now are gone: %#lx\n", set);
	mask(SIG_SETMASK, 0);
	tell("once");
	signal(SIGUSR2, SIG_DFL);
	mask(SIG_SETMASK, bit(SIGURG));
	send(SIGURG);
	syscall(SYS_rt_sigpending, &set, 8);
	printf("ignored by default, but blocked: %#lx\n", set);
	set_action(SIGIO, log_number, 0, 0);
	mask(SIG_SETMASK, ~0ul);
	send(SIGURG);
	send(SIGIO);
	mask(SIG_SETMASK, 0);
	tell("behind one that does nothing");
}

static void part_wait(void)
{
	struct timespec none = { 0, 0 }, short_time = { 0, 20000000 };
	uint64_t set = bit(SIGUSR1) | bit(RT(4));
	siginfo_t info;

	mask(SIG_SETMASK, set);
	queue(RT(4), 5);
	queue(RT(4), 6);
	queue(SIGUSR1, 7);
	for (int i = 0; i < 3; i++) {
		long number = syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8);

		printf("took %ld, value %d\n", number, info.si_value.sival_int);
	}
	printf("none: %s\n", error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8)));
	printf("later: %s\n", error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &short_time, 8)));
	short_time.tv_nsec = 1000000000;
	printf("bad time: %s\n",
		error_of(syscall(SYS_rt_sigtimedwait, &set, &info, &short_time, 8)));
	if (fork() == 0) {
		usleep(30000);
		syscall(SYS_kill, getppid(), SIGUSR1);
		_exit(0);
	}
	printf("from a child: %ld\n", syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
	printf("it is a child's: %d\n", info.si_pid != getpid());
	wait(NULL);
	mask(SIG_SETMASK, 0);
}

/* --- interrupted calls --------------------------------------------------------------- */

/* A child that sends us a signal soon, and later does something else that ends our call. */
static pid_t disturb(int number, int fd)
{
	pid_t parent = getpid(), child = fork();

	if (child != 0)
		return child;
	usleep(40000);
	syscall(SYS_kill, parent, number);
	usleep(40000);
	if (fd >= 0 && write(fd, "x", 1) != 1)
		_exit(1);
	_exit(0);
}

static void read_disturbed(const char *what, int number)
{
	int ends[2];
	char byte;
	pid_t child;
	long result;

	if (pipe(ends))
		return;
	calls = 0;
	child = disturb(number, ends[1]);
	result = read(ends[0], &byte, 1);
	printf("read, %s: %s, handlers %d\n", what, error_of(result), calls);
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

static void part_restart(void)
{
	struct timespec time = { 0, 150000000 }, left = { 0, 0 };
	uint64_t none = 0;
	pid_t child;
	int word = 0;

	set_action(SIGUSR1, count, 0, 0);
	read_disturbed("a handler", SIGUSR1);
	set_action(SIGUSR1, count, SA_RESTART, 0);
	read_disturbed("SA_RESTART", SIGUSR1);
	read_disturbed("ignored by default", SIGURG);

	calls = 0;
	child = disturb(SIGUSR1, -1);
	printf("nanosleep: %s", error_of(syscall(SYS_nanosleep, &time, &left)));
	printf(", some time is left: %d, handlers %d\n",
		left.tv_nsec > 0 && left.tv_nsec < 150000000, calls);
	waitpid(child, NULL, 0);

	calls = 0;
	child = disturb(SIGUSR1, -1);
	printf("pause: %s, handlers %d\n", error_of(syscall(SYS_pause)), calls);
	waitpid(child, NULL, 0);

	calls = 0;
	mask(SIG_SETMASK, bit(SIGUSR1) | bit(SIGHUP));
	child = disturb(SIGUSR1, -1);
	usleep(60000);
	printf("before sigsuspend: handlers %d\n", calls);
	printf("sigsuspend: %s", error_of(syscall(SYS_rt_sigsuspend, &none, 8)));
	printf(", handlers %d, mask %#lx\n", calls, mask(SIG_SETMASK, 0));
	waitpid(child, NULL, 0);

	child = disturb(SIGUSR1, -1);
	printf("futex: %s\n", error_of(syscall(SYS_futex, &word, 0, 0, &time)));
	waitpid(child, NULL, 0);
	child = disturb(SIGURG, -1);
	printf("futex, ignored: %s\n", error_of(syscall(SYS_futex, &word, 0, 0, &time)));
	waitpid(child, NULL, 0);
	child = disturb(SIGUSR1, -1);
	printf("wait: %d\n", waitpid(child, NULL, 0) == child);
}

/* --- faults -------------------------------------------------------------------------- */

static volatile char *volatile bad;

static void log_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	uint64_t address = (uint64_t)info->si_addr;
	const char *where = address == (uint64_t)bad                                ? "there"
			    : address == (uint64_t)user->uc_mcontext.gregs[REG_RIP] ? "rip"
			    : address                                               ? "elsewhere"
										    : "0";

	note(" %d(%d,%s) trap %d error %#x", number, info->si_code, where,
		(int)user->uc_mcontext.gregs[REG_TRAPNO],
		(unsigned)user->uc_mcontext.gregs[REG_ERR] &
			~1u); /* but for whether a page was there */
	fflush(stdout);
	printf("%s\n", seen);
	fflush(stdout);
	_exit(3);
}

static void fault_read(void)
{
	bad = (char *)0x123000;
	*bad;
}

static void fault_write(void)
{
	bad = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*bad = 1;
}

static void fault_run(void)
{
	bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	((void (*)(void))bad)();
}

static void fault_high(void)
{
	bad = (char *)0xffffffff80000000ul;
	*bad;
}

static void fault_noncanonical(void)
{
	bad = (char *)0x800000000000ul;
	*bad;
}

static void fault_divide(void)
{
	asm volatile("xor %%edx, %%edx; xor %%eax, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
			     : "eax", "ecx", "edx");
}

static void fault_illegal(void)
{
	asm volatile("ud2");
}

static void fault_breakpoint(void)
{
	asm volatile("int3");
}

static void fault_step(void)
{
	asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" ::: "memory");
}

static void fault_privileged(void)
{
	asm volatile("hlt");
}

static void fault_x87(void)
{
	uint16_t control = 0x37b; /* division by zero is not masked */

	asm volatile("fldcw %0; fldz; fld1; fdivp; fwait" ::"m"(control));
}

static void fault_aligned(void)
{
	static char bytes[32] __attribute__((aligned(16)));

	asm volatile("movaps %0, %%xmm0" ::"m"(bytes[1]) : "xmm0");
}

static const struct {
	const char *name;
	int number;
	void (*run)(void);
} faults[] = {
	{ "read nothing", SIGSEGV, fault_read },
	{ "write what is to be read", SIGSEGV, fault_write },
	{ "run data", SIGSEGV, fault_run },
	{ "read the kernel", SIGSEGV, fault_high },
	{ "no address", SIGSEGV, fault_noncanonical },
	{ "divide by zero", SIGFPE, fault_divide },
	{ "no instruction", SIGILL, fault_illegal },
	{ "breakpoint", SIGTRAP, fault_breakpoint },
	{ "single step", SIGTRAP, fault_step },
	{ "the kernel's instruction", SIGSEGV, fault_privileged },
	{ "x87", SIGFPE, fault_x87 },
	{ "not aligned", SIGSEGV, fault_aligned },
};

static int fault;

static void run_fault(void)
{
	faults[fault].run();
}

static void run_fault_caught(void)
{
	set_action(faults[fault].number, log_fault, 0, 0);
	faults[fault].run();
}

static void run_fault_blocked(void)
{
	mask(SIG_SETMASK, ~0ul);
	run_fault_caught();
}

static void run_fault_ignored(void)
{
	signal(faults[fault].number, SIG_IGN);
	faults[fault].run();
}

static void part_faults(void)
{
	for (fault = 0; fault < (int)(sizeof(faults) / sizeof(faults[0])); fault++)
		in_child(faults[fault].name, run_fault_caught);
	fault = 0;
	in_child("by default", run_fault);
	in_child("blocked", run_fault_blocked);
	in_child("ignored", run_fault_ignored);
}

/* --- defaults ------------------------------------------------------------------------ */

static int number_to_send;

static void send_it(void)
{
	send(number_to_send);
}

static void part_defaults(void)
{
	for (number_to_send = 1; number_to_send <= 64; number_to_send++) {
		char name[24];

		if (bit(number_to_send) &
			(bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU)))
			continue;
		snprintf(name, sizeof(name), "signal %d", number_to_send);
		in_child(name, send_it);
	}
}

static void part_errors(void)
{
	struct kernel_action action = { 0 };
	siginfo_t info = { .si_code = SI_USER };
	int child;

	printf("kill 65: %s\n", error_of(kill(getpid(), 65)));
	printf("kill -1: %s\n", error_of(kill(getpid(), -1)));
	printf("kill 0: %s\n", error_of(kill(getpid(), 0)));
	printf("kill nobody: %s\n", error_of(kill(99999, 0)));
	printf("kill no group: %s\n", error_of(kill(-99999, SIGTERM)));
	printf("tgkill other: %s\n", error_of(syscall(SYS_tgkill, getpid(), 1, 0)));
	printf("tgkill 0: %s\n", error_of(syscall(SYS_tgkill, getpid(), 0, 0)));
	printf("tkill: %s\n", error_of(syscall(SYS_tkill, getpid(), 0)));
	printf("sigaction SIGKILL: %s\n",
		error_of(syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8)));
	printf("sigaction SIGKILL, asked: %s\n",
		error_of(syscall(SYS_rt_sigaction, SIGKILL, NULL, &action, 8)));
	printf("sigaction 0: %s\n", error_of(syscall(SYS_rt_sigaction, 0, NULL, &action, 8)));
	printf("sigaction 65: %s\n", error_of(syscall(SYS_rt_sigaction, 65, NULL, &action, 8)));
	printf("sigaction, set of 4: %s\n",
		error_of(syscall(SYS_rt_sigaction, 1, NULL, &action, 4)));
	printf("sigaction, nowhere: %s\n", error_of(syscall(SYS_rt_sigaction, 1, 8, NULL, 8)));
	printf("sigprocmask 9: %s\n", error_of(syscall(SYS_rt_sigprocmask, 9, &action, NULL, 8)));
	printf("sigprocmask 9 of nothing: %s\n",
		error_of(syscall(SYS_rt_sigprocmask, 9, NULL, NULL, 8)));
	printf("sigpending of 16: %s\n", error_of(syscall(SYS_rt_sigpending, &action, 16)));
	child = fork();
	if (child == 0)
		_exit((int)(pause(), 0));
	printf("sigqueue as kill: %s\n",
		error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	info.si_code = SI_TKILL;
	printf("sigqueue as tkill: %s\n",
		error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	info.si_code = SI_QUEUE;
	printf("sigqueue: %s\n", error_of(syscall(SYS_rt_sigqueueinfo, child, SIGTERM, &info)));
	waitpid(child, NULL, 0);
	printf("dead: %s\n", error_of(kill(child, 0)));
	printf("alarm: %u %u %u\n", alarm(100), alarm(5), alarm(0));
}

/* --- stopping ------------------------------------------------------------------------ */

static void log_child(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	note(" CLD %d status %d", info->si_code, info->si_status);
}

static void tell_status(const char *what, pid_t child, int options)
{
	int status = 0;
	pid_t got = waitpid(child, &status, options);

	if (got == child)
		printf("%s: status %#x\n", what, status);
	else
		printf("%s: %s\n", what, got ? error_of(got) : "nothing");
}

static void part_stop(void)
{
	siginfo_t info;
	pid_t child;

	set_action(SIGCHLD, log_child, SA_RESTART, 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	tell_status("stopped", child, WUNTRACED);
	tell_status("again", child, WUNTRACED | WNOHANG);
	kill(child, SIGUSR1); /* waits until it goes on */
	kill(child, SIGTSTP);
	usleep(30000);
	tell_status("still", child, WUNTRACED | WNOHANG);
	tell("heard");
	set_action(SIGCHLD, log_child, SA_RESTART | SA_NOCLDSTOP, 0);
	kill(child, SIGCONT);
	tell_status("ended by what waited", child, 0);
	tell("heard");

	set_action(SIGCHLD, log_child, SA_RESTART, 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	memset(&info, 0, sizeof(info));
	waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
	printf("waitid: code %d status %d\n", info.si_code, info.si_status);
	waitid(P_PID, child, &info, WSTOPPED);
	kill(child, SIGCONT);
	memset(&info, 0, sizeof(info));
	waitid(P_PID, child, &info, WCONTINUED);
	printf("waitid: code %d status %d\n", info.si_code, info.si_status);
	usleep(20000);
	kill(child, SIGSTOP);
	waitid(P_PID, child, &info, WSTOPPED);
	usleep(20000); /* SIGCHLD comes a little later than the wait sees it */
	kill(child, SIGKILL);
	tell_status("killed while stopped", child, 0);
	usleep(10000);
	tell("heard");
	signal(SIGCHLD, SIG_DFL);
}

static int reader[2];

/* What a read gets that is stopped, and goes on. */
static void part_goes_on(void)
{
	char byte = 0;
	pid_t child;
	int status;

	if (pipe(reader))
		return;
	child = fork();
	if (child == 0)
		_exit(read(reader[0], &byte, 1) == 1 ? byte : 100);
	usleep(20000);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGCONT);
	usleep(20000);
	byte = 42;
	if (write(reader[1], &byte, 1) != 1)
		return;
	waitpid(child, &status, 0);
	printf("a read that was stopped got %d\n", WEXITSTATUS(status));
}

/* Stop signals by keys do nothing to an orphaned group: ours is one if its leader's parent is
 * elsewhere. */
static void stop_orphaned(void)
{
	setsid();
	raise(SIGTSTP);
	raise(SIGTTIN);
	_exit(7);
}

static void part_orphaned(void)
{
	in_child("stop in an orphaned group", stop_orphaned);
}

/* --- timers -------------------------------------------------------------------------- */

static void part_timers(void)
{
	struct itimerval timer = { { 0, 10000 }, { 0, 20000 } }, left;

	calls = 0;
	set_action(SIGALRM, count, 0, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (calls < 5)
		pause();
	getitimer(ITIMER_REAL, &left);
	printf("interval %ld, left %d\n", (long)left.it_interval.tv_usec,
		left.it_value.tv_usec <= 10000);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, &left);
	printf("interval %ld\n", (long)left.it_interval.tv_usec);
	calls = 0;
	usleep(30000);
	printf("off: %d\n", calls);
	timer.it_value.tv_usec = 1000000;
	printf("a million: %s\n", error_of(setitimer(ITIMER_REAL, &timer, NULL)));
	timer.it_value.tv_usec = 20000;
	setitimer(ITIMER_REAL, &timer, NULL);
	pause();
	getitimer(ITIMER_REAL, &left);
	printf("once: %d, left %ld\n", calls, (long)left.it_value.tv_usec);
	printf("setitimer 7: %s\n", error_of(setitimer(7, &timer, NULL)));
}

/* --- threads ------------------------------------------------------------------------- */

static volatile pid_t handled_by;

static void log_thread(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	handled_by = (pid_t)syscall(SYS_gettid);
	calls++;
}

static volatile pid_t other;
static volatile int done;

static void *other_thread(void *unused)
{
	(void)unused;
	mask(SIG_SETMASK, 0);
	other = (pid_t)syscall(SYS_gettid);
	while (!done)
		usleep(1000);
	return NULL;
}

static void part_threads(void)
{
	pthread_t thread;

	set_action(SIGUSR1, log_thread, 0, 0);
	mask(SIG_SETMASK, bit(SIGUSR1));
	calls = 0;
	pthread_create(&thread, NULL, other_thread, NULL);
	while (!other)
		usleep(1000);
	send(SIGUSR1);
	while (!calls)
		usleep(1000);
	printf("the one that does not block it: %d\n", handled_by == other);
	send_self(SIGUSR1);
	usleep(20000);
	printf("one task's stays its own: %d\n", calls);
	mask(SIG_SETMASK, 0);
	printf("until it is unblocked: %d, by itself %d\n", calls,
		handled_by == (pid_t)syscall(SYS_gettid));
	done = 1;
	pthread_join(thread, NULL);
}

/* --- all ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "order", part_order },
	{ "info", part_info },
	{ "masks", part_masks },
	{ "pending", part_pending },
	{ "wait", part_wait },
	{ "restart", part_restart },
	{ "faults", part_faults },
	{ "defaults", part_defaults },
	{ "errors", part_errors },
	{ "stop", part_stop },
	{ "goes_on", part_goes_on },
	{ "orphaned", part_orphaned },
	{ "timers", part_timers },
	{ "threads", part_threads },
};

int main(int count, char **names)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int asked = count == 1;

		for (int j = 1; j < count; j++)
			asked |= !strcmp(names[j], parts[i].name);
		if (!asked)
			continue;
		printf("== %s\n", parts[i].name);
		in_child(parts[i].name, parts[i].run);
	}
	return 0;
}
