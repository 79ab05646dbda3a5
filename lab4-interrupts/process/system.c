/*
 * What a program may ask of the machine as a whole, and switching it off.
 *
 * Read more: uname(2), sethostname(2), sysinfo(2), getrandom(2), reboot(2).
 */
#include "lab1-boot/cpu/power.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/random/random.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#define SECOND      1000000000u
#define RANDOM_MOST 33554431u /* bytes of one call, as on Linux */
#define RANDOM_STEP 256

/* --- names --------------------------------------------------------------------------- */

static struct mutex lock = MUTEX_INIT(lock, "host name");
static struct new_utsname names = {
	/* [lock] */
	.sysname = "Linux", /* programs look for that, and not for us */
	.nodename = "cub",
	.release = "6.1.0-cub",
	.version = "#1 SMP Cub, a teaching operating system",
	.machine = "x86_64",
	.domainname = "(none)",
};

SYSCALL(uname, "address", uint64_t, to)
{
	struct new_utsname copy;

	mutex_lock(&lock);
	copy = names;
	mutex_unlock(&lock);
	return copy_to_user(to, &copy, sizeof(copy));
}

/* nodename or domainname. */
static int set_name(char *name, uint64_t from, int bytes)
{
	char copy[__NEW_UTS_LEN + 1] = "";

	if (bytes < 0 || bytes > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(copy, from, (size_t)bytes))
		return -EFAULT;
	mutex_lock(&lock);
	memcpy(name, copy, sizeof(copy));
	mutex_unlock(&lock);
	return 0;
}

SYSCALL(sethostname, "string, size", uint64_t, from, int, bytes)
{
	return set_name(names.nodename, from, bytes);
}

SYSCALL(setdomainname, "string, size", uint64_t, from, int, bytes)
{
	return set_name(names.domainname, from, bytes);
}

/* --- figures ------------------------------------------------------------------------- */

SYSCALL(sysinfo, "address", uint64_t, to)
{
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	info.uptime = (int64_t)(clock_ns() / SECOND);
	info.totalram = page_total();
	info.freeram = page_free_count();
	info.procs = (uint16_t)tasks_count();
	info.mem_unit = PAGE_SIZE;
	return copy_to_user(to, &info, sizeof(info));
}

/* --- random bytes -------------------------------------------------------------------- */

SYSCALL(getrandom, "data^, size, hex", uint64_t, to, uint64_t, bytes, unsigned, flags)
{
	uint8_t some[RANDOM_STEP];
	uint64_t done = 0, left = bytes < RANDOM_MOST ? bytes : RANDOM_MOST;

	if ((flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
		(flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < left) {
		size_t now = left - done < sizeof(some) ? left - done : sizeof(some), copied;

		random_bytes(some, now);
		copied = copied_to_user(to + done, some, now);
		done += copied;
		if (copied < now || (done % PAGE_SIZE == 0 && signal_pending()))
			break;
	}
	memset(some, 0, sizeof(some));
	return done || !left ? (int64_t)done : -EFAULT;
}

/* --- the end ------------------------------------------------------------------------- */

SYSCALL(reboot, "hex, hex, hex, address", unsigned, magic, unsigned, magic2, unsigned, command,
	uint64_t, argument)
{
	(void)argument;
	if (magic != LINUX_REBOOT_MAGIC1 ||
		(magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
			magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (command) {
	case LINUX_REBOOT_CMD_RESTART:
		power_reboot();
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		power_off();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;
	default:
		return -EINVAL;
	}
}
