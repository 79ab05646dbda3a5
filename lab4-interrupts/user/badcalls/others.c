/* Calls about signals, time and memory: see ../badcalls.c. */
#include "badcalls.h"
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define NOBODY 0x3fffffff /* no process has this number */
#define PAGE   4096ul

/* --- signals ------------------------------------------------------------------------- */

static int self(void)
{
	return getpid();
}

static void handled(void)
{
	NOT_NULL(rt_sigaction, SIGUSR1, p, NULL, 8ul);
	NOT_NULL(rt_sigaction, SIGUSR1, NULL, p, 8ul);
	NUMBERS(rt_sigaction, n, NULL, room, 8ul);
	ONCE(rt_sigaction, 0, NULL, room, 8ul);
	ONCE(rt_sigaction, 65, NULL, room, 8ul);
	ONCE(rt_sigaction, SIGKILL, room, NULL, 8ul);
	ONCE(rt_sigaction, SIGSTOP, room, NULL, 8ul);
	ONCE(rt_sigaction, SIGUSR1, NULL, room, 7ul);
	NOT_NULL(rt_sigprocmask, SIG_BLOCK, p, NULL, 8ul);
	NOT_NULL(rt_sigprocmask, SIG_BLOCK, NULL, p, 8ul);
	NUMBERS(rt_sigprocmask, n, room, NULL, 8ul);
	NUMBERS(rt_sigprocmask, n, NULL, room, 8ul);
	ONCE(rt_sigprocmask, SIG_BLOCK, room, NULL, 7ul);
	POINTERS(rt_sigpending, p, 8ul);
	ONCE(rt_sigpending, room, 9ul);
	POINTERS(rt_sigsuspend, p, 8ul);
	ONCE(rt_sigsuspend, room, 7ul);
	POINTERS(rt_sigtimedwait, p, NULL, NULL, 8ul);
	NOT_NULL(rt_sigtimedwait, room, NULL, p, 8ul);
	ONCE(rt_sigtimedwait, room, NULL, NULL, 7ul);
	NOT_NULL(sigaltstack, p, NULL);
	NOT_NULL(sigaltstack, NULL, p);
	ONCE(sigaltstack, ((stack_t[]){ { room, 1, 5000 } }), NULL);
	ONCE(sigaltstack, ((stack_t[]){ { room, 0, 1000 } }), NULL);
}

/* Signals to nobody, and none that there is. */
static void sent(void)
{
	NUMBERS(kill, self(), n);
	ONCE(kill, self(), 65);
	ONCE(kill, NOBODY, 0);
	ONCE(kill, NOBODY, 65);
	ONCE(kill, -NOBODY, 0);
	ONCE(kill, -NOBODY, 65);
	ONCE(kill, 0, 65);
	ONCE(kill, -1, 65);
	ONCE(kill, INT32_MIN, 0);
	NUMBERS(tkill, n, 0);
	NUMBERS(tkill, self(), n);
	ONCE(tkill, 0, 0);
	ONCE(tkill, NOBODY, 65);
	NUMBERS(tgkill, n, self(), 0);
	NUMBERS(tgkill, self(), n, 0);
	NUMBERS(tgkill, self(), self(), n);
	ONCE(tgkill, 1, self(), 0);
	ONCE(tgkill, 1, self(), 65);
	POINTERS(rt_sigqueueinfo, self(), SIGUSR1, p);
	NUMBERS(rt_sigqueueinfo, n, SIGUSR1, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	NUMBERS(rt_sigqueueinfo, self(), n, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	ONCE(rt_sigqueueinfo, 1, SIGUSR1, ((siginfo_t[]){ { .si_code = SI_USER } }));
	POINTERS(rt_tgsigqueueinfo, self(), self(), SIGUSR1, p);
	NUMBERS(rt_tgsigqueueinfo, n, self(), 0, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	NUMBERS(rt_tgsigqueueinfo, self(), n, 0, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	NUMBERS(rt_tgsigqueueinfo, self(), self(), n, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	ONCE(rt_sigqueueinfo, NOBODY, 65, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
	POINTERS(rt_tgsigqueueinfo, -1, -1, SIGUSR1, p);
	ONCE(rt_tgsigqueueinfo, 1, 1, SIGUSR1, ((siginfo_t[]){ { .si_code = SI_USER } }));
	ONCE(rt_tgsigqueueinfo, 1, self(), 0, ((siginfo_t[]){ { .si_code = SI_QUEUE } }));
}

int signals(void)
{
	handled();
	sent();
	POINTERS(getitimer, ITIMER_REAL, p);
	NUMBERS(getitimer, n, room);
	NOT_NULL(setitimer, ITIMER_REAL, p, NULL);
	NOT_NULL(setitimer, ITIMER_REAL, room, p);
	NUMBERS(setitimer, n, room, NULL);
	ONCE(setitimer, ITIMER_REAL, ((struct itimerval[]){ { { 0, 0 }, { 0, 1000000 } } }), NULL);
	ONCE(setitimer, ITIMER_REAL, ((struct itimerval[]){ { { 0, 0 }, { -1, 0 } } }), NULL);
	return 0;
}

/* --- clocks and futexes -------------------------------------------------------------- */

static struct timespec *time_of(long seconds, long nanoseconds)
{
	static struct timespec time;

	time = (struct timespec){ seconds, nanoseconds };
	return &time;
}

/* A futex is a whole word: what is wrong is that it is not there. */
static void *word(void)
{
	return (void *)((uint64_t)p & -4ul);
}

static void on_futexes(void)
{
	POINTERS(futex, word(), FUTEX_WAIT, 0, NULL, NULL, 0);
	POINTERS(futex, word(), FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	POINTERS(futex, word(), FUTEX_WAKE, 1, NULL, NULL, 0);
	POINTERS(futex, room, FUTEX_REQUEUE, 1, 1l, word(), 0);
	POINTERS(futex, room, FUTEX_CMP_REQUEUE, 1, 1l, word(), 0);
	POINTERS(futex, word(), FUTEX_CMP_REQUEUE, 1, 1l, room, 0);
	POINTERS(futex, room, FUTEX_WAKE_OP, 1, 1l, word(), 0);
	NOT_NULL(futex, room, FUTEX_WAIT, 0, p, NULL, 0);
	NUMBERS(futex, room, n, 0, NULL, NULL, 0);
	ONCE(futex, room, FUTEX_WAIT, 0, time_of(-1, 0), NULL, 0);
	ONCE(futex, room, FUTEX_WAIT, 0, time_of(0, 1000000000), NULL, 0);
	ONCE(futex, room + 1, FUTEX_WAIT, 0, NULL, NULL, 0);
	ONCE(futex, room + 2, FUTEX_WAKE, 1, NULL, NULL, 0);
	ONCE(futex, room, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0);
	ONCE(futex, room, FUTEX_WAKE_BITSET, 0, NULL, NULL, 0);
	ONCE(futex, room, FUTEX_CMP_REQUEUE, -1, 1l, room, 0);
	ONCE(futex, room, FUTEX_WAIT, 1, NULL, NULL, 0);
}

int clocks(void)
{
	POINTERS(clock_gettime, CLOCK_MONOTONIC, p);
	NUMBERS(clock_gettime, n, room);
	NOT_NULL(clock_getres, CLOCK_MONOTONIC, p);
	NUMBERS(clock_getres, n, room);
	POINTERS(clock_settime, CLOCK_REALTIME, p);
	NUMBERS(clock_settime, n, room);
	ONCE(clock_settime, CLOCK_MONOTONIC, room);
	ONCE(clock_settime, CLOCK_REALTIME, time_of(1, 1000000000));
	ONCE(clock_settime, CLOCK_REALTIME, time_of(-1, 0));
	NOT_NULL(gettimeofday, p, NULL);
	NOT_NULL(gettimeofday, NULL, p);
	NOT_NULL(settimeofday, p, NULL);
	NOT_NULL(settimeofday, NULL, p);
	ONCE(settimeofday, ((struct timeval[]){ { 1, 1000000 } }), NULL);
	NOT_NULL(time, p);
	POINTERS(nanosleep, p, NULL);
	ONCE(nanosleep, time_of(-1, 0), NULL);
	ONCE(nanosleep, time_of(0, 1000000000), NULL);
	POINTERS(clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL);
	NUMBERS(clock_nanosleep, n, 0, time_of(0, 1), NULL);
	ONCE(clock_nanosleep, CLOCK_MONOTONIC, 0, time_of(0, -1), NULL);
	ONCE(clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, time_of(0, 1), NULL);
	on_futexes();
	return 0;
}

/* --- memory -------------------------------------------------------------------------- */

#define ANY (MAP_PRIVATE | MAP_ANONYMOUS)

/* A page where nothing is mapped, nor can be. */
static void *page(void)
{
	return p == room + ROOM ? NULL : (void *)((uint64_t)p & -PAGE);
}

static void mapped(void)
{
	ONCE(mmap, NULL, 0ul, PROT_READ, ANY, -1, 0l);
	ONCE(mmap, NULL, -1ul, PROT_READ, ANY, -1, 0l);
	ONCE(mmap, NULL, 1ul << 47, PROT_READ, ANY, -1, 0l);
	ONCE(mmap, NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0l);
	ONCE(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, zero, 1l);
	ONCE(mmap, 1, PAGE, PROT_READ, ANY | MAP_FIXED, -1, 0l);
	ONCE(mmap, 1ul << 47, PAGE, PROT_READ, ANY | MAP_FIXED, -1, 0l);
	ONCE(mmap, 0xffff800000000000, PAGE, PROT_READ, ANY | MAP_FIXED, -1, 0l);
	ONCE(mmap, room, PAGE, PROT_READ, ANY | MAP_FIXED_NOREPLACE, -1, 0l);
	ONCE(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0l);
	ONCE(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0l);
	DESCRIPTORS(mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0l);
	POINTERS(mremap, page(), PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL);
	NUMBERS(mremap, room, PAGE, PAGE, n, NULL);
	ONCE(mremap, room, PAGE, 0ul, MREMAP_MAYMOVE, NULL);
}

int memory(void)
{
	mapped();
	ONCE(munmap, room, 0ul);
	ONCE(munmap, room, -1ul);
	NOT_NULL(mprotect, page(), PAGE, PROT_READ);
	ONCE(mprotect, room, PAGE, 0x100);
	ONCE(mprotect, room, -PAGE, PROT_READ);
	NOT_NULL(madvise, page(), PAGE, MADV_DONTNEED);
	NUMBERS(madvise, room, PAGE, n);
	ONCE(madvise, room, -PAGE, MADV_DONTNEED);
	NOT_NULL(msync, page(), PAGE, MS_ASYNC);
	NUMBERS(msync, room, PAGE, n);
	ONCE(msync, room, PAGE, MS_SYNC | MS_ASYNC);
	NOT_NULL(mincore, page(), PAGE, room);
	NOT_NULL(mincore, room, PAGE, p);
	NOT_NULL(mlock, page(), PAGE);
	NOT_NULL(munlock, page(), PAGE);
	NUMBERS(mlock2, room, PAGE, n);
	NUMBERS(mlockall, n);
	ONCE(mlockall, 0);
	return 0;
}
