/* What waiting for children does; see forks.c. */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_errors(void)
{
	int status;
	siginfo_t info;

	say_error("no child", waitpid(-1, &status, 0));
	say_error("options", waitpid(-1, &status, 0x1000));
	say_error("waitid without a state", waitid(P_ALL, 0, &info, WNOHANG));
	say_error("waitid of a strange kind", waitid(77, 0, &info, WEXITED));
	if (fork() == 0)
		_exit(0);
	say_error("another's child", waitpid(1, &status, 0));
	say_error("no such group", waitpid(-12345, &status, 0));
	wait(&status);
}

static void wait_nohang(void)
{
	int gate[2], status;
	char byte;
	pid_t child;

	pipe(gate);
	child = fork();
	if (child == 0) {
		close(gate[1]);
		read(gate[0], &byte, 1);
		_exit(3);
	}
	say_error("still running", waitpid(child, &status, WNOHANG));
	close(gate[1]);
	say("then: %d", waitpid(child, &status, 0) == child);
	close(gate[0]);
	say_status("child", status);
}

/* Which bytes are no longer 0xff, as a row of marks, four bytes each. */
static const char *written(const unsigned char *bytes, size_t size)
{
	static char row[64];

	for (size_t i = 0; i < size / 4; i++)
		row[i] = memcmp(bytes + 4 * i, "\xff\xff\xff\xff", 4) ? '+' : '-';
	row[size / 4] = 0;
	return row;
}

static void wait_info(void)
{
	siginfo_t info;
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(42);
	memset(&info, 0xff, sizeof(info));
	say_error("without taking", waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	say("signo %d code %d status %d pid %d", info.si_signo, info.si_code, info.si_status,
		info.si_pid == child);
	say("written to: %s", written((const unsigned char *)&info, sizeof(info)));
	memset(&info, 0xff, sizeof(info));
	say_error("taking", waitid(P_PID, (id_t)child, &info, WEXITED));
	say("signo %d code %d status %d", info.si_signo, info.si_code, info.si_status);
	say_error("gone", waitpid(child, &status, 0));
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	memset(&info, 0xff, sizeof(info));
	say_error("nothing yet", waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG));
	say("pid %d signo %d", info.si_pid, info.si_signo);
	kill(child, SIGKILL);
	waitid(P_ALL, 0, &info, WEXITED);
	say("killed: code %d status %d", info.si_code, info.si_status);
}

static void wait_stops(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	nap();
	say_error("not asked for", waitpid(child, &status, WNOHANG));
	waitpid(child, &status, WUNTRACED);
	say_status("child", status);
	say_error("not again", waitpid(child, &status, WNOHANG | WUNTRACED));
	kill(child, SIGCONT);
	waitpid(child, &status, WCONTINUED);
	say_status("child", status);
	say_error("told once", waitpid(child, &status, WNOHANG | WCONTINUED | WUNTRACED));
	kill(child, SIGTERM);
	waitpid(child, &status, 0);
	say_status("child", status);
}

static void wait_groups(void)
{
	int status, gate[2];
	char byte;
	pid_t a, b;

	pipe(gate);
	a = fork();
	if (a == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	setpgid(a, a);
	b = fork();
	if (b == 0) {
		close(gate[1]);
		read(gate[0], &byte, 1);
		_exit(2);
	}
	say("of that group: %d", waitpid(-a, &status, 0) == a);
	say_error("own group", waitpid(0, &status, WNOHANG));
	close(gate[1]);
	close(gate[0]);
	say("own group: %d", waitpid(0, &status, 0) == b);
}

static volatile sig_atomic_t child_signals;

static void on_child(int number)
{
	(void)number;
	child_signals++;
}

static void wait_signal(void)
{
	sigset_t set, old;
	siginfo_t info;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (child == 0)
		_exit(6);
	sigwaitinfo(&set, &info);
	say("SIGCHLD: code %d status %d pid %d", info.si_code, info.si_status,
		info.si_pid == child);
	waitpid(child, NULL, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void wait_ignored(void)
{
	int status;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			nap(); /* the parent waits by then */
			_exit(i);
		}
	say_error("all are forgotten", wait(&status));
	signal(SIGCHLD, SIG_DFL);
}

static void wait_interrupted(void)
{
	struct sigaction action = { .sa_handler = on_child };
	int status;
	pid_t child;

	sigaction(SIGALRM, &action, NULL);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	ualarm(20000, 0);
	say_error("interrupted", waitpid(child, &status, 0));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	signal(SIGALRM, SIG_DFL);
}

/* A handler with SA_RESTART is called, and the wait goes on. */
static void wait_restarted(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	int status;
	pid_t child;

	child_signals = 0;
	sigaction(SIGALRM, &action, NULL);
	child = fork();
	if (child == 0) {
		nap();
		nap();
		_exit(9);
	}
	ualarm(10000, 0);
	say("waited: %d", waitpid(child, &status, 0) == child);
	say("handler was called: %d", child_signals);
	say_status("child", status);
	signal(SIGALRM, SIG_DFL);
}

/* Several threads wait, and each child is told to one of them. */
static int waited[4];

static void *wait_body(void *argument)
{
	while (wait(NULL) > 0)
		++*(int *)argument;
	return NULL;
}

static void wait_threads(void)
{
	pthread_t thread[4];
	int sum = 0;

	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			_exit(0);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, wait_body, &waited[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		sum += waited[i];
	}
	say("children of 20 that were told: %d", sum);
}

/* Nobody has the number of a child that was waited for, nor of one that was forgotten. */
static void wait_reaped(void)
{
	pid_t child[100];
	siginfo_t info;
	int there = 0;

	for (int i = 0; i < 100; i++) {
		signal(SIGCHLD, i % 3 == 2 ? SIG_IGN : SIG_DFL);
		child[i] = fork();
		if (child[i] == 0)
			_exit(0);
		if (i % 3 == 0)
			waitid(P_PID, (id_t)child[i], &info, WEXITED);
		else
			waitpid(child[i], NULL, 0);
	}
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 100; i++)
		there += kill(child[i], 0) == 0 || getpgid(child[i]) >= 0;
	say("numbers of 100 that somebody has: %d", there);
}

/* A child whose parent has ended becomes the reaper's. */
static void orphans(void)
{
	int out[2], status, adopted = 0;
	pid_t middle;

	pipe(out);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	middle = fork();
	if (middle == 0) {
		pid_t parent = getpid();

		if (fork() == 0) {
			while (getppid() == parent)
				nap();
			write(out[1], "x", 1);
			_exit(8);
		}
		_exit(0);
	}
	waitpid(middle, &status, 0);
	say_status("middle", status);
	adopted = wait(&status);
	say("adopted: %d", adopted > 0 && adopted != middle);
	say_status("grandchild", status);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close(out[0]);
	close(out[1]);
}

/* One that has ended already gets a new parent, who does not want to know. */
static void orphan_zombies(void)
{
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) {
		signal(SIGCHLD, SIG_DFL);
		if (fork() == 0)
			_exit(8);
		nap();
		_exit(0);
	}
	say_error("all are forgotten", wait(&status));
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void death_signal(void)
{
	int status;
	pid_t middle;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	middle = fork();
	if (middle == 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGUSR1);
			for (;;)
				pause();
		}
		nap();
		_exit(0);
	}
	waitpid(middle, &status, 0);
	wait(&status);
	say_status("grandchild", status);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static const struct part parts[] = {
	{ "wait_errors", wait_errors },
	{ "wait_nohang", wait_nohang },
	{ "wait_info", wait_info },
	{ "wait_stops", wait_stops },
	{ "wait_groups", wait_groups },
	{ "wait_signal", wait_signal },
	{ "wait_ignored", wait_ignored },
	{ "wait_interrupted", wait_interrupted },
	{ "wait_restarted", wait_restarted },
	{ "wait_threads", wait_threads },
	{ "wait_reaped", wait_reaped },
	{ "orphans", orphans },
	{ "orphan_zombies", orphan_zombies },
	{ "death_signal", death_signal },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return parts_main(count, names, parts);
}
