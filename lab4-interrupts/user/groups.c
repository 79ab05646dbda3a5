/* Groups, sessions, limits and names; see forks.c. */
#define _GNU_SOURCE
#include "lib/parts.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void sessions(void)
{
	int status;
	pid_t me = getpid(), child = fork();

	if (child == 0) {
		pid_t id = getpid();

		say("inherits: %d %d", getpgrp() == getpgid(getppid()),
			getsid(0) == getsid(getppid()));
		say_error("strange group", setpgid(0, 30000));
		say_error("negative", setpgid(0, -1));
		say_error("new group", setpgid(0, 0));
		say("is its own: %d", getpgrp() == id);
		say_error("leader makes no session", setsid());
		if (fork() == 0) {
			say("new session: %d", setsid() == getpid());
			say("leads: %d %d", getpgrp() == getpid(), getsid(0) == getpid());
			say_error("cannot leave", setpgid(0, 0));
			_exit(0);
		}
		wait(&status);
		_exit(0);
	}
	waitpid(child, &status, 0);
	say_error("none such", getpgid(29999));
	say_error("not a child", setpgid(1, me));
}

static void limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 100;
	say_error("lower", setrlimit(RLIMIT_NOFILE, &limit));
	getrlimit(RLIMIT_NOFILE, &limit);
	say("descriptors: %ld", (long)limit.rlim_cur);
	limit.rlim_cur = limit.rlim_max + 1;
	say_error("above", setrlimit(RLIMIT_NOFILE, &limit));
	say_error("no such limit", getrlimit(99, &limit));
	if (fork() == 0) {
		getrlimit(RLIMIT_NOFILE, &limit);
		say("inherited: %ld", (long)limit.rlim_cur);
		_exit(0);
	}
	wait(NULL);
}

/* A zombie is a member of its group, until it has been waited for. */
static void zombie_group(void)
{
	siginfo_t info;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(3);
	say_error("its own group", setpgid(child, child));
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	say("it is still there: %d", getpgid(child) == child);
	say_error("is somebody there", kill(-child, 0));
	say_error("to the zombie", kill(-child, SIGTERM));
	say_error("a zombie's group", setpgid(child, getpgrp()));
	say_error("its old group", kill(-child, 0));
	say_error("and back", setpgid(child, child));
	say_error("its niceness", setpriority(PRIO_PROCESS, (id_t)child, 3));
	say_error("as it is now", getpriority(PRIO_PROCESS, (id_t)child));
	say_error("is somebody there", kill(-child, 0));
	waitpid(child, &status, 0);
	say_status("zombie", status);
	say_error("nobody is there", kill(-child, 0));
	say_error("nobody's group", setpgid(child, child));
}

/* Of process 1, whose group has number 0, and is a group like any other. */
static void group_zero(void)
{
	int status, ready[2];
	char byte;
	pid_t other;

	if (getpid() != 1) {
		say("only as process 1");
		return;
	}
	if (pipe(ready))
		say_error("pipe", -1);
	other = fork();
	if (other == 0) {
		setsid();
		write(ready[1], "r", 1);
		pause();
		_exit(0);
	}
	read(ready[0], &byte, 1);
	signal(SIGUSR1, SIG_IGN);
	say_error("to my group", kill(0, SIGUSR1));
	nap();
	say("the other one lives: %d", waitpid(other, &status, WNOHANG) == 0);
	kill(other, SIGTERM);
	waitpid(other, &status, 0);
	say_status("the other one", status);
}

/* Of process 1's children: it minds none of their groups, so no key stops them. */
static void minded_by_init(void)
{
	int status;
	pid_t child;

	if (getpid() != 1) {
		say("only as process 1");
		return;
	}
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		raise(SIGTSTP);
		_exit(7);
	}
	waitpid(child, &status, WUNTRACED);
	say_status("a group of its own", status);
	kill(child, SIGKILL);
}

static void names(void)
{
	struct utsname name;
	char own[16];

	uname(&name);
	say("%s %s", name.sysname, name.machine);
	prctl(PR_SET_NAME, "a-name-that-is-too-long");
	prctl(PR_GET_NAME, own);
	say("%s", own);
	say_error("no such prctl", prctl(9999, 0, 0, 0, 0));
	say_error("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	say_error("not dumpable", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	say_error("half dumpable", prctl(PR_SET_DUMPABLE, 7, 0, 0, 0));
	say_error("privileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	say_error("none", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	say_error("some", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	if (fork() == 0) {
		say_error("inherited", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
		say_error("inherited", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
		_exit(0);
	}
	wait(NULL);
}

static const struct part parts[] = {
	{ "sessions", sessions },
	{ "limits", limits },
	{ "names", names },
	{ "zombie_group", zombie_group },
	{ "group_zero", group_zero },
	{ "minded_by_init", minded_by_init },
	{ NULL, NULL },
};

int main(int count, char **names)
{
	return parts_main(count, names, parts);
}
