/*
 * alarm and setitimer: SIGALRM when the time has come, once or again and again. (The timers that
 * count processor time: cputimer.c.)
 *
 * A period is counted from the moment the last one ended, not from when its signal was sent, so a
 * late interrupt makes none of the later ones late. Of those that would already be over only one
 * signal is left.
 *
 * Read more: setitimer(2), alarm(2).
 */
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/time/clocks.h"
#include <linux/time.h>
#include <stddef.h>

#define MICROSECOND 1000ul            /* nanoseconds */
#define PERIOD_MAX  (TIMER_NEVER / 4) /* and it may be added to the clock */

/* When it is next; 0 for never. Caller holds signals->lock. */
static uint64_t next(const struct signals *signals, uint64_t now)
{
	uint64_t interval = signals->alarm_interval, late;

	if (!interval)
		return 0;
	late = now - signals->alarm_at;
	return signals->alarm_at + (late / interval + 1) * interval;
}

static void expired(struct timer *timer)
{
	struct signals *signals =
		(struct signals *)((char *)timer - offsetof(struct signals, alarm));
	uint64_t now = clock_ns(), irq = spin_lock_irqsave(&signals->lock);
	bool due = signals->alarm_at && signals->alarm_at <= now;

	if (due)
		signals->alarm_at = next(signals, now);
	if (signals->alarm_at)
		timer_start(timer, signals->alarm_at);
	spin_unlock_irqrestore(&signals->lock, irq);
	if (due)
		signal_send(signals->process, SIGALRM, NULL);
}

void signal_alarm_init(struct signals *signals)
{
	timer_init(&signals->alarm, expired);
}

static uint64_t left_of(uint64_t at)
{
	uint64_t now = clock_ns();

	return at == 0 ? 0 : at > now ? at - now : 1;
}

/* Set it anew; *before is what it was. The timer's function looks at what stands under the lock, so
 * one that is called for the old moment does nothing. Under the lock, for a timer must not be
 * stopped while another task starts it. */
static void set(struct signals *signals, const struct alarm *new, struct alarm *before)
{
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	*before = (struct alarm){ left_of(signals->alarm_at), signals->alarm_interval };
	signals->alarm_interval = new->interval;
	signals->alarm_at = new->left ? clock_ns() + new->left : 0;
	timer_start(&signals->alarm, signals->alarm_at ? signals->alarm_at : TIMER_NEVER);
	spin_unlock_irqrestore(&signals->lock, irq);
}

static struct alarm get(struct signals *signals)
{
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	struct alarm now = { left_of(signals->alarm_at), signals->alarm_interval };

	spin_unlock_irqrestore(&signals->lock, irq);
	return now;
}

void signal_alarm_stop(struct signals *signals)
{
	struct alarm off = { 0, 0 }, before;

	set(signals, &off, &before);
	timer_stop(&signals->alarm); /* its function may still run */
}

/* --- calls --------------------------------------------------------------------------- */

SYSCALL(alarm, "%u", unsigned, seconds)
{
	struct alarm new = { seconds * NS_PER_SECOND, 0 }, before;

	set(signals_self(), &new, &before);
	/* Rounded, but what is left is never told as nothing. */
	if (before.left && before.left < NS_PER_SECOND)
		return 1;
	return (int64_t)((before.left + NS_PER_SECOND / 2) / NS_PER_SECOND);
}

/* Where a struct itimerval lies, which is two times: the interval, and what is left. */
static int fetch(uint64_t from, struct alarm *alarm)
{
	int error = timeval_from_user(from, &alarm->interval);

	if (!error)
		error = timeval_from_user(from + sizeof(struct timeval), &alarm->left);
	if (alarm->interval > PERIOD_MAX)
		alarm->interval = PERIOD_MAX;
	if (alarm->left > PERIOD_MAX)
		alarm->left = PERIOD_MAX;
	return error;
}

/* What is not over is never told as nothing. */
static uint64_t rounded_up(uint64_t nanoseconds)
{
	return (nanoseconds + MICROSECOND - 1) / MICROSECOND * MICROSECOND;
}

static int tell(uint64_t to, const struct alarm *alarm)
{
	if (timeval_to_user(to, rounded_up(alarm->interval)))
		return -EFAULT;
	return timeval_to_user(to + sizeof(struct timeval), rounded_up(alarm->left));
}

static unsigned cpu_timer_of(int which)
{
	return which == ITIMER_VIRTUAL ? CPU_TIMER_VIRTUAL : CPU_TIMER_PROF;
}

SYSCALL(getitimer, "itimer, %p", int, which, uint64_t, to)
{
	struct alarm alarm;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (which == ITIMER_REAL)
		alarm = get(signals_self());
	else
		alarm = signal_cpu_timer_get(cpu_timer_of(which));
	return tell(to, &alarm);
}

SYSCALL(setitimer, "itimer, %p, %p", int, which, uint64_t, from, uint64_t, old)
{
	struct alarm new = { 0, 0 }, before;
	int error = from ? fetch(from, &new) : 0;

	if (error)
		return error;
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (which == ITIMER_REAL)
		set(signals_self(), &new, &before);
	else
		before = signal_cpu_timer_set(cpu_timer_of(which), &new);
	return old ? tell(old, &before) : 0;
}
