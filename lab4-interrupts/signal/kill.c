/* Calls that send signals. Read more: kill(2), tgkill(2), rt_sigqueueinfo(2). */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/signal/state.h"

/* Number 0 only asks whether there is somebody. */
static bool sendable(int number)
{
	return number >= 0 && number <= SIGNALS;
}

static siginfo_t from_self(int number, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = code;
	info.si_pid = process_self()->id;
	return info;
}

/* --- to a process, a group, or all --------------------------------------------------- */

/* As on Linux, each of its tasks' numbers names a process. */
static int send_to_process(int id, int number, const siginfo_t *info)
{
	struct process *process = process_with(id);
	int error;

	if (!process)
		return -ESRCH;
	error = signal_send(process, number, info);
	process_put(process);
	return error;
}

/* Zombies are members of their group until they have been waited for: they count, but nothing is
 * left in them that could take a signal. */

/* To all but process 1 and the sender; how many there were. */
static unsigned send_to_all(int number, const siginfo_t *info)
{
	unsigned sent = 0;

	mutex_lock(&process_tree);
	family_each (process)
		if (process->id != 1 && process != process_self()) {
			signal_send(process, number, info);
			sent++;
		}
	mutex_unlock(&process_tree);
	return sent;
}

unsigned signal_send_group(int group, int number, const siginfo_t *info)
{
	unsigned sent = 0;

	mutex_lock(&process_tree);
	family_each (process)
		if (process->group == group) {
			signal_send(process, number, info);
			sent++;
		}
	mutex_unlock(&process_tree);
	return sent;
}

SYSCALL(kill, "%d, signal", int, id, int, number)
{
	siginfo_t info = from_self(number, SI_USER);

	if (!sendable(number))
		return -EINVAL;
	if (id > 0)
		return send_to_process(id, number, &info);
	if (id == -1)
		return send_to_all(number, &info) ? 0 : -ESRCH;
	if (id == -2147483647 - 1)
		return -ESRCH;
	return signal_send_group(id ? -id : process_self()->group, number, &info) ? 0 : -ESRCH;
}

/* --- to a task ----------------------------------------------------------------------- */

/* process 0: of whichever process. */
static int send_to_task(int process, int id, int number, const siginfo_t *info)
{
	struct task *task = task_find(id);
	int error = -ESRCH;

	if (!task)
		return -ESRCH;
	if (!process || task->process->id == process)
		error = signal_send_task(task, number, info);
	thread_put(&task->thread);
	return error;
}

SYSCALL(tkill, "%d, signal", int, id, int, number)
{
	siginfo_t info = from_self(number, SI_TKILL);

	if (id <= 0 || !sendable(number))
		return -EINVAL;
	return send_to_task(0, id, number, &info);
}

SYSCALL(tgkill, "%d, %d, signal", int, process, int, id, int, number)
{
	siginfo_t info = from_self(number, SI_TKILL);

	if (id <= 0 || process <= 0 || !sendable(number))
		return -EINVAL;
	return send_to_task(process, id, number, &info);
}

/* --- with what one likes ------------------------------------------------------------- */

/* Only to oneself may one pretend to be the kernel, or kill. */
static int get_info(uint64_t from, int number, bool to_itself, siginfo_t *info)
{
	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && !to_itself)
		return -EPERM;
	info->si_signo = number;
	return sendable(number) ? 0 : -EINVAL;
}

SYSCALL(rt_sigqueueinfo, "%d, signal, %p", int, id, int, number, uint64_t, from)
{
	siginfo_t info;
	int error = get_info(from, number, id == process_self()->id, &info);

	return error ? error : send_to_process(id, number, &info);
}

SYSCALL(rt_tgsigqueueinfo, "%d, %d, signal, %p", int, process, int, id, int, number, uint64_t, from)
{
	siginfo_t info;
	int error = get_info(from, number, process == process_self()->id, &info);

	if (id <= 0 || process <= 0)
		return -EINVAL;
	return error ? error : send_to_task(process, id, number, &info);
}
