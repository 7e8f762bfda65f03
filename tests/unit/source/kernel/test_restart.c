/* SPDX-License-Identifier: MIT */
/* After a stop interrupts a timed wait, the kernel continues with restart_syscall, and
 * the wait is shown as before. Also tests when waits end. */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "unit.h"

#include "source/kernel/call.h"

#include "source_child.h"

#define LONG_S 3000

enum wait {
	WAIT_COND,
	WAIT_SEMAPHORE,
	WAIT_MUTEX,
	WAIT_FUTEX,
	WAIT_POLL,
	WAIT_POLL_NONE,
	WAIT_SLEEP,
	WAIT_SLEEP_REST,
	WAIT_CLOCK,
	WAIT_COUNT
};

/* Filled by the child. */
static struct shared {
	pid_t tids[WAIT_COUNT];
	pid_t main;
	int pipe[2];
	pthread_mutex_t held, mutex;
	pthread_cond_t cond;
	sem_t semaphore;
	uint32_t word;
} * shared;

static struct timespec long_from_now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += LONG_S;
	return at;
}

static void wait_in(enum wait which)
{
	struct timespec pause = {LONG_S, 0}, rest, at = long_from_now();
	struct pollfd fd = {shared->pipe[0], POLLIN, 0};

	switch (which) {
	case WAIT_COND:
		pthread_mutex_lock(&shared->mutex);
		pthread_cond_timedwait(&shared->cond, &shared->mutex, &at);
		break;
	case WAIT_SEMAPHORE:
		sem_timedwait(&shared->semaphore, &at);
		break;
	case WAIT_MUTEX:
		pthread_mutex_timedlock(&shared->held, &at);
		break;
	case WAIT_FUTEX:
		syscall(SYS_futex, &shared->word, 0, 0, &pause, NULL, 0);
		break;
	case WAIT_POLL:
		poll(&fd, 1, LONG_S * 1000);
		break;
	case WAIT_POLL_NONE:
		poll(NULL, 0, LONG_S * 1000);
		break;
	case WAIT_SLEEP:
		syscall(SYS_nanosleep, &pause, NULL);
		break;
	case WAIT_SLEEP_REST:
		syscall(SYS_nanosleep, &pause, &rest);
		break;
	default:
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause);
	}
}

static void *wait_thread(void *arg)
{
	enum wait which = (enum wait)(uintptr_t)arg;

	shared->tids[which] = gettid();
	wait_in(which);
	pause();
	return NULL;
}

static void in_timed_waits(void *arg)
{
	pthread_t thread;

	(void)arg;
	shared->main = getpid();
	pthread_mutex_init(&shared->held, NULL);
	pthread_mutex_init(&shared->mutex, NULL);
	pthread_cond_init(&shared->cond, NULL);
	sem_init(&shared->semaphore, 0, 0);
	pthread_mutex_lock(&shared->held);
	for (uintptr_t i = 0; i < WAIT_COUNT; i++)
		pthread_create(&thread, NULL, wait_thread, (void *)i);
	for (;;)
		pause();
}

/* The text of a wait, without its age. */
struct saying {
	enum task_state state;
	uint64_t address;
	int64_t since_ns;
	int fd;
	char kind[16], raw[32], text[160];
};

static struct saying say(const struct task *task)
{
	struct saying said = {
		.state = task->state,
		.address = task->waits.address,
		.since_ns = task->since_ns,
		.fd = task->waits.fd,
	};

	snprintf(said.kind, sizeof(said.kind), "%s",
		 task->waits.kind ? task->waits.kind : "");
	snprintf(said.raw, sizeof(said.raw), "%s", task->raw ? task->raw : "");
	snprintf(said.text, sizeof(said.text), "%s",
		 task->waits.text ? task->waits.text : "");
	return said;
}

static bool all_wait(struct looker *looker)
{
	struct source_focus all = {.all = true};

	assert_int_equal(looker_look(looker, &all), 0);
	for (int i = 0; i < WAIT_COUNT; i++) {
		const struct task *task = looker_task(looker, shared->tids[i]);

		if (!task || !task->raw || strcmp(task->raw, "pause") == 0 ||
		    strcmp(task->raw, "rt_sigsuspend") == 0 ||
		    task->state == STATE_RUNNING || task->state == STATE_STOPPED)
			return false;
	}
	return true;
}

static bool is_restarted(pid_t pid, pid_t tid)
{
	char path[64], text[256];
	struct proc_call call;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
	FILE *file = fopen(path, "r");
	bool read = file && fgets(text, sizeof(text), file);

	if (file)
		fclose(file);
	return read && proc_parse_call(text, &call) && !call.running &&
	       call.nr == SYS_restart_syscall;
}

static void await(struct looker *looker, pid_t pid, bool restarted)
{
	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	bool there = false;

	while (!there && clock_mono_ns() < limit_ns) {
		there = true;
		for (int i = 0; i < WAIT_COUNT && there; i++)
			there = shared->tids[i] != 0 &&
				(!restarted || is_restarted(pid, shared->tids[i]));
		there = there && all_wait(looker);
		usleep(5000);
	}
	assert_true(there);
}

static void stop_for_a_moment(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGSTOP);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	kill(pid, SIGCONT);
}

static void assert_same(const struct saying *was, const struct saying *is)
{
	assert_int_equal(is->state, was->state);
	assert_int_equal(is->address, was->address);
	assert_int_equal(is->fd, was->fd);
	assert_string_equal(is->kind, was->kind);
	assert_string_equal(is->raw, was->raw);
}

static void a_wait_outlives_a_stop(void **state)
{
	struct saying was[WAIT_COUNT], is;
	struct looker looker, second;
	pid_t pid;

	(void)state;
	/* Under TSan a thread waits in the runtime's code, not in the program's call. */
	if (SANITIZED_THREADS)
		skip();
	assert_int_equal(pipe(shared->pipe), 0);
	pid = child_start(in_timed_waits, NULL);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	await(&looker, pid, false);
	for (int i = 0; i < WAIT_COUNT; i++)
		was[i] = say(looker_task(&looker, shared->tids[i]));
	assert_int_equal(was[WAIT_FUTEX].state, STATE_FUTEX);
	assert_int_equal(was[WAIT_MUTEX].state, STATE_MUTEX);
	assert_int_equal(was[WAIT_POLL].state, STATE_POLL);
	assert_int_equal(was[WAIT_SLEEP].state, STATE_SLEEP);
	stop_for_a_moment(pid);
	await(&looker, pid, true);
	/* For a client that watched all the time, the waits continue as if nothing had
	 * happened. */
	for (int i = 0; i < WAIT_COUNT; i++) {
		is = say(looker_task(&looker, shared->tids[i]));
		assert_same(&was[i], &is);
		if (was[i].since_ns && is.since_ns != was[i].since_ns)
			fail_msg("%d: since %lld, not %lld", i, (long long)is.since_ns,
				 (long long)was[i].since_ns);
	}
	/* The same for a client that starts after the stop. */
	assert_int_equal(looker_open(&second, &source_native, pid), 0);
	await(&second, pid, true);
	for (int i = 0; i < WAIT_COUNT; i++) {
		is = say(looker_task(&second, shared->tids[i]));
		assert_same(&was[i], &is);
	}
	is = say(looker_task(&second, shared->tids[WAIT_POLL]));
	assert_contains(is.text, "pipe:[");
	assert_contains(is.text, "50m00s at most");
	is = say(looker_task(&second, shared->tids[WAIT_FUTEX]));
	assert_contains(is.text, "50m00s at most");
	is = say(looker_task(&second, shared->tids[WAIT_SLEEP]));
	assert_string_equal(is.text, "50m00s");
	if (is.since_ns) {
		is = say(looker_task(&second, shared->tids[WAIT_CLOCK]));
		assert_contains(is.text, "until ");
		is = say(looker_task(&second, shared->tids[WAIT_COND]));
		assert_contains(is.text, "until ");
	}
	looker_close(&second);
	looker_close(&looker);
	child_stop(pid);
}

static const char *limit_of(struct kernel_wait wait)
{
	static char text[KERNEL_TEXT_MAX];

	return kernel_limit_text(&wait, text);
}

/* A timeout that the kernel or a clock has shortened a little is shown as it was set. */
static void limits_are_round(void **state)
{
	struct kernel_wait wait = {.began_ns = 1000 * SECOND};

	(void)state;
	wait.end_ns = wait.began_ns + 3000 * SECOND - 40000000;
	assert_string_equal(limit_of(wait), "50m00s at most");
	wait.end_ns = wait.began_ns + 60 * SECOND - 400000000;
	assert_string_equal(limit_of(wait), "1m00s at most");
	wait.end_ns = wait.began_ns + 5 * SECOND - 30000000;
	assert_string_equal(limit_of(wait), "5.0s at most");
	wait.end_ns = wait.began_ns + SECOND - 3000000;
	assert_string_equal(limit_of(wait), "1.0s at most");
	wait.end_ns = wait.began_ns + 20100000;
	assert_string_equal(limit_of(wait), "20ms at most");
	/* The wait ended before it began, so nothing is known about it. */
	wait.end_ns = wait.began_ns;
	assert_string_equal(limit_of(wait), "");
}

/* A target may write any value there. */
static void no_time_overflows(void **state)
{
	static const int64_t hostile[] = {INT64_MIN,
					  -1,
					  0,
					  1,
					  999999999,
					  1000000000,
					  INT32_MAX,
					  4000000000ll,
					  4000000001ll,
					  INT64_MAX / 1000000000,
					  INT64_MAX};
	static const int ops[] = {0, 9, 6, 13, 128, 137, 393, 265};
	struct proc_call call = {0};
	struct kernel kernel;
	int64_t pair[2];

	(void)state;
	assert_int_equal(kernel_open(&kernel, getpid(), NULL), 0);
	for (size_t i = 0; i < COUNT(hostile); i++) {
		for (size_t n = 0; n < COUNT(hostile); n++) {
			pair[0] = hostile[i];
			pair[1] = hostile[n];
			for (size_t c = 0; c < 6 * COUNT(ops); c++) {
				struct kernel_wait wait;

				kernel_wait_none(&wait, STATE_FUTEX);
				wait.restarted = c & 1;
				for (int a = 0; a < 6; a++)
					call.args[a] = (uint64_t)(uintptr_t)pair;
				call.args[1] = (uint64_t)ops[c % COUNT(ops)];
				kernel_explain_limit(&kernel, &call,
						     (enum call_time)(TIME_SPEC + c % 6),
						     3, c % 3 == 0, &wait);
				wait.began_ns = clock_mono_ns();
				wait.ran_ns = wait.began_ns;
				(void)limit_of(wait);
			}
		}
	}
	kernel_close(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_outlives_a_stop),
		cmocka_unit_test(limits_are_round),
		cmocka_unit_test(no_time_overflows),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
