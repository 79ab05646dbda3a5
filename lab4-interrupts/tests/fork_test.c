/* fork when memory runs out: at each place where it asks for some nothing may be lost. And when the
 * process is ending: nobody may come into being whom those who end it do not see. */
#include "lab2-memory/page/inject.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/limits.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/tests/user.h"
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>

#define MOST 500 /* allocations of a fork, and more */

static struct process *reaper; /* stands where process 1 is */
static unsigned refused;
static int64_t child, waited;

/* exit(0) */
asm(".pushsection .rodata\n"
    "fork_test_code: xorl %edi, %edi\n movl $60, %eax\n syscall\n"
    "fork_test_code_end:\n"
    ".popsection");
extern const char fork_test_code[], fork_test_code_end[];

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	struct trap_frame frame = { .rdi = a, .rsi = b, .rdx = c };

	return syscall_row(number)->run(&frame);
}

/* Let the first allocation fail, then only the second, and so on, until a fork has no more. */
static void fork_until_it_works(void)
{
	const struct clone_args args = { .exit_signal = SIGCHLD };

	KT_REQUIRE(fpu_own() == 0);
	*task_frame(task_self()) = user.frame;
	for (refused = 0; refused < MOST; refused++) {
		inject_failure(refused + 1);
		child = process_clone(&args);
		if (child > 0)
			break;
		KT_EQ(child, -ENOMEM);
	}
	inject_failure(0);
	waited = call(__NR_wait4, (uint64_t)-1, 0, 0);
	KT_EQ(call(__NR_wait4, (uint64_t)-1, 0, WNOHANG), -ECHILD);
}

static void begin(void *argument)
{
	(void)argument;
	fork_until_it_works();
	process_exit(0);
}

/* What making a child says, and making a task more, if that is something else than -EINTR. */
static int64_t make_both(void)
{
	const struct clone_args process = { .exit_signal = SIGCHLD };
	const struct clone_args thread = { .flags = CLONE_VM | CLONE_FS | CLONE_FILES |
						    CLONE_SIGHAND | CLONE_THREAD };
	int64_t made = process_clone(&process);

	return made == -EINTR ? process_clone(&thread) : made;
}

/* What another task, or somebody's signal, does at the wrong moment is done here before it. */
static void fork_while_it_ends(void *argument)
{
	struct task *self = task_self();
	siginfo_t info;

	(void)argument;
	KT_REQUIRE(fpu_own() == 0);
	*task_frame(self) = user.frame;
	self->work |= TASK_END;
	KT_EQ(make_both(), -EINTR); /* another task execs */
	self->work &= ~TASK_END;
	self->process->exiting = true;
	KT_EQ(make_both(), -EINTR); /* another task exits for all */
	self->process->exiting = false;
	signal_send(self->process, SIGTERM, NULL);
	KT_EQ(make_both(), -EINTR); /* a signal is pending */
	KT_EQ(signal_take_to_act(~0ul, &info), SIGTERM);
	KT_EQ(make_both(), -EINTR); /* another task has taken it */
	KT_EQ(call(__NR_wait4, (uint64_t)-1, 0, WNOHANG), -ECHILD);
	process_exit(SIGTERM);
}

/* The test's process has a parent, who is nobody, and everything that tasks have. */
static void make_family(struct task **task, void (*run)(void *))
{
	reaper = process_make();
	KT_REQUIRE(reaper);
	process_init_process = reaper;
	limits_first(user.process);
	KT_REQUIRE(task_make(user.process, "forks", run, task) == 0);
	KT_REQUIRE(parts_clone(*task, NULL, 0) == 0);
	mutex_lock(&process_tree);
	process_get(reaper);
	family_add(reaper, NULL);
	number_task(*task, true);
	process_get(user.process);
	family_add(user.process, reaper);
	list_push_back(&user.process->tasks, &(*task)->link);
	user.process->living = 1;
	mutex_unlock(&process_tree);
}

static void end_family(void)
{
	mutex_lock(&process_tree);
	number_process_gone(user.process);
	family_remove(user.process);
	family_remove(reaper);
	mutex_unlock(&process_tree);
	process_put(reaper);
	process_init_process = NULL;
}

static void run_in_family(void (*run)(void *))
{
	struct task *task;

	user_make();
	user_code(fork_test_code, fork_test_code_end);
	memory_get(user.memory); /* the process's own, which it gives up */
	make_family(&task, run);
	thread_start(&task->thread);
	thread_join(&task->thread);
	sched_settle();
	end_family();
	user_end();
}

KTEST(fork_without_memory, "4.6",
	"a fork for which there is no memory fails, at whatever place, and loses nothing",
	.limit = 20, .needs = "4.1 4.4 4.5 4.8")
{
	run_in_family(begin);
	KT_TRUE(refused > 5 && refused < MOST);
	KT_TRUE(child > 0);
	KT_EQ(waited, child);
}

KTEST(fork_of_the_ending, "4.6", "a process that is ending makes no child and no task any more",
	.needs = "4.1 4.4 4.5 4.8")
{
	run_in_family(fork_while_it_ends);
}
