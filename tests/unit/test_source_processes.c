/* SPDX-License-Identifier: MIT */
/* The list of processes, and what a name means, on processes that the test starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static void list(void **state)
{
	THREADS_ARE_COUNTED;
	pid_t pid = child_start(in_loop, NULL);
	struct processes *processes = source_processes_new();
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
	assert_string_equal(row->source, "native");
	assert_true(strlen(row->user) > 0);
	assert_string_equal(row->name, "test_source_pro");
	/* We ourselves are not in it, nor are threads of the kernel. */
	assert_null(row_of(rows, count, getpid()));
	assert_null(row_of(rows, count, 2));
	for (size_t i = 1; i < count; i++)
		assert_true(rows[i - 1].pid < rows[i].pid);
	int64_t deadline_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	do {
		usleep(100000);
		assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
		row = row_of(rows, count, pid);
		assert_non_null(row);
	} while (row->cpu_percent <= 0 && clock_mono_ns() < deadline_ns);
	assert_true(row->cpu_percent > 0 && row->cpu_percent < 150);
	child_stop(pid);
	assert_int_equal(source_processes(processes, &rows, &count, &e), 0);
	assert_null(row_of(rows, count, pid));
	source_processes_free(processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_pid),
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_executable),
		cmocka_unit_test(list),
	};

	return cmocka_run_group_tests_name("source: processes", tests, NULL, NULL);
}
