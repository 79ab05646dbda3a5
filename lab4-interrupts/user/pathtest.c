/*
 * What the calls that take paths do, told line by line, in the tree below /t that
 * tests/test_paths.py makes. The same has to come on Linux, where that is read-only, too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile bad = (void *)0x10; /* nothing is ever mapped there */
static char long_name[300], long_path[5000];

static void tell(const char *call, long result)
{
	if (result < 0)
		printf("%s = -1 %s\n", call, strerror(errno));
	else
		printf("%s = %ld\n", call, result);
}
#define TELL(call) tell(#call, (long)(call))

/* open, and what came of it: not the number, but what it is. */
static void tell_open(const char *path, int flags)
{
	struct stat stat;
	int fd = open(path, flags, 0644);

	if (fd < 0) {
		printf("open %s %o: %s\n", path, flags, strerror(errno));
		return;
	}
	fstat(fd, &stat);
	printf("open %s %o: %o\n", path, flags, stat.st_mode);
	close(fd);
}

static void tell_stat(const char *path)
{
	struct stat its;

	if (stat(path, &its) < 0)
		printf("stat %s: %s\n", path, strerror(errno));
	else
		printf("stat %s: %o, %ld links, %ld bytes\n", path, its.st_mode,
			S_ISDIR(its.st_mode) ? 0 : (long)its.st_nlink,
			S_ISREG(its.st_mode) ? (long)its.st_size : 0);
}

static void test_walk(void)
{
	static const char *const paths[] = { "/t/file", "/t/dir/../file", "/t//dir/./inner",
		"/t/file/", "/t/file/x", "/t/none", "/t/none/x", "/t/link", "/t/link/",
		"/t/up/file", "/t/up/", "/t/absolute", "/t/absolute/x", "/t/loop", "/t/dangling",
		"/t/dangling/x", "/../../t/file", "/t/hard", "/t/chain1", "/", "", ".", "/t/dir/..",
		"/t/noexec" };

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		tell_stat(paths[i]);
	memset(long_name, 'n', sizeof(long_name) - 1);
	TELL(access(long_name, F_OK));
	long_name[255] = 0;
	TELL(access(long_name, F_OK));
	memset(long_path, '/', sizeof(long_path) - 1);
	TELL(access(long_path, F_OK));
	long_path[4095] = 0;
	TELL(access(long_path, F_OK));
	TELL(access(bad, F_OK));
}

static void test_open(void)
{
	tell_open("/t/file", O_RDONLY);
	tell_open("/t/file", O_WRONLY);
	tell_open("/t/file", O_RDWR);
	tell_open("/t/file", O_RDONLY | O_TRUNC);
	tell_open("/t/file", O_RDONLY | O_CREAT);
	tell_open("/t/file", O_RDONLY | O_CREAT | O_EXCL);
	tell_open("/t/file", O_RDONLY | O_DIRECTORY);
	tell_open("/t/none", O_WRONLY | O_CREAT);
	tell_open("/t/none/x", O_WRONLY | O_CREAT);
	tell_open("/t/dir", O_RDONLY);
	tell_open("/t/dir", O_RDWR);
	tell_open("/t/dir", O_RDONLY | O_DIRECTORY);
	tell_open("/t/link", O_RDONLY | O_NOFOLLOW);
	tell_open("/t/link", O_PATH | O_NOFOLLOW);
	tell_open("/t/dangling", O_RDONLY);
	tell_open("/t/loop", O_RDONLY);
	tell_open("/t/up/file", O_RDONLY | O_NOFOLLOW);
}

static void test_at(void)
{
	struct stat its;
	int dir = open("/t/dir", O_RDONLY), file = open("/t/file", O_RDONLY);
	int fd = openat(dir, "inner", O_RDONLY);

	printf("openat %d\n", fd >= 0);
	TELL(openat(file, "inner", O_RDONLY));
	TELL(openat(77, "inner", O_RDONLY));
	TELL(faccessat(77, "/t/file", F_OK, 0));
	TELL(fstatat(dir, "", &its, 0));
	TELL(fstatat(dir, "", &its, AT_EMPTY_PATH));
	printf("%o\n", its.st_mode);
	TELL(syscall(SYS_newfstatat, dir, "inner", &its, 12345678));
	TELL(fstatat(AT_FDCWD, "/t/link", &its, AT_SYMLINK_NOFOLLOW));
	printf("%o %ld\n", its.st_mode & S_IFMT, (long)its.st_size);
	TELL(syscall(SYS_newfstatat, AT_FDCWD, "/t/file", bad, 0));
	close(fd);
	close(dir);
	close(file);
}

static void test_links(void)
{
	char target[100] = "";

	TELL(readlink("/t/link", target, sizeof(target)));
	printf("%s\n", target);
	TELL(readlink("/t/link", target, 3));
	TELL(readlink("/t/link", target, 0));
	TELL(readlink("/t/link", bad, 10));
	TELL(readlink("/t/file", target, 10));
	TELL(readlink("/t/none", target, 10));
	memset(target, 0, sizeof(target));
	TELL(readlink("/proc/self/exe", target, sizeof(target)));
	printf("%s\n", target);
}

static void test_access(void)
{
	TELL(access("/t/file", R_OK));
	TELL(access("/t/file", W_OK));
	TELL(access("/t/noexec", X_OK));
	TELL(access("/t/dir", X_OK));
	TELL(access("/t/file", 77));
	TELL(access("/dev/null", R_OK | W_OK));
}

static void test_directory(void)
{
	char path[100], entries[1000];
	DIR *directory;
	int fd, count = 0;

	TELL(chdir("/t/up"));
	printf("%s\n", getcwd(path, sizeof(path)));
	TELL(chdir("dir"));
	printf("%s\n", getcwd(path, sizeof(path)));
	TELL(chdir("../file"));
	TELL(chdir("../none"));
	TELL(syscall(SYS_getcwd, path, 3));
	TELL(syscall(SYS_getcwd, bad, 100));
	tell_stat("inner");
	tell_stat("../file");
	fd = open("/t", O_RDONLY);
	TELL(fchdir(fd));
	TELL(read(fd, path, 10));
	TELL(syscall(SYS_getdents64, fd, entries, 10));
	TELL(syscall(SYS_getdents64, fd, bad, 1000));
	printf("entries %d\n", syscall(SYS_getdents64, fd, entries, sizeof(entries)) > 100);
	TELL(lseek(fd, 0, SEEK_SET));
	close(fd);
	directory = opendir("/t/dir");
	while (directory && readdir(directory))
		count++;
	printf("count %d\n", count);
	rewinddir(directory);
	printf("again %d\n", readdir(directory) != NULL);
	closedir(directory);
	fd = open("/t/file", O_RDONLY);
	TELL(syscall(SYS_getdents64, fd, entries, 100));
	TELL(fchdir(fd));
	close(fd);
	TELL(umask(0) & 0);
	TELL(umask(07777));
	TELL(umask(022));
}

static void test_content(void)
{
	char text[32] = "";
	int fd = open("/t/file", O_RDONLY), null = open("/dev/null", O_WRONLY);
	off_t offset = 3;

	TELL(read(fd, text, 4));
	printf("%s\n", text);
	TELL(lseek(fd, 0, SEEK_CUR));
	TELL(pread(fd, text, 5, 2));
	printf("%s\n", text);
	TELL(pread(fd, text, 5, -1));
	TELL(pread(fd, text, 5, 1000));
	TELL(lseek(fd, -2, SEEK_END));
	TELL(read(fd, text, 10));
	TELL(read(fd, text, 10));
	TELL(lseek(fd, -100, SEEK_CUR));
	TELL(lseek(fd, 0, 99));
	TELL(lseek(fd, 1, SEEK_DATA));
	TELL(lseek(fd, 1, SEEK_HOLE));
	TELL(lseek(fd, 1000, SEEK_DATA));
	TELL(write(fd, "x", 1));
	TELL(read(fd, bad, 1) < 0);
	TELL(lseek(fd, 0, SEEK_SET));
	TELL(read(fd, bad, 1));
	TELL(ftruncate(fd, 0));
	TELL(fsync(fd));
	TELL(sendfile(null, fd, &offset, 100));
	TELL(offset);
	TELL(sendfile(null, fd, NULL, 4));
	TELL(lseek(fd, 0, SEEK_CUR));
	TELL(sendfile(fd, fd, NULL, 4));
	close(fd);
	close(null);
}

static void test_mapping(void)
{
	int fd = open("/t/big", O_RDONLY);
	unsigned char *map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
	int dir = open("/t/dir", O_RDONLY);

	printf("%d %d %d\n", map[0], map[4095], map[5903]);
	map[0] = 99;
	printf("%d\n", map[0]);
	munmap(map, 10000);
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	printf("%d %d\n", map[0], map[4096]);
	munmap(map, 8192);
	TELL(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	TELL(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, dir, 0));
	TELL(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 77, 0));
	fflush(stdout);
	if (fork() == 0) {
		map = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE, fd, 0);
		_exit(map[10000 + 1000]); /* behind the file's last page */
	}
	int status;

	wait(&status);
	printf("killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	close(fd);
	close(dir);
}

static void test_refused(void)
{
	TELL(mkdir("/t/new", 0755));
	TELL(mkdir("/t/dir", 0755));
	TELL(mkdir("/t/none/new", 0755));
	TELL(mknod("/t/new", S_IFIFO | 0644, 0));
	TELL(unlink("/t/file"));
	TELL(unlink("/t/none"));
	TELL(symlink("a", "/t/new"));
	TELL(symlink("a", "/t/file"));
	TELL(link("/t/file", "/t/new"));
	TELL(link("/t/none", "/t/new"));
	TELL(rename("/t/file", "/t/new"));
	TELL(chmod("/t/file", 0600));
	TELL(chmod("/t/none", 0600));
	TELL(chown("/t/file", 0, 0));
	TELL(truncate("/t/file", 0));
	TELL(truncate("/t/file", -1));
	TELL(truncate("/t/none", 0));
	TELL(utimensat(AT_FDCWD, "/t/file", NULL, 0));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 65536);
	test_walk();
	test_open();
	test_at();
	test_links();
	test_access();
	test_directory();
	test_content();
	test_mapping();
	test_refused();
	return 0;
}
