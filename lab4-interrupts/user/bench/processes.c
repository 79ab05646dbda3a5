/* Processes that begin, and end. What is executed is this program, which then does nothing. */
#include "bench.h"
#include <errno.h>
#include <sys/wait.h>

extern char **environ;

static void wait_for(pid_t child)
{
	int status;

	NEED(waitpid(child, &status, 0));
	errno = ENOEXEC;
	if (status)
		fail("a child's status");
}

static void fork_exit_wait(uint64_t count)
{
	start();
	for (uint64_t i = 0; i < count; i++) {
		pid_t child = (pid_t)NEED(fork());

		if (child == 0)
			_exit(0);
		wait_for(child);
	}
	stop();
}

static _Noreturn void execute(void)
{
	char *arguments[] = { (char *)own_path, NOTHING, NULL };

	execve(own_path, arguments, environ);
	_exit(127);
}

static void fork_exec(uint64_t count)
{
	start();
	for (uint64_t i = 0; i < count; i++) {
		pid_t child = (pid_t)NEED(fork());

		if (child == 0)
			execute();
		wait_for(child);
	}
	stop();
}

static void vfork_exec(uint64_t count)
{
	start();
	for (uint64_t i = 0; i < count; i++) {
		pid_t child = vfork();

		if (child == 0)
			execute();
		NEED(child);
		wait_for(child);
	}
	stop();
}

const struct operation processes[] = {
	{ "user_fork_exit_wait", "fork + exit + wait", fork_exit_wait, 100 },
	{ "user_fork_exec", "fork + exec + exit + wait", fork_exec, 100 },
	{ "user_vfork_exec", "vfork + exec + exit + wait", vfork_exec, 100 },
	{ 0 },
};
