/* SPDX-License-Identifier: MIT */
/*
 * The targets of an exporter: found by pid, name, cgroup or URL, watched by a thread each
 * at the interval, forgotten a while after their end. What a thread has seen it copies into
 * its target's metrics under the lock, which nobody holds for longer than a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "cli/cli.h"
#include "cli/export.h"
#include "cli/watch.h"
#include "core/group.h"
#include "grmon.h"
#include "source/pprof_http.h"
#include "source/processes.h"

#define WORDS_MAX      64
#define CGROUP_MAX     4096
#define KEEP_ENDED_NS  (30 * CLOCK_SECOND_NS)
/* Looks that are missed before a target counts as down, and at least so long. */
#define STALE_LOOKS    5
#define STALE_LEAST_NS (10 * CLOCK_SECOND_NS)

enum word_kind { WORD_PID, WORD_NAME, WORD_CGROUP, WORD_URL };

struct word {
	enum word_kind kind;
	const char *text;
	pid_t pid;
};

struct watched {
	struct watched *next;
	struct exports *exports;
	pthread_t thread;
	pid_t pid;         /* 0: a URL */
	const char *other; /* URL, or NULL */
	struct look *look; /* while its thread has one */
	/* Under the lock. */
	struct metrics metrics, taken; /* taken: what the thread fills, then copies */
	uint64_t last_count;
	int64_t looked_ns, ended_ns; /* 0: never, not yet */
	bool stop;
};

struct exports {
	const struct options *options;
	size_t nr_groups;
	struct word words[WORDS_MAX];
	size_t nr_words;
	struct processes *processes;
	pthread_mutex_t lock;
	pthread_cond_t woken; /* CLOCK_MONOTONIC */
	struct watched *list;
	size_t nr_watched;
	bool full; /* it was said */
};

/* Created and ended between two looks: who is new, and how many are missing then. A row of
 * a profile stands for many, and grows without being new. */
static void count_changes(struct watched *one, const struct snapshot *snapshot)
{
	struct metrics *metrics = &one->taken;
	uint64_t count = 0, fresh = 0;

	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		uint32_t weight = task_weight(&snapshot->tasks[i]);

		count += weight;
		fresh += snapshot->tasks[i].flags & TASK_NEW ? weight : 0;
	}
	if (count > one->last_count + fresh)
		fresh = count - one->last_count;
	if (metrics->counting) {
		metrics->created += fresh;
		metrics->ended += one->last_count + fresh - count;
	}
	metrics->counting = true;
	one->last_count = count;
}

/* Until due_ns, or until the thread is to end. */
static bool pause_until(struct watched *one, int64_t due_ns)
{
	struct timespec due = {due_ns / CLOCK_SECOND_NS, due_ns % CLOCK_SECOND_NS};
	struct exports *exports = one->exports;
	bool stop;

	pthread_mutex_lock(&exports->lock);
	while (!one->stop && clock_mono_ns() < due_ns)
		pthread_cond_timedwait(&exports->woken, &exports->lock, &due);
	stop = one->stop;
	pthread_mutex_unlock(&exports->lock);
	return !stop;
}

static void publish(struct watched *one, bool ended)
{
	struct exports *exports = one->exports;

	pthread_mutex_lock(&exports->lock);
	one->metrics = one->taken;
	one->looked_ns = clock_mono_ns();
	if (ended)
		one->ended_ns = one->looked_ns;
	pthread_mutex_unlock(&exports->lock);
}

static void watch_loop(struct watched *one, struct look *look)
{
	struct source_focus all = {.all = one->pid > 0};
	int64_t interval_ns = one->exports->options->settings.interval_ns;
	int64_t due_ns = clock_mono_ns();
	struct snapshot *snapshot;

	while (pause_until(one, due_ns)) {
		int64_t begin_ns = clock_mono_ns();
		struct err e = {0};
		int rc = look_sample(look, &all, &snapshot, &e);

		if (rc == 0) {
			count_changes(one, snapshot);
			metrics_take(&one->taken, snapshot, one->exports->nr_groups);
			snapshot_unref(snapshot);
		} else {
			one->taken.up = false;
		}
		one->taken.look_ns = clock_mono_ns() - begin_ns;
		publish(one, rc == ERR_GONE);
		if (rc == ERR_GONE)
			return;
		due_ns += interval_ns;
		if (due_ns < clock_mono_ns())
			due_ns = clock_mono_ns() + interval_ns / 2;
	}
}

static void *watch_main(void *argument)
{
	struct watched *one = argument;
	struct look_options look_options = watch_look_options(one->exports->options);
	struct look look;
	struct err e = {0};
	int rc = look_init(&look, &look_options, &e);

	pthread_mutex_lock(&one->exports->lock);
	one->look = &look;
	if (one->stop)
		look.cancel = 1;
	pthread_mutex_unlock(&one->exports->lock);
	if (rc == 0)
		rc = one->other ? look_attach_other(&look, one->other, -1, &e)
				: look_attach(&look, one->pid, &e);
	if (rc == 0) {
		watch_loop(one, &look);
	} else {
		/* A process of another user, or one that is gone: said once. */
		cli_complain("%s", e.text);
		one->taken.up = false;
		publish(one, true);
	}
	pthread_mutex_lock(&one->exports->lock);
	one->look = NULL;
	pthread_mutex_unlock(&one->exports->lock);
	look_release(&look);
	return NULL;
}

static struct watched *find(const struct exports *exports, pid_t pid, const char *other)
{
	for (struct watched *one = exports->list; one; one = one->next)
		if (one->pid == pid && one->other == other && one->ended_ns == 0)
			return one;
	return NULL;
}

/* Watch it unless it is watched. Signals go to the main thread. */
static void add(struct exports *exports, pid_t pid, const char *other, const char *name)
{
	struct watched *one;
	sigset_t all, before;
	int rc;

	if (find(exports, pid, other))
		return;
	if (exports->nr_watched >= EXPORT_TARGETS_MAX) {
		if (!exports->full)
			cli_complain("there are more than %d targets; the rest is not "
				     "exported",
				     EXPORT_TARGETS_MAX);
		exports->full = true;
		return;
	}
	one = calloc(1, sizeof(*one));
	if (!one)
		return;
	one->exports = exports;
	one->pid = pid;
	one->other = other;
	one->taken.pid = pid;
	one->taken.look_ns = -1;
	snprintf(one->taken.target, sizeof(one->taken.target), "%s", name);
	one->metrics = one->taken;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&one->thread, NULL, watch_main, one);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		free(one);
		return;
	}
	pthread_mutex_lock(&exports->lock);
	one->next = exports->list;
	exports->list = one;
	exports->nr_watched++;
	pthread_mutex_unlock(&exports->lock);
}

/* The cgroup of version 2, or any of version 1, is PATH or lies below it. */
static bool in_cgroup(pid_t pid, const char *path)
{
	char name[48], text[CGROUP_MAX];
	size_t length = strlen(path);
	char *line, *rest = text;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (fdio_read_small(AT_FDCWD, name, text, sizeof(text)) <= 0)
		return false;
	while (length > 0 && path[length - 1] == '/')
		length--;
	while ((line = strsep(&rest, "\n"))) {
		char *group = strchr(line, ':');

		group = group ? strchr(group + 1, ':') : NULL;
		if (group && strncmp(group + 1, path, length) == 0 &&
		    (group[1 + length] == '\0' || group[1 + length] == '/'))
			return true;
	}
	return false;
}

static bool wanted(const struct word *word, const struct process_row *row)
{
	switch (word->kind) {
	case WORD_PID:
		return word->pid == row->pid;
	case WORD_NAME:
		return source_has_name(row->pid, word->text);
	case WORD_CGROUP:
		return in_cgroup(row->pid, word->text);
	default:
		return false;
	}
}

/* Take the ended ones out, once they were to be seen as down for a while. */
static void forget(struct exports *exports)
{
	struct watched **link = &exports->list, *one;
	int64_t before_ns = clock_mono_ns() - KEEP_ENDED_NS;
	struct watched *gone = NULL;

	pthread_mutex_lock(&exports->lock);
	while ((one = *link)) {
		if (one->ended_ns == 0 || one->ended_ns > before_ns) {
			link = &one->next;
			continue;
		}
		*link = one->next;
		one->next = gone;
		gone = one;
		exports->nr_watched--;
		exports->full = false;
	}
	pthread_mutex_unlock(&exports->lock);
	while ((one = gone)) {
		gone = one->next;
		pthread_join(one->thread, NULL);
		free(one);
	}
}

void exports_discover(struct exports *exports)
{
	const struct process_row *rows;
	struct err e = {0};
	size_t count;

	forget(exports);
	for (size_t i = 0; i < exports->nr_words; i++)
		if (exports->words[i].kind == WORD_URL)
			add(exports, 0, exports->words[i].text, exports->words[i].text);
	if (source_processes(exports->processes, &rows, &count, &e) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < exports->nr_words; j++) {
			if (!wanted(&exports->words[j], &rows[i]))
				continue;
			add(exports, rows[i].pid, NULL, rows[i].name);
			break;
		}
	}
}

static int read_word(struct exports *exports, const char *text)
{
	struct word *word = &exports->words[exports->nr_words];
	struct err e = {0};

	if (exports->nr_words == WORDS_MAX) {
		cli_complain("at most %d words can name targets; cgroup:PATH names many "
			     "at once",
			     WORDS_MAX);
		return CLI_USAGE;
	}
	word->text = text;
	if (strncmp(text, "cgroup:", 7) == 0) {
		word->kind = WORD_CGROUP;
		word->text += 7;
		if (word->text[0] != '/') {
			cli_complain("cgroup: wants a path from the root of the groups, "
				     "as in cgroup:/system.slice/web.service");
			return CLI_USAGE;
		}
	} else if (pprof_http_is_url(text)) {
		word->kind = WORD_URL;
	} else if (text[strspn(text, "0123456789")] == '\0') {
		word->kind = WORD_PID;
		if (source_resolve(text, true, &word->pid, &e) != 0) {
			cli_complain("%s", e.text);
			return CLI_UNWATCHABLE;
		}
	} else {
		word->kind = WORD_NAME;
	}
	exports->nr_words++;
	return CLI_FINE;
}

struct exports *exports_start(const struct options *options, size_t nr_groups, int *rc)
{
	struct exports *exports = calloc(1, sizeof(*exports));
	pthread_condattr_t attributes;

	*rc = CLI_FINE;
	if (exports)
		exports->processes = source_processes_new();
	if (!exports || !exports->processes) {
		cli_complain("there is no memory, or no /proc");
		free(exports);
		*rc = CLI_UNWATCHABLE;
		return NULL;
	}
	exports->options = options;
	exports->nr_groups = nr_groups;
	pthread_mutex_init(&exports->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&exports->woken, &attributes);
	pthread_condattr_destroy(&attributes);
	if (options->pid > 0)
		*rc = read_word(exports, options->value[OPTION_PID]);
	for (int i = 0; i < options->nr_words && *rc == CLI_FINE; i++)
		*rc = read_word(exports, options->words[i]);
	if (*rc == CLI_FINE)
		exports_discover(exports);
	if (*rc == CLI_FINE)
		return exports;
	exports_stop(exports);
	return NULL;
}

/* A look that hangs leaves its target's last numbers behind; they are not today's. */
static bool is_stale(const struct exports *exports, const struct watched *one)
{
	int64_t limit_ns = exports->options->settings.interval_ns * STALE_LOOKS;

	if (limit_ns < STALE_LEAST_NS)
		limit_ns = STALE_LEAST_NS;
	return one->looked_ns > 0 && clock_mono_ns() - one->looked_ns > limit_ns;
}

void exports_write(struct exports *exports, enum metrics_format format, struct buf *out)
{
	const struct metrics **list;
	struct metrics *copies;
	size_t count = 0;

	pthread_mutex_lock(&exports->lock);
	list = calloc(exports->nr_watched + 1, sizeof(const struct metrics *));
	copies = calloc(exports->nr_watched + 1, sizeof(*copies));
	for (struct watched *one = exports->list; list && copies && one;
	     one = one->next) {
		copies[count] = one->metrics;
		if (one->ended_ns > 0 || is_stale(exports, one))
			copies[count].up = false;
		list[count] = &copies[count];
		count++;
	}
	pthread_mutex_unlock(&exports->lock);
	if (list && copies)
		metrics_write(list, count, format, GRMON_VERSION, out);
	else
		out->failed = 1;
	free(list);
	free(copies);
}

size_t exports_count(struct exports *exports)
{
	size_t count;

	pthread_mutex_lock(&exports->lock);
	count = exports->nr_watched;
	pthread_mutex_unlock(&exports->lock);
	return count;
}

void exports_stop(struct exports *exports)
{
	struct watched *one;

	pthread_mutex_lock(&exports->lock);
	for (one = exports->list; one; one = one->next) {
		one->stop = true;
		if (one->look)
			__atomic_store_n(&one->look->cancel, 1, __ATOMIC_RELAXED);
	}
	pthread_cond_broadcast(&exports->woken);
	pthread_mutex_unlock(&exports->lock);
	while ((one = exports->list)) {
		exports->list = one->next;
		pthread_join(one->thread, NULL);
		free(one);
	}
	source_processes_free(exports->processes);
	pthread_cond_destroy(&exports->woken);
	pthread_mutex_destroy(&exports->lock);
	free(exports);
}
