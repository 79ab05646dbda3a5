/*
 * Processes and tasks.
 *
 * A task is a thread that runs a program; a process is what its tasks share: memory,
 * descriptors, what signals do, a parent. (Linux: a thread and its thread group.)
 *
 *              fork, clone               exit_group, or the last task exits
 *   (nothing) -------------> LIVING ---------------------------------------> ZOMBIE
 *                                                                              |
 *                          (nothing) <------- the parent's wait, or at once if it does not care
 *
 * Stopped and continued are no states but signals' business (signal/): every task of a stopped
 * process waits on its way to user mode.
 *
 * Lock order: a process's leaving, then the tree's, then a process's lock, then spin locks.
 *
 * Read more: fork(2), clone(2), wait(2), credentials(7); Ritchie and Thompson, "The UNIX
 * time-sharing system", CACM 17(7), 1974.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lib/rows.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab3-threads/thread/thread.h"
#include <linux/resource.h>
#include <linux/types.h>

struct trap_frame;
struct memory;       /* memory/memory.h */
struct file_table;   /* file/table.h */
struct working;      /* standin/working.h: working directory and umask */
struct signals;      /* signal/signal.h: of a process */
struct task_signals; /* of a task */
struct terminal;     /* tty/tty.h */

/* Key: [I] after it is made, [a] atomic, [tree] process_tree, [lock], [own] only the task itself.
 */
struct process {
	int id;                  /* [I] its first task's */
	uint32_t references;     /* [a] */
	struct list link;        /* [tree] among all */
	struct list number_link; /* [numbers] see number.c */

	struct process *parent;    /* [tree] */
	int parent_id;             /* [tree, a] its number, or 0 */
	struct list children;      /* [tree] */
	struct list sibling;       /* [tree] */
	int group, session;        /* [tree] */
	struct terminal *terminal; /* [tree] the controlling one, or NULL */
	bool zombie;               /* [tree] */
	bool execed;               /* [tree] since its fork: setpgid from outside is too late */
	bool subreaper;            /* [tree] orphans below it become its children */
	bool undumpable;           /* [a] prctl keeps it; there are no dumps */
	bool no_new_privileges;    /* [a] the same; there are none to be had */
	int exit_signal;           /* [tree] what the parent is sent at its end: a signal, or 0 */
	struct waitqueue waiting;  /* its tasks that wait for children */
	uint32_t news;             /* [a] how often there was something to see for them */

	/* What signal/ says to wait.c, which takes it out by an exchange, once it is told: */
	int stop_news;         /* [a] the signal that has stopped it, or 0 */
	bool continue_news;    /* [a] SIGCONT has let it go on */
	bool forgets_children; /* [a] SIGCHLD is ignored, or SA_NOCLDWAIT: no zombies */

	struct mutex leaving; /* held by a task that takes itself out; before the tree */
	struct mutex lock;
	struct list tasks; /* [lock] */
	unsigned living;   /* [lock] [a] how many these are */
	bool exiting;      /* [a] exit_group was called: every task ends on its way to user mode */
	bool doomed;       /* [a] it is ended to have its memory (memory/oom.c) */
	int status;        /* [lock] as wait4 gives it; the first exit_group's counts */
	struct task *execing;     /* [lock] the one that execs: all others end */
	struct waitqueue alone;   /* it waits here until they have */
	struct completion *vfork; /* [lock] who waits until it has exec'd or ended */

	struct memory *memory;    /* [own], changed by exec alone; [lock] for others */
	struct file_table *files; /* the same */
	struct working *working;  /* the same */
	struct signals *signals;  /* [I] */

	int nice;                                      /* [lock] */
	struct rlimit limit[RLIM_NLIMITS];             /* [lock] */
	bool timed;                                    /* [a] signals depend on what it uses */
	uint64_t user_ns, system_ns;                   /* [lock] of tasks that have ended */
	uint64_t children_user_ns, children_system_ns; /* [lock] of children that were waited for */
	uint64_t began;                                /* [I] by clock_ns */
	bool reserve;                                  /* [I] the last tasks are for it, too */
	bool counted;                                  /* [I] see tasks_count */
	char path[256];                                /* [lock] of the program: /proc/self/exe */
};

struct task {
	struct thread thread;      /* first: task_self relies on it */
	int id;                    /* [numbers] exec gives it the process's */
	struct process *process;   /* [I] one reference */
	struct list link;          /* [process->lock] in process->tasks */
	struct list number_link;   /* [numbers] see number.c */
	uint64_t fs_base, gs_base; /* [own] the user's thread pointer; and the other one */
	bool counted;              /* [own] see tasks_count */
	bool left;                 /* [own] it is ending, and out of the process's memory */
	int death_signal;          /* [own] what it is sent when its parent ends, or 0 */
	uint64_t set_id;           /* [own] user address where a new task writes its number, or 0 */
	uint64_t clear_id;    /* [own] user address to clear and wake at its end or exec, or 0 */
	uint64_t robust_list; /* [own] user address, see futex/ */
	uint64_t
		syscall; /* [own] the number of the call it is in, for its restart; ~0 if in none */
	unsigned work;   /* [a] TASK_*: what is to be done before it goes to user mode */
	struct task_signals *signals;          /* [I] */
	int64_t (*restart)(struct task *task); /* [own] restart_syscall: what is left to do */
	uint64_t restart_argument[4];          /* [own] */
};

/* Bits of work. Whoever sets one calls task_notify; but TASK_TIMES interrupts no sleep, and is set
 * by itself. */
#define TASK_SIGNAL 1u /* some signal may be to be delivered */
#define TASK_END    2u /* the process is ending, or another task execs */
#define TASK_TIMES  8u /* signal_check_times: of a process that is timed */

extern struct mutex process_tree;            /* who is whose child, groups and sessions */
extern struct process *process_init_process; /* number 1; orphans become its children. [I] */

/* task_free: what frees a task's thread, and no other: by this it is known. */
void task_free(struct thread *thread);

/* task_of_thread: the task that the thread is part of; NULL if it is none's. */
static inline struct task *task_of_thread(struct thread *thread)
{
	return thread->free == task_free ? (struct task *)thread : NULL;
}

/* task_self: the calling thread's task; NULL for a thread of the kernel's own. */
static inline struct task *task_self(void)
{
	return task_of_thread(thread_self());
}

static inline struct process *process_self(void)
{
	return task_self()->process;
}

/* task_frame: the user's registers of a task, at the top of its kernel stack. */
struct trap_frame *task_frame(struct task *task);

/* task_notify: let it look at its work soon: it wakes from an interruptible sleep, or comes in from
 * user mode. Never sleeps. */
void task_notify(struct task *task, unsigned work);

/*
 * What else belongs to a task, and that this file knows nothing of: descriptors, signals, working
 * directory (lab 5). Called in the rows' order for each:
 *   clone  a new task (of a new process unless flags has CLONE_THREAD), before it runs and has a
 *          number: 0, or an error, which undoes the clone. from is NULL for the first process
 *   exec   the point of no return has passed, and no other task of the process is left
 *   exit   the task ends; last: it was the process's last one, and no other is at work on what they
 *          shared. Also undoes a clone that failed after its row
 * Each may be NULL. All may sleep.
 */
struct task_part {
	const char *name;
	int (*clone)(struct task *task, struct task *from, uint64_t flags);
	void (*exec)(struct task *task);
	void (*exit)(struct task *task, bool last);
};
ROWS_DECLARE(task_part, struct task_part);
#define TASK_PART(order, its_name, clone, exec, exit)                                              \
	ROW(task_part, "." #order, task_part_##its_name) = { #its_name, clone, exec, exit }

/* process_start_init: the first process, that the kernel makes and which runs the program at path.
 * 0, or why not. Once. May sleep. */
int process_start_init(
	const char *path, const char *const *arguments, const char *const *environment);

/*
 * process_clone: what fork, vfork and clone have in common. flags are Linux's CLONE_*; stack 0
 * means the caller's. Returns the new task's id, in the caller; the child begins on its way to user
 * mode with 0. -EAGAIN at a limit, -ENOMEM, -EINVAL for flags that do not go together. May sleep.
 */
struct clone_args;
int64_t process_clone(const struct clone_args *arguments);

/*
 * process_exec: run another program in this process: path is the kernel's, argv and envp are user
 * addresses (0: none). 0, and the calling task's frame is the new program's; or program_load's
 * errors, -EFAULT or -E2BIG for the strings, and nothing has changed; or -EINTR: the task is being
 * ended, by another one that was quicker. Past the point of no return nothing fails. May sleep.
 * Takes process->lock and process_tree, one after the other.
 */
int process_exec(const char *path, uint64_t arguments, uint64_t environment);

/* task_exit: end the calling task; status is the process's, if it is the last to do so.
 * process_exit: end all of the process's, of which the first to say so decides the status. status
 * as wait4 gives it. task_end: for a task whose work has TASK_END. None of them returns; process
 * 1's end switches the machine off. May sleep: caller holds no lock. Take process->lock,
 * process_tree and what the parts (TASK_PART) need. */
_Noreturn void task_exit(int status);
_Noreturn void process_exit(int status);
_Noreturn void task_end(void);

/* process_find: the process or (task_find) task of that number, with a reference more (for
 * process_put, task_put); NULL. A process may be a zombie. process_with: the process that has the
 * number, or a task of that number. Take the lock of numbers. process_get, process_put: a reference
 * more or less; the last one frees it. None of them sleeps. */
struct process *process_find(int id);
struct process *process_with(int id);
struct task *task_find(int id);
void process_get(struct process *process);
void process_put(struct process *process);

/* process_each: every process that is not a zombie. process_next: the next one after that; NULL
 * before the first, and behind the last. Caller holds process_tree. */
struct process *process_next(const struct process *after);
#define process_each(process)                                                                      \
	for (struct process *process = process_next(NULL); process; process = process_next(process))

/* process_tell_parent: tell a parent that waits that there is something to see. Caller holds
 * process_tree. Never sleeps. */
void process_tell_parent(struct process *process);

/* process_init: caches, and the hooks into the scheduler and traps. Once, when both work. */
void process_init(void);

/* process_main: run the first program, if there is an initrd with one: then it does not return.
 * When that program ends, the machine is switched off. */
void process_main(void);

/* process_limit: the soft limit, RLIM_INFINITY if none. */
uint64_t process_limit(const struct process *process, unsigned which);

/* process_user_ns: how long its tasks have run, those that have ended included. Takes
 * process->lock. */
uint64_t process_user_ns(struct process *process);
