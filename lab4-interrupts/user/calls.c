/* Some system calls, for strace to show. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG "a text that is longer than what is shown of it"

int main(void)
{
	struct timespec moment = { 0, 5 };
	char buffer[16];
	sigset_t set;
	int ends[2];

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
	return 7;
}
