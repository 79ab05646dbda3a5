/* Calls that take a path, or change what one means: see ../badcalls.c. */
#include "badcalls.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BASIC 0x7ff /* STATX_BASIC_STATS: <linux/stat.h>, which does not go with <sys/stat.h> */

/* A name that is longer than any may be: PATH_MAX. */
static char *long_path(void)
{
	static char path[5000];

	memset(path, '/', sizeof(path) - 1);
	return path;
}

static void pointers(void)
{
	POINTERS(open, p, O_RDONLY, 0);
	POINTERS(openat, directory, p, O_RDONLY, 0);
	POINTERS(creat, p, 0644);
	POINTERS(stat, p, room);
	POINTERS(stat, "/", p);
	POINTERS(lstat, p, room);
	POINTERS(lstat, "/", p);
	POINTERS(newfstatat, directory, p, room, 0);
	POINTERS(newfstatat, directory, "/", p, 0);
	POINTERS(statx, directory, p, 0, BASIC, room);
	POINTERS(statx, directory, "/", 0, BASIC, p);
	POINTERS(statfs, p, room);
	POINTERS(statfs, "/", p);
	POINTERS(access, p, R_OK);
	POINTERS(faccessat, directory, p, R_OK);
	POINTERS(faccessat2, directory, p, R_OK, 0);
	POINTERS(readlink, p, room, 5);
	POINTERS(readlink, "/proc/self/exe", p, 5);
	POINTERS(readlinkat, directory, p, room, 5);
	POINTERS(readlinkat, directory, "/proc/self/exe", p, 5);
	POINTERS(chdir, p);
	POINTERS(getcwd, p, 100ul);
	POINTERS(execve, p, NULL, NULL);
	NOT_NULL(execve, "/bin/hello", p, NULL);
	NOT_NULL(execve, "/bin/hello", NULL, p);
}

static void changes(void)
{
	POINTERS(mkdir, p, 0755);
	POINTERS(mkdirat, directory, p, 0755);
	POINTERS(mknod, p, S_IFREG, 0l);
	POINTERS(mknodat, directory, p, S_IFREG, 0l);
	POINTERS(symlink, "x", p);
	POINTERS(symlinkat, "x", directory, p);
	POINTERS(link, p, "/none/x");
	POINTERS(link, "/bin/hello", p);
	POINTERS(linkat, directory, p, directory, "/none/x", 0);
	POINTERS(linkat, directory, "/bin/hello", directory, p, 0);
	POINTERS(unlink, p);
	POINTERS(unlinkat, directory, p, 0);
	POINTERS(rmdir, p);
	POINTERS(rename, p, "/none/x");
	POINTERS(renameat, directory, p, directory, "/none/x");
	POINTERS(renameat2, directory, p, directory, "/none/x", 0);
	POINTERS(truncate, p, 0l);
	POINTERS(chmod, p, 0644);
	POINTERS(fchmodat, directory, p, 0644);
	POINTERS(chown, p, 0, 0);
	POINTERS(lchown, p, 0, 0);
	POINTERS(fchownat, directory, p, 0, 0, 0);
	NOT_NULL(utimensat, directory, p, NULL, 0);
}

/* Relative to what is no directory, or not open. */
static void descriptors(void)
{
	DESCRIPTORS(openat, fd, "x", O_RDONLY, 0);
	DESCRIPTORS(newfstatat, fd, "x", room, 0);
	DESCRIPTORS(statx, fd, "x", 0, BASIC, room);
	DESCRIPTORS(faccessat, fd, "x", R_OK);
	DESCRIPTORS(faccessat2, fd, "x", R_OK, 0);
	DESCRIPTORS(readlinkat, fd, "x", room, 5);
	DESCRIPTORS(mkdirat, fd, "x", 0755);
	DESCRIPTORS(mknodat, fd, "x", S_IFREG, 0l);
	DESCRIPTORS(symlinkat, "x", fd, "x");
	DESCRIPTORS(linkat, fd, "x", directory, "y", 0);
	DESCRIPTORS(linkat, directory, "bin/hello", fd, "y", 0);
	DESCRIPTORS(unlinkat, fd, "x", 0);
	DESCRIPTORS(renameat, fd, "x", directory, "y");
	DESCRIPTORS(renameat2, fd, "x", directory, "y", 0);
	DESCRIPTORS(fchmodat, fd, "x", 0644);
	DESCRIPTORS(fchownat, fd, "x", 0, 0, 0);
	DESCRIPTORS(utimensat, fd, "x", NULL, 0);
	ONCE(openat, zero, "x", O_RDONLY, 0);
	ONCE(newfstatat, zero, "x", room, 0);
	ONCE(statx, zero, "x", 0, BASIC, room);
	ONCE(faccessat2, zero, "x", R_OK, 0);
	ONCE(readlinkat, zero, "x", room, 5);
	ONCE(mkdirat, zero, "x", 0755);
	ONCE(mknodat, zero, "x", S_IFREG, 0l);
	ONCE(symlinkat, "x", zero, "x");
	ONCE(unlinkat, zero, "x", 0);
	ONCE(renameat, zero, "x", directory, "y");
	ONCE(fchmodat, zero, "x", 0644);
	ONCE(fchownat, zero, "x", 0, 0, 0);
	ONCE(utimensat, zero, "x", NULL, 0);
}

static void numbers(void)
{
	NUMBERS(access, "/", n);
	NUMBERS(faccessat, directory, "/", n);
	NUMBERS(faccessat2, directory, "/", n, 0);
	NUMBERS(faccessat2, directory, "/", R_OK, n);
	NUMBERS(newfstatat, directory, "/", room, n);
	NUMBERS(statx, directory, "/", n, BASIC, room);
	ONCE(statx, directory, "/", 0, 0x80000000u, room);
	ONCE(readlink, "/proc/self/exe", room, 0);
	ONCE(readlink, "/proc/self/exe", room, -1);
	ONCE(readlinkat, directory, "/proc/self/exe", room, 0);
	ONCE(readlinkat, directory, "/proc/self/exe", room, -1);
	ONCE(getcwd, room, 0ul);
	ONCE(getcwd, room, 1ul);
	ONCE(truncate, "/bin/hello", -1l);
	ONCE(open, long_path(), O_RDONLY, 0);
	ONCE(stat, long_path(), room);
	ONCE(statfs, long_path(), room);
	ONCE(chdir, long_path());
	ONCE(mkdir, long_path(), 0755);
	ONCE(unlink, long_path());
	ONCE(execve, long_path(), NULL, NULL);
	ONCE(open, "", O_RDONLY, 0);
	ONCE(stat, "", room);
	ONCE(statfs, "", room);
	ONCE(access, "", R_OK);
	ONCE(mkdir, "", 0755);
	ONCE(unlink, "");
	ONCE(statfs, "/none", room);
	ONCE(statfs, "/bin/hello/x", room);
	ONCE(readlinkat, directory, "bin/hello", room, 5);
}

int names(void)
{
	pointers();
	changes();
	descriptors();
	numbers();
	return 0;
}
