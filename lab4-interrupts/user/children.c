/* fork, exit and the waits, as Linux has them: see lib/say.h. */
#define _GNU_SOURCE
#include "lib/say.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status;
static siginfo_t info;

static pid_t child_exits(int with)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(with);
	return child;
}

static pid_t child_waits(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	return child;
}

static int statuses(void)
{
	static const int with[] = { 0, 1, 127, 255, 256, 257, -1 };

	for (unsigned i = 0; i < sizeof(with) / sizeof(*with); i++) {
		pid_t child = child_exits(with[i]);

		TELL(waitpid(child, &status, 0) == child);
		say_status("child", status);
	}
	return 0;
}

static int by_signal(void)
{
	const int signals[] = { SIGKILL, SIGTERM, SIGHUP, SIGABRT, SIGRTMIN + 2 };

	for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		pid_t child = child_waits();

		SAY(kill(child, signals[i]) == 0);
		TELL(waitpid(child, &status, 0) == child);
		printf("signal %d core %d exited %d\n", WTERMSIG(status), WCOREDUMP(status) != 0,
			WIFEXITED(status));
	}
	return 0;
}

static int nobody(void)
{
	SAY(wait(NULL));
	SAY(waitpid(1, NULL, 0));
	SAY(waitpid(-1, NULL, WNOHANG));
	SAY(waitpid(0, NULL, 0));
	SAY(waitpid(-1, NULL, 0x4000));
	SAY(waitid(P_ALL, 0, &info, WEXITED));
	SAY(waitid(P_ALL, 0, &info, 0));
	SAY(waitid((idtype_t)9, 0, &info, WEXITED));
	SAY(waitid(P_PID, 0, &info, WEXITED));
	return 0;
}

static int without_hanging(void)
{
	pid_t child = child_waits();

	SAY(waitpid(child, &status, WNOHANG));
	kill(child, SIGKILL);
	TELL(waitpid(child, &status, 0) == child);
	SAY(waitpid(child, &status, WNOHANG));
	return 0;
}

static int stops(void)
{
	pid_t child = child_waits();

	kill(child, SIGSTOP);
	TELL(waitpid(child, &status, WUNTRACED) == child);
	say_status("child", status);
	SAY(waitpid(child, &status, WUNTRACED | WNOHANG));
	kill(child, SIGCONT);
	TELL(waitpid(child, &status, WCONTINUED) == child);
	say_status("child", status);
	kill(child, SIGKILL);
	TELL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	printf("code %d status %d signal %d own %d\n", info.si_code, info.si_status, info.si_signo,
		info.si_pid == child);
	TELL(waitid(P_PID, (id_t)child, &info, WEXITED) == 0);
	SAY(waitid(P_PID, (id_t)child, &info, WEXITED));
	return 0;
}

static volatile sig_atomic_t told;

static void on_child(int number)
{
	told = number;
}

static int told_of_death(void)
{
	pid_t child;

	signal(SIGCHLD, on_child);
	child = child_exits(3);
	while (!told)
		usleep(1000);
	TELL(told == SIGCHLD);
	TELL(waitpid(child, &status, 0) == child);
	signal(SIGCHLD, SIG_IGN);
	child = child_exits(4);
	SAY(waitpid(child, &status, 0));
	signal(SIGCHLD, SIG_DFL);
	return 0;
}

/* A child's child becomes init's, or that of who has asked for it. */
static int orphan(void)
{
	int ends[2];
	pid_t parent = getpid(), grandchild = 0;
	char seen;

	SAY(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	SAY(pipe(ends));
	fflush(stdout);
	if (fork() == 0) {
		if (fork() == 0) {
			while (getppid() != parent)
				usleep(1000);
			seen = 'y';
			if (write(ends[1], &seen, 1) != 1)
				_exit(2);
			_exit(9);
		}
		_exit(0);
	}
	SAY(read(ends[0], &seen, 1));
	for (int i = 0; i < 2; i++) {
		pid_t one = wait(&status);

		if (WEXITSTATUS(status) == 9)
			grandchild = one;
	}
	TELL(grandchild > 0);
	SAY(wait(NULL));
	return 0;
}

static int many(void)
{
	int sum = 0;

	for (int i = 0; i < 40; i++)
		child_exits(i);
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("sum %d\n", sum);
	return sum == 40 * 39 / 2 ? 0 : 1;
}

/* The child works on the parent's memory, and the parent stands still meanwhile. */
static int shared;

static int with_vfork(void)
{
	pid_t child = vfork();

	if (child == 0) {
		shared = 5;
		_exit(6);
	}
	printf("shared %d\n", shared);
	TELL(waitpid(child, &status, 0) == child);
	say_status("child", status);
	return 0;
}

/* --- what is easily got wrong ---------------------------------------------------------- */

/* The child's own signal comes in the middle of the wait for it. */
static int interrupted(void)
{
	struct sigaction action = { .sa_handler = on_child };
	pid_t child;

	sigaction(SIGCHLD, &action, NULL);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		usleep(20000);
		_exit(5);
	}
	TELL(waitpid(child, &status, 0) == child);
	TELL(told == SIGCHLD);
	return 0;
}

/* A zombie will not stop any more. */
static int only_stops(void)
{
	pid_t child = child_exits(1);

	TELL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	SAY(waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG));
	SAY(waitid(P_ALL, 0, &info, WSTOPPED));
	TELL(wait(&status) == child);
	return 0;
}

/* clone(2) takes any number as the exit signal; what is none is not sent. */
static int odd_signals(void)
{
	static const int odd[] = { 0, 65, 72, 73, 255 };

	for (unsigned i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		pid_t child;

		fflush(stdout);
		child = (pid_t)syscall(SYS_clone, odd[i], 0, 0, 0, 0);
		if (child == 0)
			_exit(odd[i]);
		TELL(waitpid(child, &status, __WALL) == child);
		say_status("child", status);
	}
	return 0;
}

/* Whoever gets an orphan waits for it as for a child of fork, whatever its first parent had said.
 */
static int strays(void)
{
	pid_t self = getpid();

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	fflush(stdout);
	if (fork() == 0) {
		if (syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0) == 0) {
			while (getppid() != self)
				usleep(1000);
			_exit(9);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		TELL(wait(&status) > 0);
		say_status("child", status);
	}
	SAY(wait(NULL));
	return 0;
}

/* A signal that ends a parent which waits for its vfork does so at once. */
static int stuck_parent(void)
{
	int ends[2];
	pid_t parent, child = 0;

	SAY(pipe(ends));
	fflush(stdout);
	parent = fork();
	if (parent == 0) {
		if (vfork() == 0) {
			child = getpid();
			if (write(ends[1], &child, sizeof(child)) != sizeof(child))
				_exit(1);
			for (;;)
				pause();
		}
		_exit(2);
	}
	TELL(read(ends[0], &child, sizeof(child)) == sizeof(child));
	usleep(20000);
	SAY(kill(parent, SIGTERM) == 0);
	TELL(waitpid(parent, &status, 0) == parent);
	say_status("parent", status);
	SAY(kill(child, SIGKILL) == 0);
	return 0;
}

/* A number is cleared at the end for those who share the memory; if nobody does, it is not, though
 * the word itself may be seen by others. */
static int cleared_for_nobody(void)
{
	int *word = mmap(
		NULL, sizeof(*word), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long flags = SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	pid_t child = (pid_t)syscall(SYS_clone, flags, NULL, NULL, word, NULL);

	if (child == 0)
		_exit(*word == syscall(SYS_gettid) ? 4 : 5);
	waitpid(child, &status, 0);
	say_status("child", status);
	TELL(*word == child);
	return 0;
}

static const struct part parts[] = {
	{ "nobody", nobody },
	{ "statuses", statuses },
	{ "by_signal", by_signal },
	{ "without_hanging", without_hanging },
	{ "stops", stops },
	{ "told_of_death", told_of_death },
	{ "orphan", orphan },
	{ "many", many },
	{ "with_vfork", with_vfork },
	{ "interrupted", interrupted },
	{ "only_stops", only_stops },
	{ "odd_signals", odd_signals },
	{ "strays", strays },
	{ "stuck_parent", stuck_parent },
	{ "cleared_for_nobody", cleared_for_nobody },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return say_parts(count, names, parts);
}
