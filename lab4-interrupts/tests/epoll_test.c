/* epoll, where programs cannot bring about what is to be seen. */
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/tests/user.h"

#define WAIT_MS 20

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct trap_frame frame = { .rdi = a, .rsi = b, .rdx = c, .r10 = d };

	return syscall_row(number)->run(&frame);
}

/* What interrupted an earlier sleep too late, and is not there any more. */
static void wait_interrupted(void)
{
	struct task *self = task_self();
	uint64_t before;
	int64_t fd;

	KT_REQUIRE(parts_clone(self, NULL, 0) == 0);
	fd = call(__NR_epoll_create1, 0, 0, 0, 0);
	KT_TRUE(fd >= 0);
	self->work = 0;
	before = clock_ns();
	thread_interrupt(&self->thread);
	KT_EQ(call(__NR_epoll_wait, (uint64_t)fd, USER_DATA_PAGE, 1, WAIT_MS), 0);
	KT_TRUE(clock_ns() - before >= WAIT_MS * 1000000ul);
	self->work = TASK_SIGNAL;
	thread_interrupt(&self->thread);
	KT_EQ(call(__NR_epoll_wait, (uint64_t)fd, USER_DATA_PAGE, 1, WAIT_MS), -EINTR);
	parts_exit(self, true);
}

KTEST(epoll_stray_interrupt, "",
	"an interrupt that was left over does not end epoll_wait, and a signal does",
	.needs = "4.2")
{
	user_run_alone(wait_interrupted);
}
