/*
 * What terminals do, told in lines that are the same on every Linux, and so on Cub.
 *
 *   terminals NAME...    run these parts; without a name, all
 *
 * Each part runs in a session of its own on a new pseudo-terminal, whose keys it types itself.
 * tests/test_terminals.py compares with what Linux has said (terminals.expected).
 */
#define _GNU_SOURCE
#include "terminals/terminals.h"
#include "lib/asked.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

int master, slave;

/* --- telling --------------------------------------------------------------------------- */

void tell_result(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

void tell_bytes(const char *what, const char *bytes, ssize_t count)
{
	if (count < 0) {
		tell_result(what, count);
		return;
	}
	printf("%s: \"", what);
	for (ssize_t i = 0; i < count; i++)
		if (bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == 127)
			printf("\\x%02x", (unsigned char)bytes[i]);
		else
			putchar(bytes[i]);
	printf("\"\n");
	fflush(stdout);
}

void tell_poll(const char *what, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	poll(&poll_fd, 1, 0);
	printf("%s:%s%s%s%s\n", what, poll_fd.revents & POLLIN ? " in" : "",
		poll_fd.revents & POLLOUT ? " out" : "", poll_fd.revents & POLLERR ? " err" : "",
		poll_fd.revents & POLLHUP ? " hup" : "");
	fflush(stdout);
}

static const char *signal_name(int number)
{
	switch (number) {
	case SIGINT:
		return "SIGINT";
	case SIGQUIT:
		return "SIGQUIT";
	case SIGTSTP:
		return "SIGTSTP";
	case SIGTTIN:
		return "SIGTTIN";
	case SIGTTOU:
		return "SIGTTOU";
	case SIGHUP:
		return "SIGHUP";
	case SIGCONT:
		return "SIGCONT";
	case SIGWINCH:
		return "SIGWINCH";
	default:
		return "another signal";
	}
}

void tell_end(const char *who, pid_t child)
{
	int status;

	if (waitpid(child, &status, WUNTRACED) != child)
		tell_result(who, -1);
	else if (WIFSTOPPED(status))
		printf("%s: stopped by %s\n", who, signal_name(WSTOPSIG(status)));
	else if (WIFSIGNALED(status))
		printf("%s: ended by %s\n", who, signal_name(WTERMSIG(status)));
	else
		printf("%s: ended with %d\n", who, WEXITSTATUS(status));
	fflush(stdout);
}

/* --- doing ----------------------------------------------------------------------------- */

void type(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		tell_result("type", -1);
	tcdrain(master);
}

/* What is shown, up to so many bytes, all of which come. */
void tell_shown(size_t count)
{
	char bytes[256];
	size_t done = 0;
	ssize_t more = 0;

	struct pollfd shows = { .fd = master, .events = POLLIN };

	while (done < count && poll(&shows, 1, 3000) == 1 &&
		(more = read(master, bytes + done, count - done)) > 0)
		done += (size_t)more;
	tell_bytes("shown", bytes, more < 0 && !done ? -1 : (ssize_t)done);
}

void tell_read(int fd, size_t count)
{
	char bytes[256];

	tell_bytes("read", bytes, read(fd, bytes, count));
}

volatile sig_atomic_t came[32];

static void note(int number)
{
	came[number]++;
}

void catch (int number)
{
	struct sigaction action = { .sa_handler = note };

	sigaction(number, &action, NULL);
}

/* Wait until the signal has come. */
void tell_signal(int number)
{
	sigset_t one, old;

	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_BLOCK, &one, &old);
	while (!came[number])
		sigsuspend(&old);
	came[number]--;
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("%s came\n", signal_name(number));
	fflush(stdout);
}

struct termios settings(tcflag_t without, tcflag_t with)
{
	struct termios termios;

	tcgetattr(slave, &termios);
	termios.c_lflag = (termios.c_lflag & ~without) | with;
	return termios;
}

void set_local(tcflag_t without, tcflag_t with, int minimum, int time)
{
	struct termios termios = settings(without, with);

	termios.c_cc[VMIN] = (cc_t)minimum;
	termios.c_cc[VTIME] = (cc_t)time;
	tell_result("set", tcsetattr(slave, TCSANOW, &termios));
}

/* A child in a process group of its own, in the background. */
pid_t background(void (*run)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child) {
		setpgid(child, child);
		return child;
	}
	setpgid(0, 0);
	run();
	fflush(stdout);
	_exit(3);
}

/* The same, and the terminal is its. Only who is in the foreground may give it away. */
void to_front(pid_t group)
{
	signal(SIGTTOU, SIG_IGN);
	if (tcsetpgrp(slave, group) < 0)
		tell_result("tcsetpgrp", -1);
	signal(SIGTTOU, SIG_DFL);
}

/* --- all of them ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "settings", part_settings },
	{ "lines", part_lines },
	{ "raw", part_raw },
	{ "keys", part_keys },
	{ "background_reads", part_background_reads },
	{ "ignores", part_ignores },
	{ "background_writes", part_background_writes },
	{ "orphans", part_orphans },
	{ "acquires", part_acquires },
	{ "resizes", part_resizes },
	{ "flow", part_flow },
	{ "hang_up", part_hang_up },
	{ "master", part_master },
	{ "slave_gone", part_slave_gone },
	{ "leader_ends", part_leader_ends },
};

/* A part, in a new session on a new terminal. Over when nobody is left who could say anything. */
static void run(void (*part)(void))
{
	int over[2], zero = 0;
	char byte;
	pid_t child;

	fflush(stdout);
	if (pipe(over) < 0)
		tell_result("pipe", -1);
	child = fork();
	if (!child) {
		close(over[0]);
		setsid();
		master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		ioctl(master, TIOCSPTLCK, &zero);
		slave = ioctl(master, TIOCGPTPEER, O_RDWR);
		if (slave < 0)
			tell_result("slave", slave);
		part();
		fflush(stdout);
		_exit(0);
	}
	close(over[1]);
	read(over[0], &byte, 1);
	close(over[0]);
	tell_end("session", child);
}

int main(int count, char **names)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!asked(count, names, parts[i].name))
			continue;
		printf("== %s\n", parts[i].name);
		run(parts[i].run);
	}
	return 0;
}
