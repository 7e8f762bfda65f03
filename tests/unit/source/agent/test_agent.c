/* SPDX-License-Identifier: MIT */
/* Real programs with the real agent inside, and processes that only seem to have one: how
 * it is found, what is shown, and what is not believed. */
#include <fcntl.h>
#include <libgen.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cmocka.h>

#include "source/agent/private.h"

#include "source_child.h"

static void in_pause(void *arg)
{
	(void)arg;
	pause();
}

struct program {
	pid_t pid;
	int input;
	FILE *output;
};

/* BUILD, or the folder that this test is in: BUILD/tests/unit/source/agent/test_agent.t. */
static const char *build_folder(void)
{
	static char path[4096];
	const char *build = getenv("BUILD");

	if (build && build[0])
		return build;
	ssize_t got = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[got > 0 ? got : 0] = '\0';
	return dirname(dirname(dirname(dirname(dirname(path)))));
}

static void program_start(struct program *program, const char *name, const char *arg,
			  char *line, size_t size)
{
	char path[5000];
	char library[5000];
	int input[2], output[2];

	snprintf(path, sizeof(path), "%s/tests/targets/%s", build_folder(), name);
	snprintf(library, sizeof(library), "%s/libgrmon.so", build_folder());
	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	program->pid = fork();
	if (program->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input[0], 0);
		dup2(output[1], 1);
		setenv("LD_PRELOAD", library, 1);
		execl(path, path, arg, (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	program->input = input[1];
	program->output = fdopen(output[0], "r");
	assert_non_null(program->output);
	if (!fgets(line, (int)size, program->output))
		fail_msg("%s did not start", path);
}

static void program_stop(struct program *program)
{
	kill(program->pid, SIGCONT);
	child_stop(program->pid);
	close(program->input);
	fclose(program->output);
}

static size_t count_state(const struct looker *looker, enum task_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < looker->snapshot->nr_tasks; i++)
		count += looker->snapshot->tasks[i].state == state;
	return count;
}

static size_t without_stack(const struct looker *looker)
{
	size_t count = 0;

	for (size_t i = 0; i < looker->snapshot->nr_tasks; i++)
		count += !looker->snapshot->tasks[i].stack;
	return count;
}

static size_t without_creator(const struct looker *looker, pid_t first)
{
	size_t count = 0;

	for (size_t i = 0; i < looker->snapshot->nr_tasks; i++)
		count += looker->snapshot->tasks[i].tid != first &&
			 looker->snapshot->tasks[i].creator_id == 0;
	return count;
}

static const struct source_ops *choose(const char *name, pid_t pid, struct err *e)
{
	struct source_target target = {.pid = pid, .text = "test"};

	err_clear(e);
	return source_choose(name, &target, e);
}

/* With _FORTIFY_SOURCE, read() is a function that is inlined there. */
static bool waits_in_own(const struct stack *stack)
{
	size_t at = strcmp(stack->frames[0].function, "read") == 0;

	return at < stack->nr_frames &&
	       strncmp(stack->frames[at].function, "wait_", 5) == 0;
}

static void rows(void **state)
{
	struct program program;
	struct looker looker;
	struct err e;
	char line[64];

	(void)state;
	program_start(&program, "many_threads", "40", line, sizeof(line));
	assert_ptr_equal(choose("auto", program.pid, &e), &source_agent);
	assert_int_equal(looker_open(&looker, &source_agent, program.pid), 0);
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	do {
		usleep(5000);
		assert_int_equal(looker_look(&looker, NULL), 0);
	} while ((count_state(&looker, STATE_MUTEX) != 10 || without_stack(&looker) ||
		  without_creator(&looker, program.pid)) &&
		 clock_mono_ns() < deadline_ns);
	/* The agent's own thread is not among them. */
	assert_int_equal(looker.snapshot->nr_tasks, 41);
	assert_int_equal(count_state(&looker, STATE_MUTEX), 10);
	assert_int_equal(count_state(&looker, STATE_COND), 10);
	assert_int_equal(count_state(&looker, STATE_SLEEP), 10);
	assert_int_equal(count_state(&looker, STATE_IO_READ), 11);
	assert_string_equal(looker.snapshot->target.sources, "agent");
	for (size_t i = 0; i < looker.snapshot->nr_tasks; i++) {
		const struct task *task = &looker.snapshot->tasks[i];

		assert_true(task->flags & TASK_AGE_EXACT);
		assert_true(task->since_ns > 0 &&
			    task->since_ns <= looker.snapshot->mono_ns);
		assert_false(task->flags & TASK_STALE);
		assert_string_equal(task->name, "many_threads");
		assert_non_null(task->stack);
		if (task->tid == program.pid)
			continue;
		assert_int_equal(task->creator_id, program.pid);
		assert_true(stack_has(task->created_by, "main"));
		assert_true(stack_has(task->created_by, "_start"));
		assert_false(task->created_by->truncated);
		assert_true(waits_in_own(task->stack));
		if (task->state != STATE_MUTEX)
			continue;
		assert_int_equal(task->waits.owner_tid, program.pid);
		assert_true(task->waits.address > 0);
	}
	/* The whole stack of one of them, and its counters. */
	const struct task *task = &looker.snapshot->tasks[1];
	struct source_focus focus = {.kind = TASK_THREAD, .id = task->id};

	assert_null(task_more(task)->state_counts);
	assert_int_equal(looker_look(&looker, &focus), 0);
	task = looker_task(&looker, (pid_t)focus.id);
	assert_true(stack_has(task->stack, "start_thread") || !task->stack->truncated);
	assert_true(task->stack->nr_frames > 1);
	assert_int_equal(task_more(task)->state_counts[task->state], 1);
	looker_close(&looker);
	program_stop(&program);
}

static void frozen(void **state)
{
	struct program program;
	struct looker looker;
	char line[64];

	(void)state;
	program_start(&program, "many_threads", "8", line, sizeof(line));
	kill(program.pid, SIGSTOP);
	assert_int_equal(looker_open(&looker, &source_native, program.pid), 0);
	assert_non_null(looker_wait(&looker, program.pid, STATE_STOPPED));
	looker_close(&looker);
	int64_t begin_ns = clock_mono_ns();

	assert_int_equal(looker_open(&looker, &source_agent, program.pid), 0);
	assert_true(clock_mono_ns() - begin_ns < 5 * CLOCK_SECOND_NS);
	assert_int_equal(looker_look(&looker, NULL), 0);
	assert_int_equal(looker.snapshot->nr_tasks, 9);
	assert_int_equal(looker.snapshot->nr_notes, 1);
	assert_non_null(strstr(looker.snapshot->notes[0], "is stopped"));
	assert_int_equal(count_state(&looker, STATE_COND), 2);
	struct agent *agent = looker.ctx;

	assert_int_not_equal(agent->region.way, REGION_SOCKET);
	looker_close(&looker);
	program_stop(&program);
}

static void by_socket(void **state)
{
	struct program program;
	struct kernel kernel;
	struct region region;
	struct err e;
	char line[64];
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	(void)state;
	char directory[] = "/tmp/grmon-test-XXXXXX";

	assert_non_null(mkdtemp(directory));
	setenv("GRMON_SOCKET_DIR", directory, 1);
	setenv("GRMON_SOCKET", "1", 1);
	program_start(&program, "many_threads", "4", line, sizeof(line));
	err_clear(&e);
	assert_int_equal(kernel_open(&kernel, program.pid, &e), 0);
	/* The server may come up a little later than the threads. */
	do {
		assert_int_equal(region_attach(&region, &kernel, false, &e), 0);
		if (region.way == REGION_SOCKET)
			break;
		region_release(&region);
		usleep(10000);
	} while (clock_mono_ns() < deadline_ns);
	assert_int_equal(region.way, REGION_SOCKET);
	assert_non_null(region.map);
	region_release(&region);
	/* Without the socket. */
	assert_int_equal(region_attach(&region, &kernel, true, &e), 0);
	assert_int_not_equal(region.way, REGION_SOCKET);
	region_release(&region);
	kernel_close(&kernel);
	unsetenv("GRMON_SOCKET_DIR");
	unsetenv("GRMON_SOCKET");
	program_stop(&program);
	char path[128];

	snprintf(path, sizeof(path), "%s/%d.sock", directory, (int)program.pid);
	unlink(path);
	rmdir(directory);
}

static void odd_threads(void **state)
{
	struct program program;
	struct looker looker;
	char line[64];
	int jumper, leaver;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	(void)state;
	program_start(&program, "src_odd_threads", NULL, line, sizeof(line));
	assert_int_equal(sscanf(line, "%d %d", &jumper, &leaver), 2);
	assert_int_equal(looker_open(&looker, &source_agent, program.pid), 0);
	/* Its slot says running; the kernel knows better. */
	const struct task *task = looker_wait(&looker, program.pid, STATE_IO_READ);

	assert_non_null(task);
	assert_false(task->flags & TASK_STALE);
	assert_string_equal(task->raw, "read");
	/* Its slot says io-read; it runs. */
	task = looker_wait(&looker, jumper, STATE_RUNNING);
	assert_non_null(task);
	assert_true(task->flags & TASK_STALE);
	/* A thread that ends without a word goes away. */
	assert_non_null(looker_task(&looker, leaver));
	assert_int_equal(write(program.input, "x\n", 2), 2);
	while (looker_task(&looker, leaver) && clock_mono_ns() < deadline_ns) {
		usleep(5000);
		assert_int_equal(looker_look(&looker, NULL), 0);
	}
	assert_null(looker_task(&looker, leaver));
	assert_non_null(looker_task(&looker, program.pid));
	looker_close(&looker);
	program_stop(&program);
}

static void none(void **state)
{
	pid_t pid = child_start(in_pause, NULL);
	struct err e;

	(void)state;
	assert_ptr_equal(choose("auto", pid, &e), &source_native);
	assert_int_equal(e.code, 0);
	assert_null(choose("agent", pid, &e));
	assert_non_null(strstr(e.text, "has no agent"));
	assert_null(choose("nonsense", pid, &e));
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.text, "auto, goruntime, agent, "));
	child_stop(pid);
	assert_null(choose("auto", pid, &e));
	assert_non_null(strstr(e.text, "there is no process"));
}

/* A region as an agent would make it, except for the header's pid and version. */
struct fake {
	uint32_t version;
	int32_t pid; /* 0: its own */
	bool mapped; /* and the descriptor closed */
};

static void have_region(void *arg)
{
	const struct fake *fake = arg;
	struct wire_header layout;
	int fd = memfd_create(WIRE_MEMFD, MFD_ALLOW_SEALING);

	wire_layout(&layout, 16, 16, 16);
	layout.pid = fake->pid ? fake->pid : getpid();
	layout.version = fake->version;
	if (ftruncate(fd, (off_t)layout.region_bytes) != 0 ||
	    write(fd, &layout, sizeof(layout)) != (ssize_t)sizeof(layout))
		_exit(1);
	if (fake->mapped) {
		mmap(NULL, layout.region_bytes, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	prctl(PR_SET_NAME, "fake");
	pause();
}

static pid_t fake_start(struct fake *fake)
{
	pid_t pid = child_start(have_region, fake);
	struct looker looker;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	assert_int_equal(looker_open(&looker, &source_native, pid), 0);
	do
		assert_int_equal(looker_look(&looker, NULL), 0);
	while (strcmp(looker.snapshot->target.name, "fake") != 0 &&
	       clock_mono_ns() < deadline_ns);
	looker_close(&looker);
	return pid;
}

static void another_version(void **state)
{
	struct fake fakes[] = {{.version = 99}, {.version = 99, .mapped = true}};
	struct looker looker;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = fake_start(&fakes[i]);

		assert_null(choose("agent", pid, &e));
		assert_non_null(strstr(e.text, "protocol version 99"));
		assert_non_null(strstr(e.text, "version 1;"));
		/* It can be watched all the same, and the reason is kept. */
		assert_ptr_equal(choose("auto", pid, &e), &source_native);
		assert_int_equal(looker_open(&looker, &source_native, pid), 0);
		assert_int_equal(looker_look(&looker, NULL), 0);
		assert_int_equal(looker.snapshot->nr_notes, 1);
		assert_non_null(strstr(looker.snapshot->notes[0], "protocol version 99"));
		looker_close(&looker);
		child_stop(pid);
	}
}

static void parents_region(void **state)
{
	struct fake fakes[] = {{.version = WIRE_VERSION, .pid = getpid()},
			       {.version = WIRE_VERSION, .pid = getpid(), .mapped = true},
			       {.version = WIRE_VERSION},
			       {.version = WIRE_VERSION, .mapped = true}};
	struct err e;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		pid_t pid = fake_start(&fakes[i]);

		/* Only its own region counts, whichever way it is found. */
		if (fakes[i].pid)
			assert_null(choose("agent", pid, &e));
		else
			assert_ptr_equal(choose("agent", pid, &e), &source_agent);
		child_stop(pid);
	}
}

/* What a thread does, and what the slot of the process says. */
struct slot_says {
	bool reads; /* a pipe, otherwise it sleeps on a futex */
	uint32_t state;
	uint64_t since_ns, start_ns;
	uint64_t object;
};

static void have_slot(void *arg)
{
	const struct slot_says *says = arg;
	struct wire_header layout;
	int fd = memfd_create(WIRE_MEMFD, MFD_ALLOW_SEALING), pipes[2];
	struct wire_slot slot = {
		.seq = 2,
		.state = says->state,
		.since_ns = says->since_ns,
		.object = says->object,
		.fd = -1,
		.serial = 1,
		.start_ns = says->start_ns,
		.kind = WIRE_THREAD,
		.tid = getpid(),
	};
	uint32_t word = 0;

	wire_layout(&layout, 16, 16, 16);
	layout.pid = getpid();
	layout.nr_slots_used = 1;
	if (pipe(pipes) != 0 || ftruncate(fd, (off_t)layout.region_bytes) != 0 ||
	    pwrite(fd, &slot, sizeof(slot), (off_t)layout.slots_offset) !=
		    (ssize_t)sizeof(slot) ||
	    pwrite(fd, &layout, sizeof(layout), 0) != (ssize_t)sizeof(layout))
		_exit(1);
	prctl(PR_SET_NAME, "fake");
	if (says->reads)
		(void)!read(pipes[0], &word, 1);
	for (;;)
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* Starts a process and waits until it has its slot. */
static pid_t slot_open(struct looker *looker, const struct slot_says *says)
{
	pid_t pid = child_start(have_slot, (void *)says);
	int64_t end_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	struct err e;

	while (!choose("agent", pid, &e) && clock_mono_ns() < end_ns)
		usleep(1000);
	assert_int_equal(looker_open(looker, &source_agent, pid), 0);
	return pid;
}

/* Samples until the condition holds for the only row, or time is up. Returns the row. */
static const struct task *slot_row(struct looker *looker, pid_t pid, bool stale)
{
	int64_t end_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	/* Any number of samples that agree come before the third. */
	for (int looks = 0; clock_mono_ns() < end_ns; looks++) {
		assert_int_equal(looker_look(looker, NULL), 0);
		if (looks >= 5 &&
		    (!(looker_task(looker, pid)->flags & TASK_STALE)) == !stale)
			break;
		usleep(1000);
	}
	return looker_task(looker, pid);
}

/* A wait for a channel or a lock is contradicted by a thread in a read, but not by one on
 * a futex. */
static void kernel_disagrees(void **state)
{
	static const uint32_t states[] = {STATE_CHAN_RECV, STATE_CHAN_SEND, STATE_MUTEX};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct slot_says says = {.reads = i < 3, .state = states[i % 3]};
		struct looker looker;
		pid_t pid = slot_open(&looker, &says);
		const struct task *task;

		task = slot_row(&looker, pid, says.reads);
		assert_int_equal(!(task->flags & TASK_STALE), !says.reads);
		assert_int_equal(task->state, says.reads ? STATE_IO_READ : says.state);
		looker_close(&looker);
		child_stop(pid);
	}
}

/* The holder of a lock changes while the slot of a thread that waits for it does not. */
static void another_owner(void **state)
{
	uint32_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct slot_says says = {.state = STATE_MUTEX, .object = (uintptr_t)lock};
	struct looker looker;
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(lock, MAP_FAILED);
	/* A mutex: its word, a count, its owner. */
	lock[0] = 2;
	pid = slot_open(&looker, &says);
	for (int turn = 0; turn < 4; turn++) {
		const struct task *task;

		lock[2] = turn % 2 ? 0 : (uint32_t)pid;
		task = slot_row(&looker, pid, false);
		assert_int_equal(task->waits.owner_tid, lock[2]);
		assert_int_equal(strstr(task->waits.text, "held by") != NULL,
				 lock[2] != 0);
		/* Also in the very next sample. */
		lock[2] = turn % 2 ? (uint32_t)pid : 0;
		assert_int_equal(looker_look(&looker, NULL), 0);
		task = looker_task(&looker, pid);
		assert_int_equal(task->waits.owner_tid, lock[2]);
	}
	looker_close(&looker);
	child_stop(pid);
	munmap(lock, 4096);
}

/* A thread at rest gets another name, as one that names others gives it. */
static void renamed(void **state)
{
	int64_t end_ns = clock_mono_ns() + WAIT_LIMIT_NS;
	struct looker looker;
	pid_t pid = slot_open(&looker, &(struct slot_says){.state = STATE_COND});
	struct agent *agent = looker.ctx;

	(void)state;
	do
		slot_row(&looker, pid, false);
	while (!rest_is(agent, 0) && clock_mono_ns() < end_ns);
	/* As if the kernel had told another one before. */
	agent->kept[0].name = "old";
	strcpy(agent->rows[0].more->name, "old");
	agent->rows[0].name_due_ns = 1;
	assert_int_equal(looker_look(&looker, NULL), 0);
	assert_string_equal(looker_task(&looker, pid)->name, "fake");
	looker_close(&looker);
	child_stop(pid);
}

/* Whatever times a slot has, a row is not older than its process. */
static void any_times(void **state)
{
	static const uint64_t times[] = {
		1,          INT64_MAX - 1,  INT64_MAX,    1ull << 63,
		UINT64_MAX, UINT64_MAX - 1, 500000000ull, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct slot_says says = {
			.state = STATE_MUTEX, .since_ns = times[i], .start_ns = times[i]};
		int64_t began_ns = clock_mono_ns();
		struct looker looker;
		pid_t pid = slot_open(&looker, &says);
		const struct task *task;

		for (int looks = 0; looks < 3; looks++)
			assert_int_equal(looker_look(&looker, NULL), 0);
		task = looker_task(&looker, pid);
		assert_true(task_age_ns(task, looker.snapshot->mono_ns) <=
			    looker.snapshot->mono_ns - began_ns + CLOCK_SECOND_NS);
		assert_true(task->start_ns >= 0 &&
			    task->start_ns <= looker.snapshot->mono_ns);
		looker_close(&looker);
		child_stop(pid);
	}
}

struct liar {
	char directory[64];
	pid_t pid;          /* whose socket it pretends to be; 0: its own */
	const char *answer; /* NULL: accepts and says nothing */
	bool with_fd;
	int ready;
};

static void lie(void *arg)
{
	const struct liar *liar = arg;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%d.sock",
		 liar->directory, (int)(liar->pid ? liar->pid : getpid()));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 5) != 0 || write(liar->ready, "r", 1) != 1)
		_exit(1);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (!liar->answer)
			continue;
		union {
			char bytes[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control = {0};
		struct iovec iov = {(void *)liar->answer, strlen(liar->answer)};
		struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
		int memfd = memfd_create("other", 0);

		if (liar->with_fd) {
			message.msg_control = control.bytes;
			message.msg_controllen = sizeof(control.bytes);
			struct cmsghdr *part = CMSG_FIRSTHDR(&message);

			part->cmsg_level = SOL_SOCKET;
			part->cmsg_type = SCM_RIGHTS;
			part->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(part), &memfd, sizeof(int));
		}
		sendmsg(client, &message, MSG_NOSIGNAL);
		close(memfd);
	}
}

static void sockets_that_lie(void **state)
{
	static const char many[8192] = {[0 ... 8190] = 'x'};
	const struct {
		const char *answer;
		bool with_fd;
		bool others;
	} cases[] = {
		{NULL, false, false},  {"{}\n", false, false}, {"garbage\n", true, false},
		{"{}\n", true, false}, {"[1]\n", true, false}, {many, true, false},
		{"{", true, false},    {"{}\n", true, true},
	};
	pid_t sleeper = child_start(in_pause, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct liar liar = {.directory = "/tmp/grmon-test-XXXXXX",
				    .answer = cases[i].answer,
				    .with_fd = cases[i].with_fd,
				    .pid = cases[i].others ? sleeper : 0};
		int ready[2];
		char byte;
		struct kernel kernel;
		struct region region;
		struct err e;

		assert_non_null(mkdtemp(liar.directory));
		assert_int_equal(pipe(ready), 0);
		liar.ready = ready[1];
		pid_t pid = child_start(lie, &liar);
		pid_t target = cases[i].others ? sleeper : pid;

		assert_int_equal(read(ready[0], &byte, 1), 1);
		setenv("GRMON_SOCKET_DIR", liar.directory, 1);
		assert_int_equal(kernel_open(&kernel, target, NULL), 0);
		int64_t begin_ns = clock_mono_ns();

		err_clear(&e);
		assert_int_equal(region_attach(&region, &kernel, false, &e),
				 ERR_NOTFOUND);
		/* One limit of 300 ms, plus what a busy machine adds. */
		assert_true(clock_mono_ns() - begin_ns < 5 * CLOCK_SECOND_NS);
		region_release(&region);
		kernel_close(&kernel);
		unsetenv("GRMON_SOCKET_DIR");
		child_stop(pid);
		char path[128];

		snprintf(path, sizeof(path), "%s/%d.sock", liar.directory, (int)target);
		unlink(path);
		rmdir(liar.directory);
		close(ready[0]);
		close(ready[1]);
	}
	child_stop(sleeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(frozen),
		cmocka_unit_test(by_socket),
		cmocka_unit_test(odd_threads),
		cmocka_unit_test(none),
		cmocka_unit_test(another_version),
		cmocka_unit_test(parents_region),
		cmocka_unit_test(sockets_that_lie),
		cmocka_unit_test(kernel_disagrees),
		cmocka_unit_test(another_owner),
		cmocka_unit_test(renamed),
		cmocka_unit_test(any_times),
	};

	return cmocka_run_group_tests_name("source: agents", tests, NULL, NULL);
}
