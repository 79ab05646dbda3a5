/*
 * What terminals do, told in lines that are the same on every Linux, and so on Cub.
 *
 *   terminals NAME...    run these parts; without a name, all
 *
 * Each part runs in a session of its own on a new pseudo-terminal, whose keys it types itself.
 * tests/test_terminals.py compares with what Linux has said (terminals.expected).
 */
#define _GNU_SOURCE
#include "lib/asked.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

static int master, slave;

/* --- telling --------------------------------------------------------------------------- */

static void tell(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static void tell_bytes(const char *what, const char *bytes, ssize_t count)
{
	if (count < 0) {
		tell(what, count);
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

static void tell_poll(const char *what, int fd)
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

static void tell_end(const char *who, pid_t child)
{
	int status;

	if (waitpid(child, &status, WUNTRACED) != child)
		tell(who, -1);
	else if (WIFSTOPPED(status))
		printf("%s: stopped by %s\n", who, signal_name(WSTOPSIG(status)));
	else if (WIFSIGNALED(status))
		printf("%s: ended by %s\n", who, signal_name(WTERMSIG(status)));
	else
		printf("%s: ended with %d\n", who, WEXITSTATUS(status));
	fflush(stdout);
}

/* --- doing ----------------------------------------------------------------------------- */

static void type(const char *keys)
{
	if (write(master, keys, strlen(keys)) < 0)
		tell("type", -1);
	tcdrain(master);
}

/* What is shown, up to so many bytes, all of which come. */
static void tell_shown(size_t count)
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

static void tell_read(int fd, size_t count)
{
	char bytes[256];

	tell_bytes("read", bytes, read(fd, bytes, count));
}

static volatile sig_atomic_t seen[32];

static void note(int number)
{
	seen[number]++;
}

static void catch (int number)
{
	struct sigaction action = { .sa_handler = note };

	sigaction(number, &action, NULL);
}

/* Wait until the signal has come. */
static void tell_signal(int number)
{
	sigset_t one, old;

	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_BLOCK, &one, &old);
	while (!seen[number])
		sigsuspend(&old);
	seen[number]--;
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("%s came\n", signal_name(number));
	fflush(stdout);
}

static struct termios settings(tcflag_t without, tcflag_t with)
{
	struct termios termios;

	tcgetattr(slave, &termios);
	termios.c_lflag = (termios.c_lflag & ~without) | with;
	return termios;
}

static void set_local(tcflag_t without, tcflag_t with, int minimum, int time)
{
	struct termios termios = settings(without, with);

	termios.c_cc[VMIN] = (cc_t)minimum;
	termios.c_cc[VTIME] = (cc_t)time;
	tell("set", tcsetattr(slave, TCSANOW, &termios));
}

/* A child in a process group of its own, in the background. */
static pid_t background(void (*run)(void))
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
static void to_front(pid_t group)
{
	signal(SIGTTOU, SIG_IGN);
	if (tcsetpgrp(slave, group) < 0)
		tell("tcsetpgrp", -1);
	signal(SIGTTOU, SIG_DFL);
}

/* --- parts ----------------------------------------------------------------------------- */

static void part_settings(void)
{
	struct termios termios;
	struct winsize size = { 1, 1, 1, 1 };
	int number = -1;

	tell("isatty", isatty(slave));
	tell("get", ioctl(slave, TCGETS, &termios));
	printf("%x %x %x %x line %d:", termios.c_iflag, termios.c_oflag, termios.c_cflag,
		termios.c_lflag, termios.c_line);
	for (int i = 0; i < 19; i++)
		printf(" %02x", termios.c_cc[i]);
	printf("\n");
	tell("size", ioctl(slave, TIOCGWINSZ, &size));
	printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
	tell("get nowhere", ioctl(slave, TCGETS, (void *)8));
	tell("set from nowhere", ioctl(slave, TCSETS, (void *)8));
	tell("size nowhere", ioctl(slave, TIOCGWINSZ, (void *)8));
	tell("no ioctl", ioctl(slave, 0x5499, &number));
	tell("line discipline", ioctl(slave, TIOCGETD, &number));
	printf("%d\n", number);
	tell("flush what", ioctl(slave, TCFLSH, 7));
	tell("flow what", ioctl(slave, TCXONC, 7));
	tell("seek", lseek(slave, 0, SEEK_SET));
	cfsetspeed(&termios, B115200);
	termios.c_cc[VEOL] = 'x';
	tell("set", tcsetattr(slave, TCSAFLUSH, &termios));
	memset(&termios, 0, sizeof(termios));
	tcgetattr(slave, &termios);
	printf("%o %02x\n", termios.c_cflag & CBAUD, termios.c_cc[VEOL]);
	tell("the master's", tcgetattr(master, &termios));
	printf("%02x\n", termios.c_cc[VEOL]);
}

static void part_lines(void)
{
	int count = -1;

	type("ab");
	tell_poll("half a line", slave);
	type("\x7f"
	     "c\ndef\n");
	tell_shown(13);
	ioctl(slave, FIONREAD, &count);
	tell("count", count);
	tell_poll("two lines", slave);
	tell_read(slave, 100);
	tell_read(slave, 2);
	tell_read(slave, 100);
	type("x\x04\x04");
	tell_read(slave, 100);
	tell_read(slave, 100);
	tell("write", write(slave, "out\n", 4));
	tell_shown(6);
	type("gone\n");
	tell_shown(6);
	tell("flush", tcflush(slave, TCIFLUSH));
	tell_poll("flushed", slave);
	type("y\n");
	tell_read(slave, 100);
}

static void part_raw(void)
{
	set_local(ICANON | ECHO, 0, 1, 0);
	type("a");
	tell_read(slave, 100);
	set_local(0, 0, 3, 0);
	type("ab");
	tell_poll("two of three", slave);
	type("c");
	tell_poll("three of three", slave);
	tell_read(slave, 100);
	set_local(0, 0, 0, 0);
	tell_read(slave, 100);
	set_local(0, 0, 0, 1);
	tell_read(slave, 100);
	set_local(0, 0, 5, 1);
	type("ab");
	tell_read(slave, 100);
	set_local(0, 0, 5, 0);
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	tell_read(slave, 100);
	type("ab\r");
	poll(NULL, 0, 50);
	tell_read(slave, 100);
}

static void part_keys(void)
{
	catch (SIGINT);
	catch (SIGQUIT);
	catch (SIGTSTP);
	type("ab\x03");
	tell_signal(SIGINT);
	type("\x1c");
	tell_signal(SIGQUIT);
	type("\x1a");
	tell_signal(SIGTSTP);
	tell_poll("forgotten", slave);
	type("ok\n");
	tell_read(slave, 100);
}

static void reads(void)
{
	tell_read(slave, 100);
}

static void part_background_reads(void)
{
	pid_t child = background(reads);

	tell_end("reader", child);
	type("for you\n");
	to_front(child);
	kill(child, SIGCONT);
	tell_end("reader", child);
	to_front(getpgrp());
	tell("foreground", tcgetpgrp(slave) == getpgrp());
}

static void reads_ignoring(void)
{
	signal(SIGTTIN, SIG_IGN);
	tell_read(slave, 100);
}

static void reads_blocking(void)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, SIGTTIN);
	sigprocmask(SIG_BLOCK, &one, NULL);
	tell_read(slave, 100);
}

static void part_ignores(void)
{
	tell_end("ignores SIGTTIN", background(reads_ignoring));
	tell_end("blocks SIGTTIN", background(reads_blocking));
}

static void writes(void)
{
	tell("write", write(slave, "w", 1));
}

static void writes_ignoring(void)
{
	signal(SIGTTOU, SIG_IGN);
	tell("write", write(slave, "w", 1));
}

static void sets(void)
{
	set_local(0, 0, 1, 0);
}

static void continue_in_front(pid_t child)
{
	to_front(child);
	kill(child, SIGCONT);
	tell_end("it", child);
	to_front(getpgrp());
}

static void part_background_writes(void)
{
	pid_t child;

	tell_end("writes", background(writes));
	set_local(0, TOSTOP, 1, 0);
	child = background(writes);
	tell_end("writes under TOSTOP", child);
	continue_in_front(child);
	tell_end("ignores SIGTTOU", background(writes_ignoring));
	child = background(sets);
	tell_end("sets", child);
	continue_in_front(child);
}

static int go[2]; /* a pipe: go on */

/* Its parent, in another group of the session, ends; then it reads. */
static void orphan(void)
{
	char byte;

	if (fork())
		_exit(0);
	setpgid(0, 0);
	read(go[0], &byte, 1);
	tell_read(slave, 100);
}

static void part_orphans(void)
{
	int done[2];
	char byte;

	if (pipe(done) < 0 || pipe(go) < 0)
		tell("pipe", -1);
	tell_end("parent", background(orphan));
	close(done[1]); /* the orphan has it */
	write(go[1], "g", 1);
	tell("orphan has ended", read(done[0], &byte, 1));
}

static void cannot_acquire(void)
{
	tell("not a leader", ioctl(slave, TIOCSCTTY, 0));
}

static void part_acquires(void)
{
	int own = open("/dev/tty", O_RDWR), other, peer, zero = 0;
	pid_t number;

	tell("/dev/tty", own >= 0);
	close(own);
	tell("session", tcgetsid(slave) == getpid());
	tell("again", ioctl(slave, TIOCSCTTY, 0));
	other = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	ioctl(other, TIOCSPTLCK, &zero);
	peer = ioctl(other, TIOCGPTPEER, O_RDWR);
	tell("a second one", ioctl(peer, TIOCSCTTY, 0));
	tell("its group", tcgetpgrp(peer));
	tell("its session", tcgetsid(peer));
	tell("set its group", tcsetpgrp(peer, getpid()));
	tell_end("child", background(cannot_acquire));
	tell("no group", tcsetpgrp(slave, 4000000));
	tell("negative group", tcsetpgrp(slave, -1));
	tell("another session's", tcsetpgrp(slave, getppid()));
	tell("group from nowhere", ioctl(slave, TIOCSPGRP, (void *)8));
	tell("master's group", ioctl(master, TIOCGPGRP, &number));
	tell("it is ours", number == getpid());
	signal(SIGHUP, SIG_IGN);
	tell("give up", ioctl(slave, TIOCNOTTY));
	tell("give up again", ioctl(slave, TIOCNOTTY));
	tell("/dev/tty", open("/dev/tty", O_RDWR));
	tell("group", tcgetpgrp(slave));
	tell("the second one now", ioctl(peer, TIOCSCTTY, 0));
	tell("its session", tcgetsid(peer) == getpid());
}

static void part_resizes(void)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	catch (SIGWINCH);
	tell("resize", ioctl(master, TIOCSWINSZ, &size));
	tell_signal(SIGWINCH);
	memset(&size, 0, sizeof(size));
	ioctl(slave, TIOCGWINSZ, &size);
	printf("%d %d\n", size.ws_row, size.ws_col);
	tell("the same", ioctl(slave, TIOCSWINSZ, &size));
	tell("no signal", seen[SIGWINCH]);
	size.ws_col = 132;
	tell("from the slave", ioctl(slave, TIOCSWINSZ, &size));
	tell_signal(SIGWINCH);
	tell("resize from nowhere", ioctl(slave, TIOCSWINSZ, (void *)8));
}

static void part_flow(void)
{
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	type("\x13");
	poll(NULL, 0, 50);
	tell_poll("stopped", slave);
	tell("write", write(slave, "x", 1));
	type("\x11");
	poll(NULL, 0, 50);
	tell("write", write(slave, "x", 1));
	tell("hold", tcflow(slave, TCOOFF));
	tell("write", write(slave, "x", 1));
	type("\x11");
	poll(NULL, 0, 50);
	tell("write", write(slave, "x", 1));
	tell("go", tcflow(slave, TCOON));
	tell("write", write(slave, "x", 1));
	tell("drain", tcdrain(slave));
	tell_shown(2);
}

static void part_hang_up(void)
{
	catch (SIGHUP);
	catch (SIGCONT);
	close(master);
	tell_signal(SIGHUP);
	tell_signal(SIGCONT);
	tell_read(slave, 100);
	tell("write", write(slave, "x", 1));
	tell_poll("poll", slave);
	tell("ioctl", ioctl(slave, TCFLSH, TCIFLUSH));
	tell("/dev/tty", open("/dev/tty", O_RDWR));
}

static void part_master(void)
{
	close(slave);
	tell_poll("no slave", master);
	tell_shown(1);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR);
	tell("again", slave >= 0);
	tell_poll("slave", master);
	tell("write", write(slave, "x", 1));
	close(slave);
	tell_poll("last words", master);
	tell_shown(1);
	tell_shown(1);
}

static void waits_for_hup(void)
{
	catch (SIGHUP);
	write(slave, "!", 1); /* now */
	tell_signal(SIGHUP);
	poll(NULL, 0, 100);
	tell("group", tcgetpgrp(slave));
	tell("/dev/tty", open("/dev/tty", O_RDWR));
	tell("write", write(slave, "x", 1));
}

static void part_leader_ends(void)
{
	char byte;
	pid_t child = background(waits_for_hup);

	to_front(child);
	read(master, &byte, 1);
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
		tell("pipe", -1);
	child = fork();
	if (!child) {
		close(over[0]);
		setsid();
		master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		ioctl(master, TIOCSPTLCK, &zero);
		slave = ioctl(master, TIOCGPTPEER, O_RDWR);
		if (slave < 0)
			tell("slave", slave);
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
