/* The device: its settings, lines and keys, and what becomes of it when one side has gone. */
#define _GNU_SOURCE
#include "terminals.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

void part_settings(void)
{
	struct termios termios;
	struct winsize size = { 1, 1, 1, 1 };
	int number = -1;

	tell_result("isatty", isatty(slave));
	tell_result("get", ioctl(slave, TCGETS, &termios));
	printf("%x %x %x %x line %d:", termios.c_iflag, termios.c_oflag, termios.c_cflag,
		termios.c_lflag, termios.c_line);
	for (int i = 0; i < 19; i++)
		printf(" %02x", termios.c_cc[i]);
	printf("\n");
	tell_result("size", ioctl(slave, TIOCGWINSZ, &size));
	printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
	tell_result("get nowhere", ioctl(slave, TCGETS, (void *)8));
	tell_result("set from nowhere", ioctl(slave, TCSETS, (void *)8));
	tell_result("size nowhere", ioctl(slave, TIOCGWINSZ, (void *)8));
	tell_result("no ioctl", ioctl(slave, 0x5499, &number));
	tell_result("line discipline", ioctl(slave, TIOCGETD, &number));
	printf("%d\n", number);
	tell_result("flush what", ioctl(slave, TCFLSH, 7));
	tell_result("flow what", ioctl(slave, TCXONC, 7));
	tell_result("seek", lseek(slave, 0, SEEK_SET));
	cfsetspeed(&termios, B115200);
	termios.c_cc[VEOL] = 'x';
	tell_result("set", tcsetattr(slave, TCSAFLUSH, &termios));
	memset(&termios, 0, sizeof(termios));
	tcgetattr(slave, &termios);
	printf("%o %02x\n", termios.c_cflag & CBAUD, termios.c_cc[VEOL]);
	tell_result("the master's", tcgetattr(master, &termios));
	printf("%02x\n", termios.c_cc[VEOL]);
}

void part_lines(void)
{
	int count = -1;

	type("ab");
	tell_poll("half a line", slave);
	type("\x7f"
	     "c\ndef\n");
	tell_shown(13);
	ioctl(slave, FIONREAD, &count);
	tell_result("count", count);
	tell_poll("two lines", slave);
	tell_read(slave, 100);
	tell_read(slave, 2);
	tell_read(slave, 100);
	type("x\x04\x04");
	tell_read(slave, 100);
	tell_read(slave, 100);
	tell_result("write", write(slave, "out\n", 4));
	tell_shown(6);
	type("gone\n");
	tell_shown(6);
	tell_result("flush", tcflush(slave, TCIFLUSH));
	tell_poll("flushed", slave);
	type("y\n");
	tell_read(slave, 100);
}

void part_raw(void)
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

void part_keys(void)
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

void part_resizes(void)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	catch (SIGWINCH);
	tell_result("resize", ioctl(master, TIOCSWINSZ, &size));
	tell_signal(SIGWINCH);
	memset(&size, 0, sizeof(size));
	ioctl(slave, TIOCGWINSZ, &size);
	printf("%d %d\n", size.ws_row, size.ws_col);
	tell_result("the same", ioctl(slave, TIOCSWINSZ, &size));
	tell_result("no signal", came[SIGWINCH]);
	size.ws_col = 132;
	tell_result("from the slave", ioctl(slave, TIOCSWINSZ, &size));
	tell_signal(SIGWINCH);
	tell_result("resize from nowhere", ioctl(slave, TIOCSWINSZ, (void *)8));
}

void part_flow(void)
{
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	type("\x13");
	poll(NULL, 0, 50);
	tell_poll("stopped", slave);
	tell_result("write", write(slave, "x", 1));
	type("\x11");
	poll(NULL, 0, 50);
	tell_result("write", write(slave, "x", 1));
	tell_result("hold", tcflow(slave, TCOOFF));
	tell_result("write", write(slave, "x", 1));
	type("\x11");
	poll(NULL, 0, 50);
	tell_result("write", write(slave, "x", 1));
	tell_result("go", tcflow(slave, TCOON));
	tell_result("write", write(slave, "x", 1));
	tell_result("drain", tcdrain(slave));
	tell_shown(2);
}

void part_hang_up(void)
{
	catch (SIGHUP);
	catch (SIGCONT);
	close(master);
	tell_signal(SIGHUP);
	tell_signal(SIGCONT);
	tell_read(slave, 100);
	tell_result("write", write(slave, "x", 1));
	tell_poll("poll", slave);
	tell_result("ioctl", ioctl(slave, TCFLSH, TCIFLUSH));
	tell_result("/dev/tty", open("/dev/tty", O_RDWR));
}

/* The terminal stays the session's when no file of it is open any more: as long as its master is.
 */
void part_slave_gone(void)
{
	pid_t number = -1;

	close(slave);
	tell_poll("no slave", master);
	slave = open("/dev/tty", O_RDWR);
	tell_result("/dev/tty", slave >= 0);
	tell_poll("a slave", master);
	tell_result("group", ioctl(master, TIOCGPGRP, &number));
	tell_result("it is ours", number == getpid());
	type("x\n");
	tell_read(slave, 100);
	tell_shown(3);
	close(slave);
	tell_poll("no slave", master);
	tell_shown(1);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	tell_result("again", slave >= 0);
	tell_result("its session", tcgetsid(slave) == getpid());
}

void part_master(void)
{
	struct pollfd errors = { .fd = master };

	close(slave);
	tell_poll("no slave", master);
	tell_shown(1);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR);
	tell_result("again", slave >= 0);
	tell_poll("slave", master);
	tell_result("write", write(slave, "x", 1));
	tell_result("for errors only", poll(&errors, 1, 20));
	close(slave);
	tell_poll("last words", master);
	tell_shown(1);
	tell_shown(1);
	tell_result("nobody reads", write(master, "x", 1));
}
