/* SPDX-License-Identifier: MIT */
/* The list of processes, and the meaning of a name, for processes that the test
 * starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

#include "source/proc/process.h"
#include "source/processes.h"

#include "source_child.h"

static void in_pause(void *arg)
{
	prctl(PR_SET_NAME, (const char *)arg);
	for (;;)
		pause();
}

static void in_loop(void *arg)
{
	(void)arg;
	for (volatile unsigned i = 0;; i++)
		;
}

static pid_t named(const char *name)
{
	pid_t pid = child_start(in_pause, (void *)name);
	pid_t found = 0;
	struct err e;
	char list[400] = "";
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	/* Until it bears the name: alone, or among others. */
	do {
		err_clear(&e);
		if (source_resolve(name, false, &found, &e) == ERR_USAGE)
			memcpy(list, e.text, sizeof(list));
		char text[32];

		snprintf(text, sizeof(text), "%d (", (int)pid);
		if (strstr(list, text))
			break;
	} while (found != pid && clock_mono_ns() < deadline_ns);
	return pid;
}

static void by_pid(void **state)
{
	char text[32];
	pid_t pid;
	struct err e;

	(void)state;
	err_clear(&e);
	snprintf(text, sizeof(text), "%d", (int)getppid());
	assert_int_equal(source_resolve(text, true, &pid, &e), 0);
	assert_int_equal(pid, getppid());
	assert_int_equal(source_resolve("2147483646", false, &pid, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "there is no process 2147483646"));
	assert_int_equal(source_resolve("99999999999999", false, &pid, &e), ERR_NOTFOUND);
	assert_int_equal(source_resolve("0", false, &pid, &e), ERR_NOTFOUND);
	assert_int_equal(source_resolve("name", true, &pid, &e), ERR_USAGE);
	assert_int_equal(source_resolve("", false, &pid, &e), ERR_USAGE);
}

static void by_name(void **state)
{
	char name[16];
	char text[32];
	pid_t pid;
	struct err e;

	(void)state;
	err_clear(&e);
	/* One of its own for each run. */
	snprintf(name, sizeof(name), "gt%d", (int)getpid());
	assert_int_equal(source_resolve(name, false, &pid, &e), ERR_NOTFOUND);
	assert_non_null(strstr(e.text, name));
	assert_non_null(strstr(e.text, "grmon-c ls"));
	pid_t first = named(name);

	assert_int_equal(source_resolve(name, false, &pid, &e), 0);
	assert_int_equal(pid, first);
	/* Not a part of it. */
	name[strlen(name) - 1] = '\0';
	assert_int_equal(source_resolve(name, false, &pid, &e), ERR_NOTFOUND);
	snprintf(name, sizeof(name), "gt%d", (int)getpid());
	pid_t second = named(name);

	assert_int_equal(source_resolve(name, false, &pid, &e), ERR_USAGE);
	assert_int_equal(pid, 0);
	assert_non_null(strstr(e.text, "2 processes are called"));
	snprintf(text, sizeof(text), "or 'name:%s' for all", name);
	assert_non_null(strstr(e.text, text));
	snprintf(text, sizeof(text), "%d (", (int)first);
	assert_non_null(strstr(e.text, text));
	snprintf(text, sizeof(text), "%d (", (int)second);
	assert_non_null(strstr(e.text, text));
	child_stop(first);
	child_stop(second);
}

/* The executable's name counts where the thread's name is another. */
static void by_executable(void **state)
{
	char path[] = "/tmp/grmon-resolve-XXXXXX";
	char program[64];
	char command[128];
	pid_t pid = 0;
	struct err e;
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	(void)state;
	err_clear(&e);
	assert_non_null(mkdtemp(path));
	snprintf(program, sizeof(program), "%s/a-rather-long-name-%d", path,
		 (int)getpid());
	snprintf(command, sizeof(command), "cp /bin/sleep %s", program);
	assert_int_equal(system(command), 0);
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, "other", "1000", (char *)NULL);
		_exit(1);
	}
	while (source_resolve(strrchr(program, '/') + 1, false, &pid, &e) != 0 &&
	       clock_mono_ns() < deadline_ns)
		usleep(1000);
	assert_int_equal(pid, child);
	child_stop(child);
	unlink(program);
	rmdir(path);
}

static const struct process_row *row_of(const struct process_row *rows, size_t count,
					pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].pid == pid)
			return &rows[i];
	return NULL;
}

/* When this test began: processes from before then are in the list if they still
 * exist. */
static uint64_t own_start(void)
{
	struct process self = process_self();
	struct proc_facts facts;
	struct err e;

	err_clear(&e);
	assert_int_equal(process_facts(&self, &facts, &e), 0);
	return facts.start_ticks;
}

static void list(void **state)
{
	THREADS_ARE_COUNTED;
	pid_t pid = child_start(in_loop, NULL);
	struct processes *processes = source_processes_new(10 * CLOCK_SECOND_NS);
	const struct process_row *rows;
	const struct process_row *row;
	size_t count;
	struct err e;

	(void)state;
	err_clear(&e);
	assert_non_null(processes);
	assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
	row = row_of(rows, count, pid);
	assert_non_null(row);
	assert_true(row->cpu_percent < 0);
	assert_int_equal(row->tasks, 1);
	assert_true(row->rss_bytes > 0);
	assert_true(row->allowed);
	assert_true(strlen(row->user) > 0);
	assert_string_equal(row->name, "test_processes.");
	assert_null(row_of(rows, count, getpid()));
	for (size_t i = 1; i < count; i++)
		assert_true(rows[i - 1].pid < rows[i].pid);
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	/* A sample has no time for all sources if some are slow to answer. */
	do {
		usleep(100000);
		assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
		row = row_of(rows, count, pid);
		assert_non_null(row);
	} while ((row->cpu_percent <= 0 || strcmp(row->source, "?") == 0) &&
		 clock_mono_ns() < deadline_ns);
	assert_string_equal(row->source, "native");
	assert_true(row->cpu_percent > 0 && row->cpu_percent < 150);
	child_stop(pid);
	assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
	assert_null(row_of(rows, count, pid));
	source_processes_free(processes);
}

/* The kernel's own flag says which is a kernel thread; a number does not. */
static void kernel_threads(void **state)
{
	struct processes *processes = source_processes_new(0);
	const struct process_row *rows;
	struct err e;
	size_t count, kernel_threads = 0;
	DIR *dir = opendir("/proc");

	(void)state;
	err_clear(&e);
	assert_non_null(dir);
	assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
	for (struct dirent *entry; (entry = readdir(dir));) {
		pid_t pid = proc_parse_pid(entry->d_name);
		struct process process = process_named(pid);
		struct proc_facts facts;

		if (pid <= 0 || pid == getpid() ||
		    process_facts(&process, &facts, &e) != 0)
			continue;
		if (facts.kernel_flags & PROC_PF_KTHREAD) {
			kernel_threads++;
			assert_null(row_of(rows, count, pid));
		} else if (facts.state != 'Z' && facts.start_ticks < own_start()) {
			assert_non_null(row_of(rows, count, pid));
		}
	}
	closedir(dir);
	print_message("# %zu threads of the kernel\n", kernel_threads);
	source_processes_free(processes);
}

static void in_second(void *arg)
{
	const struct process_row *rows;
	struct processes *processes;
	struct err e;
	size_t count;
	pid_t child;

	(void)arg;
	if (getpid() != 1 || mount("proc", "/proc", "proc", 0, NULL) != 0)
		_exit(77);
	child = fork();
	if (child == 0) /* number 2 of the namespace, and its child number 3 */
		in_pause(fork() == 0 ? "third" : "second");
	processes = source_processes_new(0);
	for (int64_t end_ns = clock_mono_ns() + WAIT_LIMIT_NS; clock_mono_ns() < end_ns;
	     usleep(1000)) {
		err_clear(&e);
		if (source_processes(processes, &rows, &count, &e) == 0 &&
		    row_of(rows, count, 2) && row_of(rows, count, 3))
			_exit(child == 2 ? 0 : 1);
	}
	_exit(2);
}

/* In a pid namespace number 2 is a process like any other, and so are its children. */
static void second_process(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	THREADS_ARE_COUNTED;
	pid = fork();
	if (pid == 0) {
		pid_t first;

		if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
			_exit(77);
		first = fork();
		if (first == 0)
			in_second(NULL);
		waitpid(first, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* Returns the number of processes whose source is known. */
static size_t known_of(const struct process_row *rows, size_t count)
{
	size_t known = 0;

	for (size_t i = 0; i < count; i++)
		known += rows[i].allowed && strcmp(rows[i].source, "?") != 0;
	return known;
}

/* Without time, each pass determines a few sources, so that all have one in the end. */
static void no_time(void **state)
{
	pid_t pid = child_start(in_pause, "pauses");
	struct processes *processes = source_processes_new(1);
	const struct process_row *rows, *row;
	size_t count, passes = 0;
	struct err e;

	(void)state;
	err_clear(&e);
	assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
	assert_in_range(known_of(rows, count), 1, 16);
	do {
		assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
		row = row_of(rows, count, pid);
		assert_non_null(row);
	} while (strcmp(row->source, "?") == 0 && passes++ < count);
	assert_string_equal(row->source, "native");
	source_processes_free(processes);
	child_stop(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_pid),         cmocka_unit_test(by_name),
		cmocka_unit_test(by_executable),  cmocka_unit_test(list),
		cmocka_unit_test(kernel_threads), cmocka_unit_test(second_process),
		cmocka_unit_test(no_time),
	};

	return cmocka_run_group_tests_name("source: processes", tests, NULL, NULL);
}
