/*
 * A storm: tasks of several processes send each other every signal there is, stop and continue each
 * other, change masks, actions and stacks, wait for futexes and move those who wait. Nothing is to
 * be told but that it ends: storm SEED ROUNDS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN 3
#define THREADS  3

struct shared {
	volatile uint32_t words[8];
	volatile pid_t children[CHILDREN], tasks[CHILDREN * THREADS];
};

static struct shared *shared;
static int rounds;
static uint64_t seed;

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static volatile int handled;

static void handler(int number)
{
	(void)number;
	handled++;
}

static void one(uint64_t *state)
{
	struct timespec moment = { 0, (long)(draw(state) % 3000000) };
	struct itimerval timer = { { 0, 0 }, { 0, (suseconds_t)(draw(state) % 2000) } };
	struct sigaction action = { .sa_flags =
					    (int)draw(state) &
					    (SA_RESTART | SA_NODEFER | SA_ONSTACK | SA_NOCLDSTOP),
		.sa_handler = handler };
	uint64_t r = draw(state), set = draw(state) & draw(state);
	volatile uint32_t *word = &shared->words[draw(state) % 8],
			  *other = &shared->words[draw(state) % 8];
	int number = 1 + (int)(draw(state) % 64);
	pid_t child = shared->children[draw(state) % CHILDREN],
	      task = shared->tasks[draw(state) % (CHILDREN * THREADS)];
	siginfo_t info = { .si_code = SI_QUEUE };
	char stack[8192];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };

	if (number == SIGKILL)
		number = SIGUSR1;
	if (number == 32 || number == 33 || number == 34)
		number = SIGCONT; /* a library's own */
	switch (r % 16) {
	case 0:
		if (child > 1)
			kill(child, number);
		break;
	case 1:
		if (task > 1)
			syscall(SYS_tkill, task, number);
		break;
	case 2:
		if (child > 1)
			syscall(SYS_rt_sigqueueinfo, child, number, &info);
		break;
	case 3:
		if (child > 1)
			kill(child, SIGCONT);
		break;
	case 4:
		set &= ~(1ul << (SIGALRM - 1));
		syscall(SYS_rt_sigprocmask, (int)(r >> 8) % 3, &set, NULL, 8);
		break;
	case 5:
		if (number != SIGCHLD)
			sigaction(number, &action, NULL);
		break;
	case 6:
		syscall(SYS_rt_sigtimedwait, &set, &info, &moment, 8);
		break;
	case 7:
		syscall(SYS_futex, word, FUTEX_WAIT | (r & 128), *word, &moment, NULL, 0);
		break;
	case 8:
		(*word)++;
		syscall(SYS_futex, word, FUTEX_WAKE | (r & 128), (int)(r >> 8) & 3, NULL, NULL, 0);
		break;
	case 9:
		syscall(SYS_futex, word, FUTEX_CMP_REQUEUE | (r & 128), 1, (void *)(r >> 60), other,
			*word);
		break;
	case 10:
		syscall(SYS_futex, word, FUTEX_WAKE_OP | (r & 128), 1, (void *)1, other,
			(uint32_t)(r >> 16));
		break;
	case 11:
		setitimer(ITIMER_REAL, &timer, NULL);
		break;
	case 12:
		nanosleep(&moment, NULL);
		break;
	case 13:
		syscall(SYS_sigaltstack, &alternate, NULL);
		syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR2);
		alternate.ss_flags = SS_DISABLE;
		syscall(SYS_sigaltstack, &alternate, NULL);
		break;
	case 14:
		syscall(SYS_rt_sigpending, &set, 8);
		break;
	default:
		sched_yield();
	}
}

static void *storm(void *argument)
{
	int me = (int)(intptr_t)argument;
	uint64_t state = seed * 977 + (uint64_t)me * 7919 + 1;

	shared->tasks[me] = (pid_t)syscall(SYS_gettid);
	for (int i = 0; i < rounds; i++)
		one(&state);
	shared->tasks[me] = 0;
	return NULL;
}

static void child(int me)
{
	pthread_t threads[THREADS];

	for (int number = 1; number <= 64; number++)
		if (number != SIGCHLD)
			signal(number, handler);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	for (int i = 1; i < THREADS; i++)
		pthread_create(&threads[i], NULL, storm, (void *)(intptr_t)(me * THREADS + i));
	storm((void *)(intptr_t)(me * THREADS));
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

int main(int count, char **words)
{
	int left = CHILDREN, status;
	pid_t ended;

	seed = count > 1 ? strtoull(words[1], NULL, 0) : 1;
	rounds = count > 2 ? atoi(words[2]) : 500;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t made = fork();

		if (made == 0)
			child(i);
		shared->children[i] = made;
	}
	/* Who is stopped is continued by somebody who is not in the storm. */
	while (left) {
		ended = waitpid(-1, &status, WUNTRACED | WNOHANG);
		if (ended > 0 && !WIFSTOPPED(status)) {
			left--;
			for (int i = 0; i < CHILDREN; i++)
				if (shared->children[i] == ended)
					shared->children[i] = 0;
		}
		for (int i = 0; i < CHILDREN; i++)
			if (shared->children[i] > 1)
				kill(shared->children[i], SIGCONT);
		for (int i = 0; i < 8; i++)
			syscall(SYS_futex, &shared->words[i], FUTEX_WAKE, 99, NULL, NULL, 0);
		usleep(3000);
	}
	printf("the storm is over\n");
	return 0;
}
