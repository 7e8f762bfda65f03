/* SPDX-License-Identifier: MIT */
/* The cost of a process's resources in a sample: alone, with a pass over 800 descriptors,
 * and on average at one sample a second. Then the cost of the history of all figures. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/figures.h"
#include "source/resource/resource.h"

#define DESCRIPTORS 800
#define LOOKS       600 /* ten minutes, one sample a second */
#define CHANGES     10  /* the number of descriptors changes in each of these samples */

static pid_t start(void)
{
	struct rlimit room = {DESCRIPTORS + 100, DESCRIPTORS + 100};
	int ready[2];
	char byte;

	if (pipe(ready) != 0)
		return -1;
	pid_t pid = fork();

	if (pid != 0) {
		close(ready[1]);
		return read(ready[0], &byte, 1) == 1 ? pid : -1;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_NOFILE, &room);
	for (int i = 0; i < DESCRIPTORS; i++)
		if ((i % 2 ? eventfd(0, 0) : socket(AF_INET, SOCK_STREAM, 0)) < 0)
			_exit(1);
	if (write(ready[1], "", 1) == 1)
		pause();
	_exit(0);
}

static void figure(const char *name, double value, const char *unit, const char *goal)
{
	printf("%s\t%.1f\t%s\t%s\n", name, value, unit, goal);
}

static int64_t look(struct resource_reader *reader, struct snapshot *snapshot)
{
	int64_t begin_ns = clock_mono_ns();
	struct err e;

	if (resource_read(reader, NULL, 0, snapshot, &e) != 0) {
		fprintf(stderr, "resources: %s\n", e.text);
		exit(1);
	}
	return clock_mono_ns() - begin_ns;
}

/* The clock advances as if there were a second between two samples. */
static void measure_looks(struct kernel *kernel, struct snapshot *snapshot)
{
	struct resource_reader *reader = calloc(1, sizeof(*reader));
	int64_t first_ns, quiet_ns = 0, busy_ns = 0, most_ns = 0;

	if (!reader)
		exit(1);
	resource_init(reader, kernel);
	kernel->now_ns = clock_mono_ns();
	first_ns = look(reader, snapshot);
	for (int i = 0; i < LOOKS; i++) {
		kernel->now_ns += CLOCK_SECOND_NS;
		quiet_ns += look(reader, snapshot);
	}
	for (int i = 0; i < LOOKS; i++) {
		kernel->now_ns += CLOCK_SECOND_NS;
		if (i % CHANGES == 0)
			reader->details.pass_fds = 0; /* as if it had changed */
		int64_t took_ns = look(reader, snapshot);

		busy_ns += took_ns;
		most_ns = took_ns > most_ns ? took_ns : most_ns;
	}
	figure("resources: first look, 800 descriptors", (double)first_ns / 1e3, "us",
	       "");
	figure("resources: a look, nothing changes, mean", (double)quiet_ns / 1e3 / LOOKS,
	       "us", "");
	figure("resources: a look, fds change every 10 s, mean",
	       (double)busy_ns / 1e3 / LOOKS, "us", "");
	figure("resources: the longest look", (double)most_ns / 1e3, "us", "");
	figure("resources: first look against one without change",
	       (double)first_ns / ((double)quiet_ns / LOOKS), "x", ">= 2");
	free(reader);
}

static void measure_figures(const struct snapshot *like)
{
	static struct figures figures;
	int64_t begin_ns, took_ns = 0;

	figures_init(&figures);
	for (int i = 0; i < LOOKS; i++) {
		struct snapshot *snapshot = snapshot_new();

		if (!snapshot)
			exit(1);
		snapshot->resources = like->resources;
		snapshot->mono_ns = i * CLOCK_SECOND_NS;
		begin_ns = clock_mono_ns();
		figures_update(&figures, snapshot);
		took_ns += clock_mono_ns() - begin_ns;
		snapshot_unref(snapshot);
	}
	figure("figures: a look into the history of all", (double)took_ns / 1e3 / LOOKS,
	       "us", "");
	begin_ns = clock_mono_ns();
	series_reaches_ns(&figures.series[FIGURE_FDS], 1e9);
	figure("figures: the trend of one", (double)(clock_mono_ns() - begin_ns) / 1e3,
	       "us", "");
}

int main(void)
{
	struct snapshot *snapshot = snapshot_new();
	struct kernel kernel;
	struct err e;
	pid_t pid = start();

	if (!snapshot || pid < 0 || kernel_open(&kernel, pid, &e) != 0) {
		printf("cannot start a program with %d descriptors here\n", DESCRIPTORS);
		return 0;
	}
	measure_looks(&kernel, snapshot);
	measure_figures(snapshot);
	kernel_close(&kernel);
	snapshot_unref(snapshot);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
