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
	error = sendable(number) ? signal_send(process, number, info) : -EINVAL;
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

/* Who is not there is told before what cannot be sent: number 0 looks. */
static int send_to_many(int id, int number, const siginfo_t *info)
{
	int sent = sendable(number) ? number : 0;
	unsigned count;

	if (id == -1)
		count = send_to_all(sent, info);
	else
		count = signal_send_group(id ? -id : process_self()->group, sent, info);
	if (!count)
		return -ESRCH;
	return sendable(number) ? 0 : -EINVAL;
}

SYSCALL(kill, "%d, signal", int, id, int, number)
{
	siginfo_t info = from_self(number, SI_USER);

	if (id > 0)
		return send_to_process(id, number, &info);
	return id == INT32_MIN ? -ESRCH : send_to_many(id, number, &info);
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
		error = sendable(number) ? signal_send_task(task, number, info) : -EINVAL;
	thread_put(&task->thread);
	return error;
}

SYSCALL(tkill, "%d, signal", int, id, int, number)
{
	siginfo_t info = from_self(number, SI_TKILL);

	if (id <= 0)
		return -EINVAL;
	return send_to_task(0, id, number, &info);
}

SYSCALL(tgkill, "%d, %d, signal", int, process, int, id, int, number)
{
	siginfo_t info = from_self(number, SI_TKILL);

	if (id <= 0 || process <= 0)
		return -EINVAL;
	return send_to_task(process, id, number, &info);
}

/* --- with what one likes ------------------------------------------------------------- */

/* Only to itself may a task pretend to be the kernel, or kill. */
static bool may_say(const siginfo_t *info, int id)
{
	return (info->si_code < 0 && info->si_code != SI_TKILL) || id == task_self()->id;
}

SYSCALL(rt_sigqueueinfo, "%d, signal, %p", int, id, int, number, uint64_t, from)
{
	siginfo_t info;

	if (copy_from_user(&info, from, sizeof(info)))
		return -EFAULT;
	info.si_signo = number;
	return may_say(&info, id) ? send_to_process(id, number, &info) : -EPERM;
}

SYSCALL(rt_tgsigqueueinfo, "%d, %d, signal, %p", int, process, int, id, int, number, uint64_t, from)
{
	siginfo_t info;

	if (copy_from_user(&info, from, sizeof(info)))
		return -EFAULT;
	if (id <= 0 || process <= 0)
		return -EINVAL;
	info.si_signo = number;
	return may_say(&info, id) ? send_to_task(process, id, number, &info) : -EPERM;
}
