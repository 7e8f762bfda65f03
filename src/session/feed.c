/* SPDX-License-Identifier: MIT */
/* The view's side of the poller: it takes what the thread has published and leaves
 * requests for it. Only the process list is read in the view's own thread, without
 * reading a target. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "out/out.h"
#include "session/poller_internal.h"

#define FILE_TARGET_MAX   40
/* Time budget for one reading of the process list, because the view waits for it. */
#define SOURCES_BUDGET_NS (CLOCK_SECOND_NS / 25)

static void wake_thread(struct poller *poller)
{
	uint64_t one = 1;
	ssize_t written = write(poller->wake_fd, &one, sizeof(one));

	(void)written; /* If the counter is full, the descriptor is readable already. */
}

static int feed_fd(void *ctx)
{
	return ((struct poller *)ctx)->fresh_fd;
}

static void feed_clear(void *ctx)
{
	struct poller *poller = ctx;
	uint64_t count;
	ssize_t taken = read(poller->fresh_fd, &count, sizeof(count));

	(void)taken; /* If the counter is empty, there is nothing to clear. */
}

static struct snapshot *feed_latest(void *ctx, struct feed_state *state)
{
	struct poller *poller = ctx;
	struct snapshot *snapshot;

	pthread_mutex_lock(&poller->lock);
	*state = poller->state;
	snapshot = poller->latest ? snapshot_ref(poller->latest) : NULL;
	pthread_mutex_unlock(&poller->lock);
	return snapshot;
}

static void feed_refresh(void *ctx)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_set_interval(void *ctx, int64_t interval_ns)
{
	struct poller *poller = ctx;

	if (interval_ns < SETTINGS_INTERVAL_MIN_NS)
		interval_ns = SETTINGS_INTERVAL_MIN_NS;
	if (interval_ns > SETTINGS_INTERVAL_MAX_NS)
		interval_ns = SETTINGS_INTERVAL_MAX_NS;
	pthread_mutex_lock(&poller->lock);
	poller->wishes.interval_ns = interval_ns;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_set_thresholds(void *ctx, const struct thresholds *rule)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.rule = *rule;
	poller->wishes.new_rule = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_prove(void *ctx, bool start)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.prove = start;
	poller->wishes.unprove = !start;
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_move(void *ctx, int samples, int64_t by_ns)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.samples += samples;
	poller->wishes.by_ns += by_ns;
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_seek(void *ctx, int64_t real_ns)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.seek = true;
	poller->wishes.seek_ns = real_ns;
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

static void feed_play(void *ctx, double speed)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.play = true;
	poller->wishes.speed = speed;
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

/* Returns the process of a task if the target is several, otherwise 0. */
static pid_t find_process(const struct snapshot *snapshot, enum task_kind kind,
			  uint64_t id, uint64_t serial)
{
	for (size_t i = 0; snapshot && snapshot->nr_members && i < snapshot->nr_tasks;
	     i++) {
		const struct task *task = &snapshot->tasks[i];

		if (task->id == id && task->kind == kind && task->serial == serial)
			return task->pid;
	}
	return 0;
}

static void feed_focus(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial)
{
	struct poller *poller = ctx;

	pthread_mutex_lock(&poller->lock);
	poller->wishes.focus = (struct source_focus){
		.kind = kind,
		.id = id,
		.serial = serial,
		.pid = id ? find_process(poller->latest, kind, id, serial) : 0};
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
}

/* Without memory nothing is asked for, and nothing is read. */
static uint64_t leave_holds(struct poller_wishes *wishes, struct holds_wish *list,
			    size_t count)
{
	free(wishes->holds);
	wishes->holds = list;
	wishes->nr_holds = list ? count : 0;
	wishes->new_holds = true;
	return ++wishes->holds_number;
}

static uint64_t feed_holds(void *ctx, const struct holds_wish *list, size_t count)
{
	struct poller *poller = ctx;
	uint64_t number;
	struct holds_wish *copy = count > 0 ? malloc(count * sizeof(*copy)) : NULL;

	if (copy)
		memcpy(copy, list, count * sizeof(*copy));
	pthread_mutex_lock(&poller->lock);
	number = leave_holds(&poller->wishes, copy, count);
	poller->wishes.refresh |= count > 0;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
	return number;
}

static size_t feed_history(void *ctx, enum task_kind kind, uint64_t id, uint64_t serial,
			   struct history_entry *out, size_t max)
{
	struct poller *poller = ctx;
	size_t count;

	pthread_mutex_lock(&poller->lock);
	count = track_history(poller->track, kind, id, serial, out, max);
	pthread_mutex_unlock(&poller->lock);
	return count;
}

static int feed_processes(void *ctx, const struct process_row **rows, size_t *count,
			  struct err *e)
{
	struct poller *poller = ctx;

	if (!poller->processes)
		poller->processes = source_processes_new(SOURCES_BUDGET_NS);
	if (!poller->processes)
		return err_set(e, ERR_NOMEM, "out of memory: cannot list processes");
	return source_processes(poller->processes, rows, count, e);
}

static int feed_attach(void *ctx, pid_t pid, struct err *e)
{
	struct poller *poller = ctx;

	if (pid <= 0 || (kill(pid, 0) != 0 && errno == ESRCH))
		return err_set(e, ERR_NOTFOUND,
			       "process %d has ended; choose another one", (int)pid);
	pthread_mutex_lock(&poller->lock);
	poller->wishes.attach = pid;
	/* A focus on the previous process would name a task that this one does not
	 * have. */
	poller->wishes.focus = (struct source_focus){0};
	leave_holds(&poller->wishes, NULL, 0);
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
	return 0;
}

/* Its pid, or what of the name of several processes is fit for a file name. */
static void name_target(const struct snapshot *snapshot, char out[FILE_TARGET_MAX])
{
	const char *name = snapshot->nr_members ? snapshot->target.name : "";
	size_t length = 0;

	for (; *name && length < FILE_TARGET_MAX - 1; name++)
		if (isalnum((unsigned char)*name) || *name == '_')
			out[length++] = *name;
		else if (length > 0 && out[length - 1] != '-')
			out[length++] = '-';
	while (length > 0 && out[length - 1] == '-')
		length--;
	out[length] = '\0';
	if (length == 0)
		snprintf(out, FILE_TARGET_MAX, "%d", (int)snapshot->target.pid);
}

/* Creates a file with a free name: grmon-c-TARGET-TIME.EXTENSION, with a number if
 * needed. */
static int create_file(const struct snapshot *snapshot, const char *extension, char *path,
		       size_t size, struct err *e)
{
	time_t seconds = (time_t)(snapshot->real_ns / CLOCK_SECOND_NS);
	char when[32] = "0", target[FILE_TARGET_MAX];
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &local);
	name_target(snapshot, target);
	for (int i = 0; i < 100; i++) {
		char number[16] = "";
		int fd;

		if (i > 0)
			snprintf(number, sizeof(number), "-%d", i);
		snprintf(path, size, "grmon-c-%s-%s%s.%s", target, when, number,
			 extension);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return err_sys(e, errno,
				       "cannot create %s in the working directory", path);
	}
	return err_set(e, ERR_SYS,
		       "too many files were written in this second; try again");
}

static int dump_flush(void *flush_ctx, struct buf *out, struct err *e)
{
	int rc = fdio_write_all(*(int *)flush_ctx, out->bytes, out->length, e);

	buf_clear(out);
	return rc;
}

static int feed_write_dump(void *ctx, const struct snapshot *snapshot, char *path,
			   size_t size, struct err *e)
{
	struct poller *poller = ctx;
	struct rows_options all = {.class = -1, .sort = {COLUMN_ID, false}};
	int fd = create_file(snapshot, "json", path, size, e);
	struct out_request request = {.snapshot = snapshot,
				      .settings = poller->options.settings,
				      .flush = dump_flush,
				      .flush_ctx = &fd};
	struct rows rows;
	struct buf out;
	int rc;

	if (fd < 0)
		return fd;
	rows_init(&rows);
	buf_init(&out, 0);
	request.rows = &rows;
	rc = rows_update(&rows, snapshot, &all, snapshot->mono_ns, e);
	if (rc == 0)
		rc = out_by_name("json")->write(&request, &out, e);
	if (close(fd) != 0 && rc == 0)
		rc = err_sys(e, errno, "cannot write %s", path);
	if (rc != 0)
		unlink(path);
	buf_release(&out);
	rows_release(&rows);
	return rc;
}

static int feed_record(void *ctx, const struct snapshot *snapshot, bool on, struct err *e)
{
	struct poller *poller = ctx;
	char path[sizeof(poller->wishes.record_path)] = "";
	int fd = on ? create_file(snapshot, "grmon", path, sizeof(path), e) : -1;

	if (on && fd < 0)
		return e->code;
	if (on)
		close(fd);
	pthread_mutex_lock(&poller->lock);
	memcpy(poller->wishes.record_path, path, sizeof(path));
	poller->wishes.record = on;
	poller->wishes.stop_recording = !on;
	poller->wishes.refresh |= on;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
	return 0;
}

static int feed_set_acknowledge(void *ctx, const char *filters, struct err *e)
{
	struct poller *poller = ctx;
	struct grouping *tried = grouping_new(filters, e);

	if (!tried)
		return e->code;
	grouping_free(tried);
	pthread_mutex_lock(&poller->lock);
	snprintf(poller->wishes.acknowledge, sizeof(poller->wishes.acknowledge), "%s",
		 filters);
	poller->wishes.new_acknowledge = true;
	poller->wishes.refresh = true;
	pthread_mutex_unlock(&poller->lock);
	wake_thread(poller);
	return 0;
}

const struct feed_ops poller_feed_ops = {
	.fd = feed_fd,
	.clear = feed_clear,
	.latest = feed_latest,
	.refresh = feed_refresh,
	.set_interval = feed_set_interval,
	.set_thresholds = feed_set_thresholds,
	.move = feed_move,
	.seek = feed_seek,
	.play = feed_play,
	.focus = feed_focus,
	.holds = feed_holds,
	.history = feed_history,
	.processes = feed_processes,
	.attach = feed_attach,
	.record = feed_record,
	.set_acknowledge = feed_set_acknowledge,
	.write_dump = feed_write_dump,
	.prove = feed_prove,
};
