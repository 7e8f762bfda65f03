/* SPDX-License-Identifier: MIT */
/* The cost of one sample of 10,000 threads, with the agent inside (scan, snapshot, stuck
 * rule) and without. Starts the program that it samples. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/verdict.h"
#include "source/source.h"

#define THREADS      "10000"
#define POLLS        60
#define WARM_UP_MAX  400
#define SECONDS_1_HZ 10

struct child {
	pid_t pid;
	int input; /* the program ends when this is closed */
};

static int start(struct child *child, const char *build, bool agent)
{
	char path[4096];
	char library[4096];
	char line[64] = "";
	int input[2], output[2];

	snprintf(path, sizeof(path), "%s/tests/targets/many_threads", build);
	snprintf(library, sizeof(library), "%s/libgrmon.so", build);
	if (pipe(input) != 0 || pipe(output) != 0)
		return -1;
	child->pid = fork();
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input[0], 0);
		dup2(output[1], 1);
		close(input[1]);
		close(output[0]);
		if (agent)
			setenv("LD_PRELOAD", library, 1);
		execl(path, path, THREADS, (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(output[1]);
	child->input = input[1];
	ssize_t got = child->pid > 0 ? read(output[0], line, sizeof(line) - 1) : -1;

	close(output[0]);
	return got > 0 && strncmp(line, "ready", 5) == 0 ? 0 : -1;
}

static void stop(struct child *child)
{
	close(child->input);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * CLOCK_SECOND_NS + now.tv_nsec;
}

struct look {
	const struct source_ops *source;
	void *ctx;
	struct track *track;
	struct verdicts *verdicts;
	struct snapshot *last; /* as a view holds it */
};

static int64_t poll_once(struct look *look, struct err *e)
{
	int64_t begin_ns = cpu_ns();
	struct snapshot *snapshot = snapshot_new();

	if (!snapshot || look->source->sample(look->ctx, NULL, snapshot, e) ||
	    track_update(look->track, snapshot, e)) {
		fprintf(stderr, "poll: %s\n", e->text);
		exit(1);
	}
	verdicts_update(look->verdicts, look->track, snapshot);

	int64_t took_ns = cpu_ns() - begin_ns;

	snapshot_unref(look->last);
	look->last = snapshot;
	return took_ns;
}

static double median_ms(struct look *look, struct err *e)
{
	int64_t took_ns[POLLS];

	for (int i = 0; i < POLLS; i++) {
		took_ns[i] = poll_once(look, e);
		usleep(20000);
	}
	qsort(took_ns, POLLS, sizeof(took_ns[0]), compare);
	return (double)took_ns[POLLS / 2] / 1e6;
}

/* Work that only the first samples do: names, creators, the first check of every wait. */
static void warm_up(struct look *look, struct err *e)
{
	int quick = 0;

	for (int i = 0; i < WARM_UP_MAX && quick < 10; i++) {
		quick = poll_once(look, e) < 5000000 ? quick + 1 : 0;
		usleep(10000);
	}
}

static void measure(const char *build, const struct source_ops *source, bool agent)
{
	struct child child;
	struct err e;
	struct thresholds rule;
	struct source_target target = {0};
	struct look look = {.source = source};
	struct rusage usage;

	err_clear(&e);
	if (start(&child, build, agent) != 0) {
		printf("cannot start " THREADS " threads here\n");
		stop(&child);
		return;
	}
	target.pid = child.pid;
	target.text = "bench";
	target.intern = intern_new(64u << 20);
	target.stacks = stack_table_new(100000);
	look.ctx = calloc(1, source->ctx_size);
	thresholds_init(&rule);
	look.track = track_new();
	look.verdicts = verdicts_new(&rule);

	int64_t begin_ns = clock_mono_ns();

	if (source->open(look.ctx, &target, &e)) {
		fprintf(stderr, "poll: %s\n", e.text);
		exit(1);
	}
	poll_once(&look, &e);
	printf("%s: attach and first look at " THREADS " threads\t%.0f\tms\t\n",
	       source->name, (double)(clock_mono_ns() - begin_ns) / 1e6);
	warm_up(&look, &e);
	printf("%s: one poll of " THREADS " threads, median\t%.2f\tms\t%s\n",
	       source->name, median_ms(&look, &e), agent ? "<= 2" : "");

	int64_t cpu_begin_ns = cpu_ns();

	for (int i = 0; i < SECONDS_1_HZ; i++) {
		poll_once(&look, &e);
		sleep(1);
	}
	printf("%s: polls at 1 Hz, of a core (without the view)\t%.2f\t%%\t%s\n",
	       source->name, (double)(cpu_ns() - cpu_begin_ns) / 1e7 / SECONDS_1_HZ,
	       agent ? "<= 1.5" : "");
	getrusage(RUSAGE_SELF, &usage);
	if (agent)
		printf("agent: memory of the poller, highest\t%.1f\tMB\t<= 40\n",
		       (double)usage.ru_maxrss / 1024);
	snapshot_unref(look.last);
	source->close(look.ctx);
	free(look.ctx);
	track_free(look.track);
	verdicts_free(look.verdicts);
	stack_table_free(target.stacks);
	intern_free(target.intern);
	stop(&child);
}

int main(void)
{
	const char *build = getenv("BUILD");

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	measure(build ? build : "build", &source_agent, true);
	measure(build ? build : "build", &source_native, false);
	return 0;
}
