/*
 * The names of bits and values in the arguments of common calls, for strace.
 *
 * A row is a name for those values that have exactly these bits under its mask: a flag's mask is
 * the flag itself, that of a value among others all bits that they share. So one table says
 * O_RDONLY, which is 0, and O_CREAT, and clone's flags together with the signal in them.
 */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/trace.h"
#include <asm/ioctls.h>
#include <asm/prctl.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <linux/wait.h>

struct name {
	uint64_t mask, value;
	const char *name;
};

#define BIT(flag)                                                                                  \
	{                                                                                          \
		flag, flag, #flag                                                                  \
	}
#define OF(mask, value)                                                                            \
	{                                                                                          \
		mask, (unsigned)(value), #value                                                    \
	}
#define IS(value)                                                                                  \
	{                                                                                          \
		0xffffffff, (unsigned)(value), #value                                              \
	}

static const struct name prot[] = { IS(PROT_NONE), BIT(PROT_READ), BIT(PROT_WRITE), BIT(PROT_EXEC),
	{ 0, 0, NULL } };

static const struct name map_flags[] = { OF(MAP_TYPE, MAP_SHARED), OF(MAP_TYPE, MAP_PRIVATE),
	OF(MAP_TYPE, MAP_SHARED_VALIDATE), BIT(MAP_FIXED), BIT(MAP_ANONYMOUS), BIT(MAP_GROWSDOWN),
	BIT(MAP_DENYWRITE), BIT(MAP_LOCKED), BIT(MAP_NORESERVE), BIT(MAP_POPULATE),
	BIT(MAP_NONBLOCK), BIT(MAP_STACK), BIT(MAP_FIXED_NOREPLACE), { 0, 0, NULL } };

static const struct name mremap_flags[] = { BIT(MREMAP_MAYMOVE), BIT(MREMAP_FIXED),
	BIT(MREMAP_DONTUNMAP), { 0, 0, NULL } };

static const struct name msync_flags[] = { BIT(MS_ASYNC), BIT(MS_INVALIDATE), BIT(MS_SYNC),
	{ 0, 0, NULL } };

static const struct name mlockall_flags[] = { BIT(MCL_CURRENT), BIT(MCL_FUTURE), BIT(MCL_ONFAULT),
	{ 0, 0, NULL } };

static const struct name advice[] = { IS(MADV_NORMAL), IS(MADV_RANDOM), IS(MADV_SEQUENTIAL),
	IS(MADV_WILLNEED), IS(MADV_DONTNEED), IS(MADV_FREE), IS(MADV_REMOVE), IS(MADV_DONTFORK),
	IS(MADV_DOFORK), IS(MADV_HUGEPAGE), IS(MADV_NOHUGEPAGE), IS(MADV_DONTDUMP), IS(MADV_DODUMP),
	IS(MADV_POPULATE_READ), IS(MADV_POPULATE_WRITE), { 0, 0, NULL } };

static const struct name open_flags[] = { OF(O_ACCMODE, O_RDONLY), OF(O_ACCMODE, O_WRONLY),
	OF(O_ACCMODE, O_RDWR), BIT(O_CREAT), BIT(O_EXCL), BIT(O_NOCTTY), BIT(O_TRUNC),
	BIT(O_APPEND), BIT(O_NONBLOCK), BIT(O_SYNC), BIT(O_DSYNC), BIT(O_DIRECT), BIT(O_LARGEFILE),
	BIT(O_DIRECTORY), BIT(O_NOFOLLOW), BIT(O_NOATIME), BIT(O_CLOEXEC), BIT(O_PATH),
	{ 0, 0, NULL } };

/* No header of the kernel's interface has them. */
static const struct name access_mode[] = { { 0xffffffff, 0, "F_OK" }, { 4, 4, "R_OK" },
	{ 2, 2, "W_OK" }, { 1, 1, "X_OK" }, { 0, 0, NULL } };

static const struct name ioctl[] = { IS(TCGETS), IS(TCSETS), IS(TCSETSW), IS(TCSETSF), IS(TCSBRK),
	IS(TCXONC), IS(TCFLSH), IS(TIOCSCTTY), IS(TIOCNOTTY), IS(TIOCGPGRP), IS(TIOCSPGRP),
	IS(TIOCGSID), IS(TIOCGWINSZ), IS(TIOCSWINSZ), IS(TIOCGPTN), IS(TIOCSPTLCK), IS(TIOCGPTPEER),
	IS(FIONREAD), IS(FIONBIO), IS(FIOASYNC), IS(FIOCLEX), IS(FIONCLEX), { 0, 0, NULL } };

static const struct name at_flags[] = { BIT(AT_SYMLINK_NOFOLLOW), BIT(AT_REMOVEDIR),
	BIT(AT_SYMLINK_FOLLOW), BIT(AT_EMPTY_PATH), { 0, 0, NULL } };

static const struct name whence[] = { IS(SEEK_SET), IS(SEEK_CUR), IS(SEEK_END), IS(SEEK_DATA),
	IS(SEEK_HOLE), { 0, 0, NULL } };

static const struct name fcntl[] = { IS(F_DUPFD), IS(F_GETFD), IS(F_SETFD), IS(F_GETFL),
	IS(F_SETFL), IS(F_GETLK), IS(F_SETLK), IS(F_SETLKW), IS(F_SETOWN), IS(F_GETOWN),
	IS(F_DUPFD_CLOEXEC), IS(F_SETPIPE_SZ), IS(F_GETPIPE_SZ), { 0, 0, NULL } };

#define SIGNAL_MASK 0xff /* in clone's flags */
static const struct name clone_flags[] = { BIT(CLONE_VM), BIT(CLONE_FS), BIT(CLONE_FILES),
	BIT(CLONE_SIGHAND), BIT(CLONE_PIDFD), BIT(CLONE_PTRACE), BIT(CLONE_VFORK),
	BIT(CLONE_PARENT), BIT(CLONE_THREAD), BIT(CLONE_SYSVSEM), BIT(CLONE_SETTLS),
	BIT(CLONE_PARENT_SETTID), BIT(CLONE_CHILD_CLEARTID), BIT(CLONE_DETACHED),
	BIT(CLONE_CHILD_SETTID), OF(SIGNAL_MASK, SIGCHLD), { 0, 0, NULL } };

static const struct name wait_options[] = { BIT(WNOHANG), BIT(WUNTRACED), BIT(WEXITED),
	BIT(WCONTINUED), BIT(WNOWAIT), { 0, 0, NULL } };

#define OPERATION 0x7f /* in futex's operation */
static const struct name futex[] = { OF(OPERATION, FUTEX_WAIT), OF(OPERATION, FUTEX_WAKE),
	OF(OPERATION, FUTEX_REQUEUE), OF(OPERATION, FUTEX_CMP_REQUEUE),
	OF(OPERATION, FUTEX_WAKE_OP), OF(OPERATION, FUTEX_LOCK_PI), OF(OPERATION, FUTEX_UNLOCK_PI),
	OF(OPERATION, FUTEX_WAIT_BITSET), OF(OPERATION, FUTEX_WAKE_BITSET), BIT(FUTEX_PRIVATE_FLAG),
	BIT(FUTEX_CLOCK_REALTIME), { 0, 0, NULL } };

static const struct name arch[] = { IS(ARCH_SET_GS), IS(ARCH_SET_FS), IS(ARCH_GET_FS),
	IS(ARCH_GET_GS), { 0, 0, NULL } };

static const struct name prctl[] = { IS(PR_SET_PDEATHSIG), IS(PR_GET_PDEATHSIG),
	IS(PR_SET_DUMPABLE), IS(PR_GET_DUMPABLE), IS(PR_SET_NAME), IS(PR_GET_NAME),
	IS(PR_SET_CHILD_SUBREAPER), IS(PR_GET_CHILD_SUBREAPER), { 0, 0, NULL } };

static const struct name resource[] = { IS(RLIMIT_CPU), IS(RLIMIT_FSIZE), IS(RLIMIT_DATA),
	IS(RLIMIT_STACK), IS(RLIMIT_CORE), IS(RLIMIT_RSS), IS(RLIMIT_NPROC), IS(RLIMIT_NOFILE),
	IS(RLIMIT_MEMLOCK), IS(RLIMIT_AS), IS(RLIMIT_SIGPENDING), { 0, 0, NULL } };

static const struct name itimer[] = { IS(ITIMER_REAL), IS(ITIMER_VIRTUAL), IS(ITIMER_PROF),
	{ 0, 0, NULL } };

static const struct name how[] = { IS(SIG_BLOCK), IS(SIG_UNBLOCK), IS(SIG_SETMASK),
	{ 0, 0, NULL } };

static const struct name clock[] = { IS(CLOCK_REALTIME), IS(CLOCK_MONOTONIC),
	IS(CLOCK_PROCESS_CPUTIME_ID), IS(CLOCK_THREAD_CPUTIME_ID), IS(CLOCK_MONOTONIC_RAW),
	IS(CLOCK_REALTIME_COARSE), IS(CLOCK_MONOTONIC_COARSE), IS(CLOCK_BOOTTIME), { 0, 0, NULL } };

static const struct name sleep_flags[] = { BIT(TIMER_ABSTIME), { 0, 0, NULL } };

static const struct name signal[] = { IS(SIGHUP), IS(SIGINT), IS(SIGQUIT), IS(SIGILL), IS(SIGTRAP),
	IS(SIGABRT), IS(SIGBUS), IS(SIGFPE), IS(SIGKILL), IS(SIGUSR1), IS(SIGSEGV), IS(SIGUSR2),
	IS(SIGPIPE), IS(SIGALRM), IS(SIGTERM), IS(SIGSTKFLT), IS(SIGCHLD), IS(SIGCONT), IS(SIGSTOP),
	IS(SIGTSTP), IS(SIGTTIN), IS(SIGTTOU), IS(SIGURG), IS(SIGXCPU), IS(SIGXFSZ), IS(SIGVTALRM),
	IS(SIGPROF), IS(SIGWINCH), IS(SIGIO), IS(SIGPWR), IS(SIGSYS), { 0, 0, NULL } };

/* Why a signal was sent: anybody's reasons, and those of single signals. */
static const struct name si_code[] = { IS(SI_USER), IS(SI_KERNEL), IS(SI_QUEUE), IS(SI_TIMER),
	IS(SI_TKILL), { 0, 0, NULL } };
static const struct name ill_code[] = { IS(ILL_ILLOPC), IS(ILL_ILLOPN), IS(ILL_PRVOPC),
	{ 0, 0, NULL } };
static const struct name fpe_code[] = { IS(FPE_INTDIV), IS(FPE_INTOVF), IS(FPE_FLTDIV),
	IS(FPE_FLTOVF), IS(FPE_FLTUND), IS(FPE_FLTRES), IS(FPE_FLTINV), { 0, 0, NULL } };
static const struct name segv_code[] = { IS(SEGV_MAPERR), IS(SEGV_ACCERR), { 0, 0, NULL } };
static const struct name bus_code[] = { IS(BUS_ADRALN), IS(BUS_ADRERR), { 0, 0, NULL } };
static const struct name trap_code[] = { IS(TRAP_BRKPT), IS(TRAP_TRACE), { 0, 0, NULL } };
static const struct name cld_code[] = { IS(CLD_EXITED), IS(CLD_KILLED), IS(CLD_DUMPED),
	IS(CLD_TRAPPED), IS(CLD_STOPPED), IS(CLD_CONTINUED), { 0, 0, NULL } };

#define KIND(word)                                                                                 \
	{                                                                                          \
#word, word                                                                        \
	}
static const struct kind {
	const char *word;
	const struct name *names;
} kinds[] = {
	KIND(prot),
	KIND(map_flags),
	KIND(mremap_flags),
	KIND(msync_flags),
	KIND(mlockall_flags),
	KIND(advice),
	KIND(open_flags),
	KIND(access_mode),
	KIND(ioctl),
	KIND(at_flags),
	KIND(whence),
	KIND(fcntl),
	KIND(clone_flags),
	KIND(wait_options),
	KIND(futex),
	KIND(arch),
	KIND(prctl),
	KIND(resource),
	KIND(itimer),
	KIND(how),
	KIND(clock),
	KIND(sleep_flags),
	KIND(signal),
	KIND(si_code),
	KIND(ill_code),
	KIND(fpe_code),
	KIND(segv_code),
	KIND(bus_code),
	KIND(trap_code),
	KIND(cld_code),
};

static const struct name *names_of(const char *word, size_t length)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].word) == length && strncmp(word, kinds[i].word, length) == 0)
			return kinds[i].names;
	return NULL;
}

/* The names that match, with | between them; *rest is what none of them means. */
static bool show_names(struct trace_line *line, const struct name *names, uint64_t *rest)
{
	uint64_t value = *rest;
	bool some = false;

	for (; names->name; names++) {
		bool known = names->mask == names->value && !(*rest & names->mask);

		if ((value & names->mask) != names->value || known)
			continue;
		trace_text(line, some ? "|%s" : "%s", names->name);
		*rest &= ~names->mask;
		some = true;
	}
	return some;
}

bool trace_named(struct trace_line *line, const char *word, size_t length, uint64_t value)
{
	const struct name *names = names_of(word, length);
	uint64_t rest = (uint32_t)value;
	bool some;

	if (!names)
		return false;
	some = show_names(line, names, &rest);
	if (rest || !some)
		trace_text(line, some ? "|0x%lx" : rest > 9 ? "0x%lx" : "%lu", rest);
	return true;
}
