/* Calls on descriptors: see ../badcalls.c. */
#include "badcalls.h"
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>

/* A vector whose second part is this. */
static struct iovec *parts(void *second)
{
	static struct iovec vector[2];

	vector[0] = (struct iovec){ room, 0 };
	vector[1] = (struct iovec){ second, 5 };
	return vector;
}

int transfers(void)
{
	POINTERS(read, zero, p, 5ul);
	POINTERS(write, ends[1], p, 5ul);
	POINTERS(pread64, zero, p, 5ul, 0l);
	POINTERS(readv, zero, p, 2);
	POINTERS(readv, zero, parts(p), 2);
	POINTERS(writev, ends[1], p, 2);
	POINTERS(writev, ends[1], parts(p), 2);
	POINTERS(preadv, zero, p, 2, 0l, 0l);
	POINTERS(preadv, zero, parts(p), 2, 0l, 0l);
	POINTERS(pwritev, zero, p, 2, 0l, 0l);
	POINTERS(preadv2, zero, p, 2, 0l, 0l, 0);
	POINTERS(preadv2, zero, parts(p), 2, -1l, 0l, 0);
	POINTERS(pwritev2, ends[1], p, 2, -1l, 0l, 0);
	POINTERS(pwritev2, ends[1], parts(p), 2, -1l, 0l, 0);
	DESCRIPTORS(read, fd, room, 5ul);
	DESCRIPTORS(write, fd, room, 5ul);
	DESCRIPTORS(pread64, fd, room, 5ul, 0l);
	DESCRIPTORS(pwrite64, fd, room, 5ul, 0l);
	DESCRIPTORS(readv, fd, parts(room), 2);
	DESCRIPTORS(writev, fd, parts(room), 2);
	DESCRIPTORS(preadv, fd, parts(room), 2, 0l, 0l);
	DESCRIPTORS(pwritev, fd, parts(room), 2, 0l, 0l);
	DESCRIPTORS(preadv2, fd, parts(room), 2, 0l, 0l, 0);
	DESCRIPTORS(pwritev2, fd, parts(room), 2, 0l, 0l, 0);
	NUMBERS(readv, zero, parts(room), n);
	NUMBERS(writev, zero, parts(room), n);
	NUMBERS(preadv, zero, parts(room), n, 0l, 0l);
	NUMBERS(pwritev, zero, parts(room), n, 0l, 0l);
	NUMBERS(preadv2, zero, parts(room), 2, 0l, 0l, n);
	NUMBERS(pwritev2, zero, parts(room), 2, 0l, 0l, n);
	NUMBERS(preadv, zero, parts(room), 2, (long)INT64_MIN, 0l);
	NUMBERS(pwritev, zero, parts(room), 2, (long)INT64_MIN, 0l);
	ONCE(read, ends[1], room, 5ul);
	ONCE(write, ends[0], room, 5ul);
	NOT_NULL(sendfile, ends[1], zero, p, 5ul);
	ONCE(pread64, zero, room, 5ul, -1l);
	ONCE(pwrite64, zero, room, 5ul, -1l);
	ONCE(pread64, ends[0], room, 5ul, 0l);
	ONCE(pwrite64, ends[1], room, 5ul, 0l);
	ONCE(preadv, ends[0], parts(room), 2, 0l, 0l);
	ONCE(pwritev, ends[1], parts(room), 2, 0l, 0l);
	ONCE(preadv2, ends[1], parts(room), 2, -1l, 0l, 0);
	ONCE(pwritev2, ends[0], parts(room), 2, -1l, 0l, 0);
	DESCRIPTORS(sendfile, fd, zero, NULL, 5ul);
	DESCRIPTORS(sendfile, ends[1], fd, NULL, 5ul);
	return 0;
}

int of_descriptors(void)
{
	DESCRIPTORS(close, fd);
	DESCRIPTORS(dup, fd);
	DESCRIPTORS(dup2, fd, 50);
	ONCE(dup2, zero, -1);
	ONCE(dup2, zero, 1 << 20);
	DESCRIPTORS(dup3, fd, 50, 0);
	NUMBERS(dup3, zero, 50, n);
	ONCE(dup3, zero, zero, 0);
	ONCE(close_range, 60u, 50u, 0);
	NUMBERS(close_range, 50u, 60u, n);
	DESCRIPTORS(fcntl, fd, F_GETFD, 0l);
	DESCRIPTORS(fcntl, fd, F_DUPFD, 0l);
	NUMBERS(fcntl, zero, n, 0l);
	ONCE(fcntl, zero, F_DUPFD, -1l);
	ONCE(fcntl, zero, F_DUPFD, 1l << 20);
	NUMBERS(eventfd2, 0, n);
	POINTERS(pipe, p);
	POINTERS(pipe2, p, 0);
	NUMBERS(pipe2, room, n);
	POINTERS(fstat, zero, p);
	DESCRIPTORS(fstat, fd, room);
	POINTERS(fstatfs, directory, p);
	DESCRIPTORS(fstatfs, fd, room);
	POINTERS(getdents64, directory, p, 1000u);
	DESCRIPTORS(getdents64, fd, room, 1000u);
	ONCE(getdents64, zero, room, 1000u);
	ONCE(getdents64, directory, room, 1u);
	DESCRIPTORS(lseek, fd, 0l, SEEK_SET);
	NUMBERS(lseek, directory, 0l, n);
	ONCE(lseek, directory, -1l, SEEK_SET);
	ONCE(lseek, ends[0], 0l, SEEK_SET);
	DESCRIPTORS(ioctl, fd, TCGETS, room);
	NUMBERS(ioctl, zero, n, room);
	POINTERS(ioctl, ends[0], FIONREAD, p);
	POINTERS(ioctl, ends[0], FIONBIO, p);
	DESCRIPTORS(fsync, fd);
	DESCRIPTORS(fdatasync, fd);
	ONCE(fsync, ends[0]);
	DESCRIPTORS(ftruncate, fd, 0l);
	ONCE(ftruncate, ends[1], 0l);
	ONCE(ftruncate, ends[1], -1l);
	DESCRIPTORS(fchmod, fd, 0644);
	DESCRIPTORS(fchown, fd, 0, 0);
	DESCRIPTORS(fchdir, fd);
	ONCE(fchdir, zero);
	POINTERS(signalfd, -1, p, 8ul);
	POINTERS(signalfd4, -1, p, 8ul, 0);
	ONCE(signalfd4, -2, room, 8ul, 0);
	ONCE(signalfd4, 99, room, 8ul, 0);
	NUMBERS(signalfd4, -1, room, 8ul, n);
	ONCE(signalfd4, -1, room, 7ul, 0);
	ONCE(signalfd4, zero, room, 8ul, 0);
	NUMBERS(timerfd_create, n, 0);
	NUMBERS(timerfd_create, CLOCK_MONOTONIC, n);
	DESCRIPTORS(timerfd_settime, fd, 0, room, NULL);
	DESCRIPTORS(timerfd_gettime, fd, room);
	ONCE(timerfd_settime, zero, 0, room, NULL);
	ONCE(timerfd_gettime, zero, room);
	return 0;
}

static struct pollfd *polled(int what)
{
	static struct pollfd one;

	one = (struct pollfd){ what, POLLIN, 0 };
	return &one;
}

static struct timespec *bad_time(void)
{
	static struct timespec time = { 0, 1000000000 };

	return &time;
}

int waits(void)
{
	int watched = epoll_create1(0),
	    timer = (int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	static struct timespec now;

	POINTERS(poll, p, 1, 0);
	POINTERS(ppoll, p, 1, &now, NULL, 8ul);
	NOT_NULL(ppoll, polled(zero), 1, p, NULL, 8ul);
	NOT_NULL(ppoll, polled(zero), 1, &now, p, 8ul);
	ONCE(ppoll, polled(zero), 1, bad_time(), NULL, 8ul);
	ONCE(ppoll, polled(zero), 1, &now, room, 7ul);
	DESCRIPTORS(poll, polled(fd), 1, 0);
	NUMBERS(poll, room, n, 0);
	NOT_NULL(select, 1, p, NULL, NULL, &now);
	NOT_NULL(select, 1, NULL, p, NULL, &now);
	NOT_NULL(select, 1, NULL, NULL, p, &now);
	NOT_NULL(select, 1, NULL, NULL, NULL, p);
	ONCE(select, -1, NULL, NULL, NULL, &now);
	ONCE(select, INT32_MIN, NULL, NULL, NULL, &now);
	NOT_NULL(pselect6, 1, p, NULL, NULL, &now, NULL);
	NOT_NULL(pselect6, 1, NULL, NULL, NULL, p, NULL);
	NOT_NULL(pselect6, 1, NULL, NULL, NULL, &now, p);
	ONCE(pselect6, 1, NULL, NULL, NULL, bad_time(), NULL);
	ONCE(epoll_create, 0);
	ONCE(epoll_create, -1);
	NUMBERS(epoll_create1, n);
	POINTERS(epoll_ctl, watched, EPOLL_CTL_ADD, ends[0], p);
	DESCRIPTORS(epoll_ctl, fd, EPOLL_CTL_ADD, ends[0], room);
	DESCRIPTORS(epoll_ctl, watched, EPOLL_CTL_ADD, fd, room);
	NUMBERS(epoll_ctl, watched, n, ends[0], room);
	ONCE(epoll_ctl, zero, EPOLL_CTL_ADD, ends[0], room);
	ONCE(epoll_ctl, watched, EPOLL_CTL_ADD, directory, room);
	ONCE(epoll_ctl, watched, EPOLL_CTL_ADD, ends[1], room);
	DESCRIPTORS(epoll_wait, fd, room, 5, 0);
	ONCE(epoll_wait, zero, room, 5, 0);
	ONCE(epoll_wait, watched, room, 0, 0);
	ONCE(epoll_wait, watched, room, -1, 0);
	DESCRIPTORS(epoll_pwait, fd, room, 5, 0, NULL, 8ul);
	NOT_NULL(epoll_pwait, watched, room, 5, 0, p, 8ul);
	ONCE(epoll_pwait, watched, room, 5, 0, room, 7ul);
	DESCRIPTORS(epoll_pwait2, fd, room, 5, &now, NULL, 8ul);
	NOT_NULL(epoll_pwait2, watched, room, 5, p, NULL, 8ul);
	NOT_NULL(epoll_pwait2, watched, room, 5, &now, p, 8ul);
	ONCE(epoll_pwait2, watched, room, 5, bad_time(), NULL, 8ul);
	ONCE(epoll_pwait2, watched, room, 5, &now, room, 7ul);
	ONCE(epoll_pwait2, watched, room, 0, &now, NULL, 8ul);
	ONCE(epoll_pwait2, watched, room, -1, &now, NULL, 8ul);
	POINTERS(timerfd_settime, timer, 0, p, NULL);
	NOT_NULL(timerfd_settime, timer, 0, room, p);
	NUMBERS(timerfd_settime, timer, n, room, NULL);
	POINTERS(timerfd_gettime, timer, p);
	return 0;
}
