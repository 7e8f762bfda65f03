/* SPDX-License-Identifier: MIT */
/*
 * Children, however they are made, publish in a region of their own from their fourth
 * wait on, and never write to the parent's.
 */
#include "agent_region.h"

#include <linux/seccomp.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/time.h>

extern char **environ;

/* A child makes its region after this many waits in libc. */
#define FIRST_WAITS 4

static struct region parent;

static void wait_a_little(void)
{
	struct timespec pause = {0, 1000};

	nanosleep(&pause, NULL);
}

/* Returns the inode of the region that this process has open, or 0. */
static unsigned long own_inode(void)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned long inode = 0;

	while (fds && (entry = readdir(fds))) {
		char name[300], link[64] = "";
		struct stat about;

		snprintf(name, sizeof(name), "/proc/self/fd/%s", entry->d_name);
		if (readlink(name, link, sizeof(link) - 1) > 0 &&
		    strstr(link, "memfd:" WIRE_MEMFD " ") && stat(name, &about) == 0) {
			if (inode != 0)
				inode = ~0ul; /* two: the parent's was not closed */
			else
				inode = about.st_ino;
		}
	}
	if (fds)
		closedir(fds);
	return inode;
}

/* In a child that has waited: it has its own region and its own slot, and nothing
 * else. */
static int check_own_region(void)
{
	struct region region;
	struct wire_slot slot;
	int tid = (int)syscall(SYS_gettid);

	errno = 33;
	for (int i = 0; i < FIRST_WAITS; i++)
		wait_a_little();
	CHILD_CHECK(errno == 33);
	/* ThreadSanitizer makes a thread in fork(), before there can be a server. */
	CHILD_CHECK(
		strcmp(grmon_status(), "publishing") == 0 ||
		(SANITIZED_THREADS && strncmp(grmon_status(), "publishing", 10) == 0));
	CHILD_CHECK(region_by_proc(&region, getpid()));
	CHILD_CHECK(region_live(&region)->pid == getpid());
	CHILD_CHECK(region_thread(&region, tid, &slot) >= 0);
	CHILD_CHECK(slot.waits >= 1 && slot.counts[GRMON_SLEEP - 1] >= 1);
	CHILD_CHECK(slot.state == WIRE_STATE_RUNNING);
	CHILD_CHECK(region_count(&region, WIRE_THREAD) == 1);
	region_close(&region);
	return 0;
}

static int child_of_fork(void *inode)
{
	struct region region;

	/* The first waits make nothing. */
	wait_a_little();
	CHILD_CHECK(own_inode() == *(unsigned long *)inode || SANITIZED_THREADS);
	CHILD_CHECK(!region_by_anchor(&region) || SANITIZED_THREADS);
	if (check_own_region() != 0)
		return 1;
	/* Its region is anonymous, and the parent's descriptor is closed. */
	CHILD_CHECK(own_inode() == 0 || SANITIZED_THREADS);
	return 0;
}

static void test_fork(void **state)
{
	unsigned long inode = own_inode();
	uint64_t begun = region_live(&parent)->tasks_begun;

	(void)state;
	assert_true((inode != 0 && inode != ~0ul) || SANITIZED_THREADS);
	assert_int_equal(in_child(child_of_fork, &inode), 0);
	assert_int_equal(region_live(&parent)->tasks_begun, begun);
	assert_int_equal(region_count(&parent, WIRE_THREAD), 1);
	assert_true(own_inode() == inode || SANITIZED_THREADS);
}

static void *nothing(void *argument)
{
	return argument;
}

/* A daemon that is linked with the agent has its server before its first thread. */
static int child_serves(void *unused)
{
	pthread_t thread;

	(void)unused;
	CHILD_CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0);
	pthread_join(thread, NULL);
	CHILD_CHECK(strcmp(grmon_status(), "publishing") == 0);
	/* Asking whether there are filters does not install one. */
	CHILD_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != 0);
	CHILD_CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) != 0);
	CHILD_CHECK(server_tid(getpid()) > 0);
	/* It ends in exit(), where the socket's file is removed. */
	exit(0);
}

static void test_server_of_a_child(void **state)
{
	(void)state;
	if (SANITIZED_THREADS)
		skip();
	assert_int_equal(in_child(child_serves, NULL), 0);
}

static int grandchild(void *unused)
{
	(void)unused;
	return check_own_region();
}

static int child_of_child(void *unused)
{
	return in_child(grandchild, unused) | check_own_region();
}

static void test_fork_of_a_fork(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_of_child, NULL), 0);
}

/* libc's fork handlers do not run for these. */
static void test_raw_fork_and_clone(void **state)
{
	uint64_t begun = region_live(&parent)->tasks_begun;

	(void)state;
	if (SANITIZED)
		skip();
	for (int i = 0; i < 2; i++) {
#ifdef SYS_fork
		long pid =
			i ? syscall(SYS_fork) : syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#else
		long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif
		if (pid == 0)
			_exit(check_own_region());
		assert_int_equal(child_status((pid_t)pid), 0);
	}
	assert_int_equal(region_live(&parent)->tasks_begun, begun);
}

static void test_vfork(void **state)
{
	uint64_t begun = region_live(&parent)->tasks_begun;
	char self[] = "/proc/self/exe", mode[] = "exec";
	char *arguments[] = {self, mode, NULL};
	int status = -1;

	(void)state;
	pid_t pid = vfork();

	if (pid == 0) {
		wait_a_little();
		execv(self, arguments);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* The child shares our memory: no region was made, and none was lost. */
	assert_int_equal(region_live(&parent)->tasks_begun, begun);
	assert_int_equal(posix_spawn(&pid, self, NULL, NULL, arguments, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int mode_chain(const char *left)
{
	char self[] = "/proc/self/exe", mode[] = "chain", next[16];

	wait_a_little();
	if (atoi(left) == 0)
		return check_own_region();
	snprintf(next, sizeof(next), "%d", atoi(left) - 1);
	execl(self, self, mode, next, (char *)NULL);
	return 127;
}

static void test_exec_chain(void **state)
{
	(void)state;
	assert_int_equal(child_status(spawn_mode("chain", "8")), 0);
}

static int stop_publishers;

static void *publisher_main(void *semaphore)
{
	while (!__atomic_load_n(&stop_publishers, __ATOMIC_RELAXED)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec = (until.tv_nsec + 20000) % 1000000000;
		sem_timedwait(semaphore, &until);
	}
	return NULL;
}

static int child_with_a_thread(void *unused)
{
	struct region region;
	pthread_t thread;

	(void)unused;
	wait_a_little();
	CHILD_CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0);
	CHILD_CHECK(pthread_join(thread, NULL) == 0);
	CHILD_CHECK(region_by_proc(&region, getpid()));
	CHILD_CHECK(region_live(&region)->pid == getpid());
	CHILD_CHECK(region_live(&region)->tasks_begun == 2);
	return 0;
}

static void test_fork_while_others_publish(void **state)
{
	pthread_t threads[3];
	sem_t semaphore;
	int failed = 0;

	(void)state;
	if (SANITIZED)
		skip(); /* their runtimes do not support threads in such a child */
	sem_init(&semaphore, 0, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, publisher_main, &semaphore);
	for (int i = 0; i < 60; i++)
		failed += in_child(child_with_a_thread, NULL) != 0;
	__atomic_store_n(&stop_publishers, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(failed, 0);
	assert_true(UNTIL(region_count(&parent, WIRE_THREAD) == 1));
}

static pid_t handler_child = -1;

static void fork_in_handler(int signal_number)
{
	(void)signal_number;
	handler_child = fork();
}

/* The child returns from the handler into the parent's blocked, published read(). */
static void test_fork_inside_a_blocked_call(void **state)
{
	struct sigaction action = {.sa_handler = fork_in_handler};
	struct wire_slot slot;
	struct itimerval soon = {.it_value = {0, 20000}};
	int fds[2], status = -1;
	char byte;

	(void)state;
	if (SANITIZED_THREADS)
		skip();
	sigaction(SIGALRM, &action, NULL);
	assert_int_equal(pipe(fds), 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	ssize_t n = read(fds[0], &byte, 1);

	if (handler_child == 0)
		_exit(n == -1 && errno == EINTR ? check_own_region() : 1);
	assert_int_equal(n, -1);
	assert_true(handler_child > 0);
	assert_int_equal(waitpid(handler_child, &status, 0), handler_child);
	assert_int_equal(status, 0);
	assert_true(region_thread(&parent, getpid(), &slot) >= 0);
	assert_int_equal(slot.state, WIRE_STATE_RUNNING);
	close(fds[0]);
	close(fds[1]);
}

static int child_with_old_handles(void *argument)
{
	struct grmon_wait mark;

	/* The task and the wait belong to the parent's region. */
	grmon_task_switch(argument);
	CHILD_CHECK(grmon_wait_begin(&mark, GRMON_COND, NULL, NULL) == GRMON_OK);
	grmon_task_end(argument);
	grmon_wait_end(&mark);
	return check_own_region();
}

static void test_handles_from_before(void **state)
{
	struct grmon_wait mark;
	struct grmon_task *task = grmon_task_begin("old");

	(void)state;
	grmon_wait_begin(&mark, GRMON_BARRIER, NULL, "outer");
	assert_int_equal(in_child(child_with_old_handles, task), 0);
	struct wire_slot slot;

	assert_true(region_thread(&parent, getpid(), &slot) >= 0);
	assert_int_equal(slot.state, GRMON_BARRIER);
	assert_string_equal(slot.what, "outer");
	assert_int_equal(region_count(&parent, WIRE_COROUTINE), 1);
	grmon_wait_end(&mark);
	grmon_task_end(task);
}

static int child_is_silent(void *unused)
{
	struct region region;

	(void)unused;
	for (int i = 0; i < FIRST_WAITS; i++)
		wait_a_little();
	CHILD_CHECK(strstr(grmon_status(), "GRMON_CHILDREN=0"));
	CHILD_CHECK(!region_by_proc(&region, getpid()) ||
		    region_live(&region)->pid != getpid());
	return 0;
}

static int mode_no_children(const char *step)
{
	char self[] = "/proc/self/exe", mode[] = "alone";

	/* exec alone does not make a child: the same process still publishes. */
	if (!step)
		execl(self, self, mode, "again", (char *)NULL);
	if (check_own_region() != 0 || in_child(child_is_silent, NULL) != 0)
		return 1;
	return child_status(spawn_mode("silent", NULL));
}

static void test_children_zero(void **state)
{
	(void)state;
	setenv("GRMON_CHILDREN", "0", 1);
	pid_t pid = spawn_mode("alone", NULL);

	unsetenv("GRMON_CHILDREN");
	assert_int_equal(child_status(pid), 0);
}

static int child_of_a_stopped_agent(void *unused)
{
	struct grmon_wait mark;

	(void)unused;
	CHILD_CHECK(grmon_wait_begin(&mark, GRMON_COND, NULL, NULL) == GRMON_ENOSLOT);
	grmon_wait_end(&mark);
	CHILD_CHECK(strcmp(grmon_status(), "stopped by grmon_stop()") == 0);
	return 0;
}

static int stops_then_forks(void *unused)
{
	grmon_stop();
	return child_of_a_stopped_agent(unused) |
	       in_child(child_of_a_stopped_agent, NULL);
}

static void test_stop_holds_in_children(void **state)
{
	(void)state;
	assert_int_equal(in_child(stops_then_forks, NULL), 0);
	assert_string_equal(grmon_status(), "publishing");
}

static int setup(void **state)
{
	(void)state;
	return region_by_proc(&parent, getpid()) ? 0 : -1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_server_of_a_child),
		cmocka_unit_test(test_fork_of_a_fork),
		cmocka_unit_test(test_raw_fork_and_clone),
		cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_exec_chain),
		cmocka_unit_test(test_fork_inside_a_blocked_call),
		cmocka_unit_test(test_handles_from_before),
		cmocka_unit_test(test_children_zero),
		cmocka_unit_test(test_stop_holds_in_children),
		cmocka_unit_test(test_fork_while_others_publish),
	};

	if (argc > 1 && strcmp(argv[1], "exec") == 0)
		return check_own_region();
	if (argc > 1 && strcmp(argv[1], "chain") == 0)
		return mode_chain(argv[2]);
	if (argc > 1 && strcmp(argv[1], "alone") == 0)
		return mode_no_children(argc > 2 ? argv[2] : NULL);
	if (argc > 1 && strcmp(argv[1], "silent") == 0)
		return child_is_silent(NULL);
	return cmocka_run_group_tests(tests, setup, NULL);
}
