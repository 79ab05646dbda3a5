/*
 * Primes by processes: each knows one prime, and hands on what that does not divide.
 *
 *      count -> | 2 | -> | 3 | -> | 5 | -> | 7 | -> ...
 *
 * The bars are pipes, and a process makes the next one when it has found its prime. With an
 * argument: so many primes (10 without). Source: McIlroy, "Coroutines", 1968; Hoare, "Communicating
 * sequential processes", CACM 21(8), 1978, section 6.1.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static void count_up(int to)
{
	for (int n = 2;; n++)
		if (write(to, &n, sizeof(n)) != sizeof(n))
			exit(0); /* nobody wants more */
}

/* Run a process at the other end of a new pipe: its end, to read from. */
static int process(void (*run)(int to, int from, int prime), int from, int prime)
{
	int pipes[2];
	pid_t child;

	must(pipe(pipes), "sieve: pipe");
	fflush(stdout);
	child = fork();
	must(child, "sieve: fork");
	if (child == 0) {
		close(pipes[0]);
		run(pipes[1], from, prime);
		exit(0);
	}
	close(pipes[1]);
	if (from >= 0)
		close(from);
	return pipes[0];
}

static void run_count(int to, int from, int prime)
{
	(void)from, (void)prime;
	count_up(to);
}

static void run_filter(int to, int from, int prime)
{
	int n;

	while (read(from, &n, sizeof(n)) == sizeof(n))
		if (n % prime != 0 && write(to, &n, sizeof(n)) != sizeof(n))
			break;
}

int main(int count, char **arguments)
{
	int wanted = count > 1 ? atoi(arguments[1]) : 10;
	int from, prime;

	signal(SIGPIPE, SIG_IGN);
	from = process(run_count, -1, 0);
	for (int i = 0; i < wanted; i++) {
		if (read(from, &prime, sizeof(prime)) != sizeof(prime))
			return 1;
		printf("%d%c", prime, i + 1 < wanted ? ' ' : '\n');
		from = process(run_filter, from, prime);
	}
	close(from);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
