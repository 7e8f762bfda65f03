/* SPDX-License-Identifier: MIT */
/*
 * A signal at any instruction of a publication: ptrace steps the process through it and
 * delivers the signal after the k-th step. After every step, what a client would copy
 * must be consistent.
 */
#include "agent_region.h"

#include <sys/ptrace.h>

#define OUTER_OBJECT   0xabc000u
#define HANDLER_OBJECT 0xd0d000u
#define STEPS_MAX      20000

static void handler(int number)
{
	struct grmon_wait mark;

	(void)number;
	grmon_wait_begin(&mark, GRMON_DNS, (void *)(uintptr_t)HANDLER_OBJECT, "handler");
	grmon_wait_end(&mark);
}

static void stop_here(void)
{
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGSTOP);
}

static void *nothing(void *argument)
{
	return argument;
}

/* Once a child has a thread, other processes can map its region. */
static void have_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) == 0)
		pthread_join(thread, NULL);
}

static int stepped_api(void *unused)
{
	(void)unused;
	have_a_thread();
	signal(SIGUSR1, handler);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	for (;;) {
		struct grmon_wait mark;

		stop_here();
		grmon_wait_begin(&mark, GRMON_WAITGROUP, (void *)(uintptr_t)OUTER_OBJECT,
				 "outer");
		grmon_wait_end(&mark);
	}
	return 0;
}

static int stepped_libc(void *unused)
{
	struct timespec moment = {0, 1};

	(void)unused;
	have_a_thread();
	signal(SIGUSR1, handler);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	/* The slot, before it is stepped through. */
	nanosleep(&moment, NULL);
	for (;;) {
		stop_here();
		nanosleep(&moment, NULL);
	}
	return 0;
}

static bool is_whole(const struct wire_slot *slot)
{
	bool empty = slot->object == 0 && slot->since_ns == 0 && slot->call_site == 0;
	bool full = slot->since_ns != 0 && slot->call_site != 0;

	switch (slot->state) {
	case WIRE_STATE_RUNNING:
		return empty && slot->what[0] == '\0' && !(slot->flags & WIRE_SLOT_API);
	case GRMON_SLEEP:
		return full && slot->what[0] == '\0' && !(slot->flags & WIRE_SLOT_API);
	case GRMON_WAITGROUP:
		return full && slot->object == OUTER_OBJECT &&
		       strcmp(slot->what, "outer") == 0 && slot->flags & WIRE_SLOT_API;
	case GRMON_DNS:
		return full && slot->object == HANDLER_OBJECT &&
		       strcmp(slot->what, "handler") == 0 && slot->flags & WIRE_SLOT_API;
	}
	return false;
}

struct seen {
	int steps; /* in one publication without a signal */
	int in_handler;
	int in_outer;
	int torn;
};

static void look(const struct region *region, pid_t pid, struct seen *seen)
{
	struct wire_slot slot;

	/* An odd number says that the copy is from the middle of a publication. */
	if (region_thread(region, (int)pid, &slot) < 0)
		return;
	seen->in_handler += slot.state == GRMON_DNS;
	seen->in_outer += slot.state == GRMON_WAITGROUP || slot.state == GRMON_SLEEP;
	if (!is_whole(&slot) && seen->torn++ == 0)
		fprintf(stderr,
			"# torn: state %u object %llx since %llu what %.8s flags %x\n",
			slot.state, (unsigned long long)slot.object,
			(unsigned long long)slot.since_ns, slot.what, slot.flags);
}

/* From one stop to the next, with the signal after `at` steps. Returns the number of
 * steps, or -1 if the process was lost. */
static int step_once(const struct region *region, pid_t pid, int at, struct seen *seen)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		int status;

		if (ptrace(PTRACE_SINGLESTEP, pid, NULL,
			   (void *)(intptr_t)(i == at ? SIGUSR1 : 0)) != 0 ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return -1;
		look(region, pid, seen);
		if (WSTOPSIG(status) == SIGSTOP)
			return i;
	}
	return -1;
}

/* The signal comes at every stride-th step, from another first step in each run. */
static void step_through(int (*body)(void *), int stride)
{
	struct region region;
	struct seen seen = {0};
	int status, steps;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(body(NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	/* Once without steps, so that it has a slot. */
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	bool found = region_by_proc(&region, pid) && region_live(&region)->pid == pid;

	seen.steps = found ? step_once(&region, pid, -1, &seen) : 0;
	steps = seen.steps;
	for (int at = pid % stride; at < seen.steps && steps > 0; at += stride)
		steps = step_once(&region, pid, at, &seen);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	region_close(&region);
	assert_true(found);
	assert_true(seen.steps > 50 && steps > 0);
	assert_true(seen.in_outer > seen.steps && seen.in_handler > seen.steps);
	assert_int_equal(seen.torn, 0);
}

static int can_trace(void *unused)
{
	(void)unused;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1;
}

static void test_described_wait(void **state)
{
	(void)state;
	if (SANITIZED || in_child(can_trace, NULL) != 0)
		skip();
	step_through(stepped_api, 3);
}

static void test_libc_wait(void **state)
{
	(void)state;
	if (SANITIZED || in_child(can_trace, NULL) != 0)
		skip();
	step_through(stepped_libc, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_described_wait),
		cmocka_unit_test(test_libc_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
