/* SPDX-License-Identifier: MIT */
/* The cost of stacks: of one thread whose wait has changed, when its functions are known
 * by name; and of all 200 threads from attaching on, with files and lines. Starts the
 * programs that it samples, which have debug information. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "source/source.h"
#include "source/symbols/private.h"
#include "source/thread/thread.h"

#define THREADS     200
#define ROUNDS      40
#define ATTACHMENTS 9

static pid_t start(const char *build, const char *program, int *input)
{
	char path[4096];
	char line[64] = "";
	int in[2], out[2];

	snprintf(path, sizeof(path), "%s/tests/targets/%s", build, program);
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		char count[16];

		snprintf(count, sizeof(count), "%d", THREADS);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, count, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*input = in[1];
	ssize_t got = read(out[0], line, sizeof(line) - 1);

	close(out[0]);
	usleep(300000); /* the last threads go to sleep, which nothing reports */
	return got > 0 && strncmp(line, "ready", 5) == 0 ? pid : -1;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The functions that the threads are blocked in. */
static size_t read_calls(struct kernel *kernel, struct proc_call *calls, size_t max)
{
	pid_t *tids = NULL;
	size_t capacity = 0;
	size_t count = 0;
	ssize_t nr_tids = process_threads(&kernel->process, &tids, &capacity);

	for (ssize_t i = 0; i < nr_tids && count < max; i++) {
		if (process_thread_call(&kernel->process, tids[i], &calls[count]) == 0 &&
		    !calls[count].running)
			count++;
	}
	free(tids);
	return count;
}

/* Returns the median time of a stack in microseconds. With new_place, as if no thread had
 * been seen there. */
static double median_us(struct symbols *symbols, const struct proc_call *calls,
			size_t count, bool new_place)
{
	double took_us[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin_ns = clock_mono_ns();

		for (size_t i = 0; i < count; i++) {
			if (new_place)
				unwind_recipes_release(symbols);
			symbols_unwind_thread(symbols, &calls[i]);
		}
		took_us[round] =
			(double)(clock_mono_ns() - begin_ns) / 1e3 / (double)count;
	}
	qsort(took_us, ROUNDS, sizeof(took_us[0]), compare);
	return took_us[ROUNDS / 2];
}

static void measure_changed(pid_t pid, const char *program)
{
	struct intern *intern = intern_new(16u << 20);
	struct stack_table *stacks = stack_table_new(10000);
	struct proc_call calls[THREADS + 1];
	struct kernel kernel;
	size_t nr_frames = 0;

	if (kernel_open(&kernel, pid, NULL) != 0)
		return;
	struct symbols *symbols = symbols_new(&kernel, intern, stacks);
	size_t count = read_calls(&kernel, calls, THREADS + 1);

	for (size_t i = 0; i < count; i++) {
		const struct stack *stack = symbols_unwind_thread(symbols, &calls[i]);

		nr_frames += stack ? stack->nr_frames : 0;
	}
	double frames = (double)nr_frames / (double)count;

	printf("stack of a changed wait, %s, %.0f frames\t%.1f\tus\t<= 30\n", program,
	       frames, median_us(symbols, calls, count, false));
	printf("... in a place where no thread was seen before\t%.1f\tus\t\n",
	       median_us(symbols, calls, count, true));
	symbols_free(symbols);
	kernel_close(&kernel);
	stack_table_free(stacks);
	intern_free(intern);
}

/* Waits until every thread has its whole stack. */
static double attach_once(pid_t pid, size_t *nr_stacks)
{
	struct source_focus focus = {.all = true};
	struct source_target target = {.pid = pid, .text = "bench"};
	struct snapshot *snapshot = snapshot_new();
	int64_t begin_ns = clock_mono_ns();
	struct err e;

	err_clear(&e);
	target.intern = intern_new(16u << 20);
	target.stacks = stack_table_new(10000);
	void *ctx = calloc(1, source_native.ctx_size);

	if (source_native.open(ctx, &target, &e) != 0 ||
	    source_native.sample(ctx, &focus, snapshot, &e) != 0) {
		fprintf(stderr, "stacks: %s\n", e.text);
		exit(1);
	}
	double took_ms = (double)(clock_mono_ns() - begin_ns) / 1e6;

	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		*nr_stacks += snapshot->tasks[i].stack != NULL;
	snapshot_unref(snapshot);
	source_native.close(ctx);
	free(ctx);
	stack_table_free(target.stacks);
	intern_free(target.intern);
	return took_ms;
}

static void measure_attach(pid_t pid, const char *program)
{
	double took_ms[ATTACHMENTS];
	size_t nr_stacks = 0;

	for (int i = 0; i < ATTACHMENTS; i++)
		took_ms[i] = attach_once(pid, &nr_stacks);
	qsort(took_ms, ATTACHMENTS, sizeof(took_ms[0]), compare);
	printf("attach to the first full table, %s, %zu stacks\t%.0f\tms\t<= 300\n",
	       program, nr_stacks / ATTACHMENTS, took_ms[ATTACHMENTS / 2]);
}

int main(void)
{
	static const char *const programs[] = {"many_threads", "stack_shapes"};
	const char *build = getenv("BUILD");

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		int input = -1;
		pid_t pid = start(build ? build : "build", programs[i], &input);

		if (pid > 0) {
			measure_changed(pid, programs[i]);
			measure_attach(pid, programs[i]);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		} else {
			printf("cannot start %s\n", programs[i]);
		}
		close(input);
	}
	return 0;
}
