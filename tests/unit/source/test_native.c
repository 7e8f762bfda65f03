/* SPDX-License-Identifier: MIT */
/* Real processes under the native source: each kind of wait, whole stacks, owners of
 * locks; processes that end, stop, or change users or programs while they are sampled. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "source_child.h"

/* Filled by the child. */
struct shared {
	int pipe[2];
	int file;
	pid_t tids[4];
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	pthread_t thread;
};

static struct shared *shared_new(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	assert_int_equal(pipe(shared->pipe), 0);
	pthread_mutex_init(&shared->mutex, NULL);
	pthread_rwlock_init(&shared->rwlock, NULL);
	shared->file = -1;
	return shared;
}

static void shared_free(struct shared *shared)
{
	close(shared->pipe[0]);
	close(shared->pipe[1]);
	if (shared->file >= 0)
		close(shared->file);
	munmap(shared, sizeof(*shared));
}

static pid_t tid_of(const pid_t *tid)
{
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (!__atomic_load_n(tid, __ATOMIC_ACQUIRE) && clock_mono_ns() < deadline_ns)
		usleep(1000);
	return *tid;
}

static void my_tid(pid_t *tid)
{
	__atomic_store_n(tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void in_read(void *arg)
{
	struct shared *shared = arg;
	char byte;

	while (read(shared->pipe[0], &byte, 1) != 0)
		;
}

static void in_write(void *arg)
{
	struct shared *shared = arg;
	char bytes[4096] = {0};

	while (write(shared->pipe[1], bytes, sizeof(bytes)) > 0)
		;
}

static void in_sleep(void *arg)
{
	(void)arg;
	for (;;)
		sleep(1000);
}

static void in_poll(void *arg)
{
	struct shared *shared = arg;
	struct pollfd fd = {.fd = shared->pipe[0], .events = POLLIN};

	poll(&fd, 1, 500000);
}

/* The kernel ignores such an entry: only the time ends it. */
static void in_poll_of_nothing(void *arg)
{
	struct pollfd fd = {.fd = -7, .events = POLLIN};

	(void)arg;
	poll(&fd, 1, 500000);
}

static void in_epoll(void *arg)
{
	struct epoll_event event;

	(void)arg;
	epoll_wait(epoll_create1(0), &event, 1, -1);
}

static void in_accept(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	listen(fd, 1);
	accept(fd, NULL, NULL);
}

static void in_signal_wait(void *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwaitinfo(&set, NULL);
}

static void in_wait_child(void *arg)
{
	pid_t parent = getpid(), pid = fork();

	(void)arg;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may be gone already. */
		if (getppid() == parent)
			pause();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void in_flock(void *arg)
{
	char path[32];
	const struct shared *shared = arg;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", shared->file);
	flock(open(path, O_RDWR), LOCK_EX);
}

static void in_loop(void *arg)
{
	(void)arg;
	for (volatile unsigned i = 0;; i++)
		;
}

static void kinds_of_waits(void **state)
{
	static const struct {
		void (*body)(void *arg);
		enum task_state state;
		const char *kind;
		const char *text; /* begins like this */
	} cases[] = {
		{in_read, STATE_IO_READ, "fd", "fd "},
		{in_write, STATE_IO_WRITE, "fd", "fd "},
		{in_sleep, STATE_SLEEP, "timer", ""},
		{in_poll, STATE_POLL, "fd", "fd "},
		{in_poll_of_nothing, STATE_POLL, "fd", "fd -7 "},
		{in_epoll, STATE_POLL, "fd", "epoll "},
		{in_accept, STATE_ACCEPT, "fd", "fd "},
		{in_signal_wait, STATE_SIGNAL_WAIT, "signal", "signal USR1"},
		{in_wait_child, STATE_WAIT_CHILD, "pid", "child "},
		{in_flock, STATE_FLOCK, "fd", "fd "},
		{in_loop, STATE_RUNNING, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shared *shared = shared_new();
		struct looker looker;
		pid_t pid;

		shared->file = memfd_create("lock", 0);
		assert_int_equal(flock(shared->file, LOCK_EX), 0);
		pid = child_start(cases[i].body, shared);
		assert_int_equal(looker_open(&looker, &source_native, pid), 0);
		const struct task *task = looker_wait(&looker, pid, cases[i].state);

		if (!task)
			fail_msg("case %zu: never %s", i,
				 state_info(cases[i].state)->name);
		assert_true(task->start_ns > 0 &&
			    task->start_ns <= looker.snapshot->mono_ns);
		if (cases[i].kind) {
			assert_non_null(task->waits.kind);
			assert_string_equal(task->waits.kind, cases[i].kind);
			assert_memory_equal(task->waits.text, cases[i].text,
					    strlen(cases[i].text));
			assert_true(task->waits.fd >= -1);
		} else {
			assert_null(task->waits.kind);
		}
		looker_close(&looker);
		child_stop(pid);
		shared_free(shared);
	}
}

static void names_of_descriptors(void **state)
{
	struct shared *shared = shared_new();
	pid_t pid = child_start(in_read, shared);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	const struct task *task = looker_wait(&looker, pid, STATE_IO_READ);

	assert_non_null(task);
	assert_int_equal(task->waits.fd, shared->pipe[0]);
	assert_non_null(strstr(task->waits.text, "pipe:["));
	looker_close(&looker);
	child_stop(pid);
	pid = child_start(in_accept, shared);
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	task = looker_wait(&looker, pid, STATE_ACCEPT);
	assert_non_null(task);
	assert_non_null(strstr(task->waits.text, "tcp 0.0.0.0:"));
	assert_non_null(strstr(task->waits.text, "listening"));
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

static void *lock_mutex(void *arg)
{
	struct shared *shared = arg;

	my_tid(&shared->tids[1]);
	pthread_mutex_lock(&shared->mutex);
	return NULL;
}

static void *join_thread(void *arg)
{
	struct shared *shared = arg;

	my_tid(&shared->tids[2]);
	pthread_join(shared->thread, NULL);
	return NULL;
}

static void *read_lock(void *arg)
{
	struct shared *shared = arg;

	my_tid(&shared->tids[3]);
	pthread_rwlock_rdlock(&shared->rwlock);
	return NULL;
}

static void with_locks(void *arg)
{
	struct shared *shared = arg;
	pthread_t thread;

	my_tid(&shared->tids[0]);
	pthread_mutex_lock(&shared->mutex);
	pthread_rwlock_wrlock(&shared->rwlock);
	pthread_create(&shared->thread, NULL, lock_mutex, shared);
	pthread_create(&thread, NULL, join_thread, shared);
	pthread_create(&thread, NULL, read_lock, shared);
	in_sleep(NULL);
}

static void owners(void **state)
{
	THREADS_ARE_COUNTED;
	struct shared *shared = shared_new();
	pid_t pid = child_start(with_locks, shared);
	struct looker looker;
	const struct task *task;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	task = looker_wait(&looker, tid_of(&shared->tids[1]), STATE_MUTEX);
	assert_non_null(task);
	assert_int_equal(task->waits.owner_tid, pid);
	assert_int_equal(task->waits.address, (uintptr_t)&shared->mutex);
	assert_string_equal(task->waits.kind, "mutex");
	task = looker_wait(&looker, tid_of(&shared->tids[2]), STATE_JOIN);
	assert_non_null(task);
	assert_int_equal(task->waits.owner_tid, shared->tids[1]);
	task = looker_wait(&looker, tid_of(&shared->tids[3]), STATE_RWLOCK_READ);
	assert_non_null(task);
	assert_int_equal(task->waits.owner_tid, pid);
	assert_int_equal(task->waits.address, (uintptr_t)&shared->rwlock);
	assert_int_equal(looker.snapshot->nr_tasks, 4);
	assert_int_equal(looker.snapshot->resources.threads, 4);
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

static void *wait_cond(void *arg)
{
	struct shared *shared = arg;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	my_tid(&shared->tids[1]);
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	return NULL;
}

static void *wait_semaphore(void *arg)
{
	struct shared *shared = arg;
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	my_tid(&shared->tids[2]);
	while (sem_wait(&semaphore) != 0)
		;
	return NULL;
}

static void *wait_barrier(void *arg)
{
	struct shared *shared = arg;
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	my_tid(&shared->tids[3]);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void with_futexes(void *arg)
{
	pthread_t thread;

	pthread_create(&thread, NULL, wait_cond, arg);
	pthread_create(&thread, NULL, wait_semaphore, arg);
	pthread_create(&thread, NULL, wait_barrier, arg);
	in_sleep(NULL);
}

/* It is unwound again with every sample, as when it is open, and waits on the same
 * object. */
static void keeps_address(struct looker *looker, pid_t tid)
{
	struct source_focus focus = {.kind = TASK_THREAD, .id = (uint64_t)tid};
	uint64_t address = looker_task(looker, tid)->waits.address;

	for (int look = 0; look < 3; look++) {
		assert_int_equal(looker_look(looker, &focus), 0);
		assert_int_equal(looker_task(looker, tid)->waits.address, address);
	}
}

/* The system call says futex; the functions on the stack say which. */
static void states_from_stacks(void **state)
{
	static const enum task_state states[] = {STATE_UNKNOWN, STATE_COND,
						 STATE_SEMAPHORE, STATE_BARRIER};
	struct shared *shared = shared_new();
	pid_t pid = child_start(with_futexes, shared);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	for (size_t i = 1; i < 4; i++) {
		const struct task *task =
			looker_wait(&looker, tid_of(&shared->tids[i]), states[i]);
		const char *name = state_info(states[i])->name;

		if (!task)
			fail_msg("never %s", name);
		assert_string_equal(task->raw, "futex");
		assert_string_equal(task->waits.kind, name);
		assert_memory_equal(task->waits.text, name, strlen(name));
		assert_true(task->waits.address > 0);
	}
	for (size_t i = 1; i < 4; i++)
		keeps_address(&looker, tid_of(&shared->tids[i]));
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

__attribute__((noinline)) static void source_test_deep(int depth, void *arg)
{
	volatile char room[64];

	room[0] = (char)depth;
	if (depth == 0)
		in_read(arg);
	else
		source_test_deep(depth - 1, arg);
	room[1] = room[0];
}

static void in_deep(void *arg)
{
	source_test_deep(20, arg);
}

static void whole_stacks(void **state)
{
	struct shared *shared = shared_new();
	pid_t pid = child_start(in_deep, shared);
	struct looker looker;
	struct source_focus focus = {.kind = TASK_THREAD, .id = (uint64_t)pid};

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, pid, STATE_IO_READ));
	assert_int_equal(looker_look(&looker, &focus), 0);
	const struct task *task = looker_task(&looker, pid);

	assert_non_null(task);
	assert_non_null(task->stack);
	assert_false(task->flags & TASK_SUSPECT);
	/* Innermost first, down to where the process began. */
	assert_true(stack_has(task->stack, "in_deep"));
	assert_true(stack_has(task->stack, "main"));
	assert_true(stack_has(task->stack, "_start"));
	assert_false(task->stack->truncated);
	size_t deep = 0;

	for (size_t i = 0; i < task->stack->nr_frames; i++)
		deep += task->stack->frames[i].function &&
			strcmp(task->stack->frames[i].function, "source_test_deep") == 0;
	assert_int_equal(deep, 21);
	assert_true(task->switches > 0);
	/* Nothing was stopped or traced. */
	char status[4096];
	char field[32];
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	status[fread(status, 1, sizeof(status) - 1, file)] = '\0';
	fclose(file);
	assert_non_null(strstr(status, "State:\tS"));
	assert_int_equal(sscanf(strstr(status, "TracerPid:"), "TracerPid: %31s", field),
			 1);
	assert_string_equal(field, "0");
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

static void stopped(void **state)
{
	pid_t pid = child_start(in_sleep, NULL);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, pid, STATE_SLEEP));
	kill(pid, SIGSTOP);
	assert_non_null(looker_wait(&looker, pid, STATE_STOPPED));
	kill(pid, SIGCONT);
	const struct task *task = NULL;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while ((!task || task->state == STATE_STOPPED) && clock_mono_ns() < deadline_ns) {
		assert_int_equal(looker_look(&looker, NULL), 0);
		task = looker_task(&looker, pid);
	}
	assert_int_not_equal(task->state, STATE_STOPPED);
	looker_close(&looker);
	child_stop(pid);
}

static void ends(void **state)
{
	pid_t pid = child_start(in_sleep, NULL);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, pid, STATE_SLEEP));
	kill(pid, SIGKILL);
	siginfo_t info;

	/* Dead but not reaped: gone as well. */
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	assert_int_equal(looker_look(&looker, NULL), ERR_GONE);
	waitpid(pid, NULL, 0);
	assert_int_equal(looker_look(&looker, NULL), ERR_GONE);
	looker_close(&looker);
	assert_int_equal(looker_open(&looker, &source_native, pid), ERR_NOTFOUND);
	assert_non_null(strstr(looker.e.text, "there is no process"));
	looker_close(&looker);
}

static void odd_name(void *arg)
{
	prctl(PR_SET_NAME, ") S 1\n(x");
	in_sleep(arg);
}

static void names(void **state)
{
	pid_t pid = child_start(odd_name, NULL);
	struct looker looker;
	const struct task *task;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	task = looker_wait(&looker, pid, STATE_SLEEP);
	assert_non_null(task);
	assert_string_equal(task->name, ") S 1\n(x");
	assert_string_equal(looker.snapshot->target.name, ") S 1\n(x");
	looker_close(&looker);
	child_stop(pid);
}

static void look_as_nobody(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	struct looker looker;

	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(10);
	if (looker_open(&looker, &source_native, pid) != 0)
		_exit(11);
	if (looker_look(&looker, NULL) != 0)
		_exit(12);
	const struct task *task = looker_task(&looker, pid);

	/* The thread is listed with its name, and one note says what to do. */
	if (!task || task->waits.kind || task->stack)
		_exit(13);
	if (looker.snapshot->nr_notes != 1 ||
	    !strstr(looker.snapshot->notes[0], "run grmon-c as that user"))
		_exit(14);
	_exit(0);
}

static void another_user(void **state)
{
	pid_t pid, observer;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = child_start(in_sleep, NULL);
	observer = child_start(look_as_nobody, &pid);
	waitpid(observer, &status, 0);
	child_stop(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void kernel_thread(void **state)
{
	struct looker looker;

	(void)state;
	/* In a pid namespace there may be none. */
	FILE *file = fopen("/proc/2/comm", "r");
	char comm[32] = "";

	if (file) {
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = '\0';
		fclose(file);
	}
	if (strcmp(comm, "kthreadd\n") != 0)
		skip();
	assert_int_equal(looker_open(&looker, &source_native, 2), ERR_UNSUPPORTED);
	assert_non_null(strstr(looker.e.text, "kernel"));
	looker_close(&looker);
}

static void *thread_exec(void *arg)
{
	struct shared *shared = arg;

	my_tid(&shared->tids[1]);
	execlp("sleep", "sleep", "1000", (char *)NULL);
	_exit(1);
}

static void in_exec(void *arg)
{
	struct shared *shared = arg;
	char byte;

	if (read(shared->pipe[0], &byte, 1) == 1)
		thread_exec(shared);
}

/* From 2.41 on glibc has one function for all its system calls, inside of nanosleep. */
static bool sleeps_in_libc(const struct stack *stack)
{
	for (size_t i = 0; i < stack->nr_frames && i < 2; i++)
		if (stack->frames[i].function &&
		    strstr(stack->frames[i].function, "nanosleep"))
			return true;
	return false;
}

static void executes(void **state)
{
	struct shared *shared = shared_new();
	pid_t pid = child_start(in_exec, shared);
	struct looker looker;

	(void)state;
	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	assert_non_null(looker_wait(&looker, pid, STATE_IO_READ));
	assert_int_equal(write(shared->pipe[1], "x", 1), 1);
	assert_non_null(looker_wait(&looker, pid, STATE_SLEEP));
	struct source_focus focus = {.kind = TASK_THREAD, .id = (uint64_t)pid};

	const struct task *task = NULL;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	/* Its stack is that of the new program, with the new program's symbols; its
	 * libraries may have been loaded after the first sample. */
	do {
		assert_int_equal(looker_look(&looker, &focus), 0);
		task = looker_task(&looker, pid);
	} while (!(task->stack && task->stack->frames[0].function) &&
		 clock_mono_ns() < deadline_ns);
	assert_string_equal(looker.snapshot->target.name, "sleep");
	assert_false(stack_has(task->stack, "in_exec"));
	assert_non_null(task->stack);
	assert_true(sleeps_in_libc(task->stack));
	looker_close(&looker);
	child_stop(pid);
	shared_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_waits), cmocka_unit_test(names_of_descriptors),
		cmocka_unit_test(owners),         cmocka_unit_test(states_from_stacks),
		cmocka_unit_test(whole_stacks),   cmocka_unit_test(stopped),
		cmocka_unit_test(ends),           cmocka_unit_test(names),
		cmocka_unit_test(another_user),   cmocka_unit_test(kernel_thread),
		cmocka_unit_test(executes),
	};

	return cmocka_run_group_tests_name("source: any process", tests, NULL, NULL);
}
