/* A stop that was taken, and what may come before it happens. */
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/tests/user.h"

/* A task with signals takes a stop, then what is sent comes (0: nothing), then the stop happens. */
static void stop_after(int sent)
{
	struct signals *signals;
	siginfo_t info;

	KT_REQUIRE(parts_clone(task_self(), NULL, 0) == 0);
	signals = signals_self();
	signals->invulnerable = false;
	signal_send(process_self(), SIGSTOP, NULL);
	KT_EQ(signal_take_to_act(~0ul, &info), SIGSTOP);
	signal_send_task(task_self(), sent, NULL);
	signal_stop(SIGSTOP);
}

static void happens(void)
{
	stop_after(0);
	KT_TRUE(signals_self()->stopped);
	signal_send(process_self(), SIGCONT, NULL);
	KT_TRUE(!signals_self()->stopped);
	parts_exit(task_self(), true);
}

KTEST(signal_stop, "", "a stop that was taken stops the process, until it is sent SIGCONT")
{
	user_run_alone(happens);
}

static void continued(void)
{
	stop_after(SIGCONT);
	KT_TRUE(!signals_self()->stopped);
	parts_exit(task_self(), true);
}

KTEST(signal_stop_continued, "", "a SIGCONT that comes between the two undoes a stop")
{
	user_run_alone(continued);
}

static void killed(void)
{
	siginfo_t info;

	stop_after(SIGKILL);
	KT_TRUE(!signals_self()->stopped);
	signal_send(process_self(), SIGSTOP, NULL);
	KT_EQ(signal_take_to_act(~0ul, &info), SIGKILL);
	parts_exit(task_self(), true);
}

KTEST(signal_stop_killed, "", "who is told to end does not stop before, though a stop was taken")
{
	user_run_alone(killed);
}
