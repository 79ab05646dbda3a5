/*
 * Programs that take all the memory there is, one after the other and then several at once: each is
 * ended by the kernel, and who started them goes on.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (1ul << 20)

static char *piece(void)
{
	char *at = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(5);
	return at;
}

/* By touching it. */
static void take(void)
{
	for (;;)
		memset(piece(), 1, PIECE);
}

/* By having the kernel touch it. */
static void take_by_calls(void)
{
	int ends[2];

	if (pipe(ends))
		_exit(6);
	for (;;) {
		char *at = piece();

		for (unsigned long i = 0; i < PIECE; i += 4096)
			if (write(ends[1], "x", 1) != 1 || read(ends[0], at + i, 1) != 1)
				_exit(7);
	}
}

static void start(void (*run)(void))
{
	fflush(stdout);
	if (fork() == 0)
		run();
}

static void bury(void)
{
	int status;

	wait(&status);
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("ended with status %d\n", WEXITSTATUS(status));
}

int main(void)
{
	for (int i = 0; i < 3; i++) {
		start(take);
		bury();
	}
	for (int i = 0; i < 4; i++)
		start(i % 2 ? take : take_by_calls);
	for (int i = 0; i < 4; i++)
		bury();
	puts("and the machine can be used");
	return 0;
}
