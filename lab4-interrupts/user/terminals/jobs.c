/* Sessions and groups: who may use the terminal, and who has it. */
#define _GNU_SOURCE
#include "terminals.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

static void reads(void)
{
	tell_read(slave, 100);
}

void part_background_reads(void)
{
	pid_t child = background(reads);

	tell_end("reader", child);
	type("for you\n");
	to_front(child);
	kill(child, SIGCONT);
	tell_end("reader", child);
	to_front(getpgrp());
	tell_result("foreground", tcgetpgrp(slave) == getpgrp());
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

void part_ignores(void)
{
	tell_end("ignores SIGTTIN", background(reads_ignoring));
	tell_end("blocks SIGTTIN", background(reads_blocking));
}

static void writes(void)
{
	tell_result("write", write(slave, "w", 1));
}

static void writes_ignoring(void)
{
	signal(SIGTTOU, SIG_IGN);
	tell_result("write", write(slave, "w", 1));
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

void part_background_writes(void)
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

void part_orphans(void)
{
	int done[2];
	char byte;

	if (pipe(done) < 0 || pipe(go) < 0)
		tell_result("pipe", -1);
	tell_end("parent", background(orphan));
	close(done[1]); /* the orphan has it */
	write(go[1], "g", 1);
	tell_result("orphan has ended", read(done[0], &byte, 1));
}

static void cannot_acquire(void)
{
	tell_result("not a leader", ioctl(slave, TIOCSCTTY, 0));
}

void part_acquires(void)
{
	int own = open("/dev/tty", O_RDWR), other, peer, zero = 0;
	pid_t number;

	tell_result("/dev/tty", own >= 0);
	close(own);
	tell_result("session", tcgetsid(slave) == getpid());
	tell_result("again", ioctl(slave, TIOCSCTTY, 0));
	other = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	ioctl(other, TIOCSPTLCK, &zero);
	peer = ioctl(other, TIOCGPTPEER, O_RDWR);
	tell_result("a second one", ioctl(peer, TIOCSCTTY, 0));
	tell_result("its group", tcgetpgrp(peer));
	tell_result("its session", tcgetsid(peer));
	tell_result("set its group", tcsetpgrp(peer, getpid()));
	tell_end("child", background(cannot_acquire));
	tell_result("no group", tcsetpgrp(slave, 4000000));
	tell_result("negative group", tcsetpgrp(slave, -1));
	tell_result("another session's", tcsetpgrp(slave, getppid()));
	tell_result("group from nowhere", ioctl(slave, TIOCSPGRP, (void *)8));
	tell_result("master's group", ioctl(master, TIOCGPGRP, &number));
	tell_result("it is ours", number == getpid());
	signal(SIGHUP, SIG_IGN);
	tell_result("give up", ioctl(slave, TIOCNOTTY));
	tell_result("give up again", ioctl(slave, TIOCNOTTY));
	tell_result("/dev/tty", open("/dev/tty", O_RDWR));
	tell_result("group", tcgetpgrp(slave));
	tell_result("the second one now", ioctl(peer, TIOCSCTTY, 0));
	tell_result("its session", tcgetsid(peer) == getpid());
}

static void waits_for_hup(void)
{
	catch (SIGHUP);
	write(slave, "!", 1); /* now */
	tell_signal(SIGHUP);
	poll(NULL, 0, 100);
	tell_result("group", tcgetpgrp(slave));
	tell_result("/dev/tty", open("/dev/tty", O_RDWR));
	tell_result("write", write(slave, "x", 1));
}

void part_leader_ends(void)
{
	char byte;
	pid_t child = background(waits_for_hup);

	to_front(child);
	read(master, &byte, 1);
}
