/*
 * Process 1: makes the machine what programs expect, runs one, and buries whoever dies.
 *
 * With arguments (behind "--" on the kernel's command line) it runs that program; when it has
 * ended, init ends, too, with the same status, and the machine is off. Without, it runs a shell
 * on the console, and another one when that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* What is there on Linux only, or from lab 5 on, is no error where it is not. */
static void mount_all(void)
{
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mount("pts", "/dev/pts", "devpts", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
}

/* 0, 1 and 2 are the console. Each time anew: when a session ends its terminal is hung up, and who
 * had it open before can neither read nor write. */
static void open_console(void)
{
	int console = open("/dev/console", O_RDWR | O_NOCTTY);

	if (console < 0)
		return;
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
}

/* Start a program as the terminal's foreground; its number. */
static pid_t start(char **arguments)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	setsid();
	open_console();
	ioctl(0, TIOCSCTTY, 1); /* the session's terminal: its keys send signals */
	execvp(arguments[0], arguments);
	dprintf(2, "init: %s: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

/* Wait for that child; orphans that end meanwhile are buried. Its status. */
static int wait_for(pid_t child)
{
	int status;
	pid_t ended;

	do
		ended = wait(&status);
	while (ended != child && !(ended < 0 && errno == ECHILD));
	return ended < 0 ? 127 << 8 : status;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* On Linux process 1 may not end: there the machine is switched off before. */
static void leave(int status)
{
	open_console();
	dprintf(1, "init: status %d\n", status);
	tcdrain(1); /* the last words leave the machine before it is off */
	reboot(RB_POWER_OFF);
	_exit(status);
}

int main(int count, char **arguments)
{
	char *shell[] = { "/bin/sh", "-i", NULL };

	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 0);
	setenv("TERM", "linux", 0);
	mount_all();
	if (count > 1) {
		dprintf(1, "init: begins\n");
		leave(status_of(wait_for(start(arguments + 1))));
	}
	for (;;) {
		pid_t child = start(shell);

		if (child < 0)
			leave(1);
		wait_for(child);
	}
}
