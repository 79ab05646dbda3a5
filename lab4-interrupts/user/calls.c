/* Some system calls and signals, for strace to show. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG "a text that is longer than what is shown of it"

static volatile int *volatile nowhere = (int *)16; /* not for the compiler to know */

static void nothing(int number)
{
	(void)number;
}

static void end(int number)
{
	(void)number;
	_exit(7);
}

/* One that somebody has sent, one that a child's end has sent and that was blocked till then, and
 * one that is our own fault. */
static void signals(const sigset_t *blocked)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGUSR1);
	if (vfork() == 0)
		_exit(3);
	syscall(SYS_wait4, -1, NULL, 0, NULL);
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, blocked, NULL, 8);
	*nowhere = 0;
}

int main(void)
{
	struct timespec moment = { 0, 5 };
	char buffer[16];
	sigset_t set;
	int ends[2];

	signal(SIGUSR1, nothing);
	signal(SIGCHLD, nothing);
	signal(SIGSEGV, end);
	open("/nothing\n\"", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (pipe(ends))
		return 1;
	write(ends[1], "\t\1012\0013\377\\", 7);
	read(ends[0], buffer, sizeof(buffer));
	write(ends[1], LONG, sizeof(LONG) - 1);
	write(ends[1], (void *)16, 5);
	mmap((void *)0x10000000, 8192, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	mprotect((void *)0x10000000, 4096, PROT_NONE);
	munmap((void *)0x10000000, 8192);
	nanosleep(&moment, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	syscall(SYS_lseek, ends[0], 3, SEEK_END);
	syscall(SYS_create_module, 1, 2, 3);
	syscall(9999);
	close(77);
	signals(&set);
	return 1;
}
