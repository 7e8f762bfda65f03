/* SPDX-License-Identifier: MIT */
/* Targets of an exporter, found by pid, name, cgroup or URL. A target is removed some
 * time after its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/export_private.h"
#include "grmon.h"
#include "source/sniff.h"

#define KEEP_ENDED_NS  (30 * CLOCK_SECOND_NS)
/* A target counts as down after this many missed samples, and not before
 * STALE_LEAST_NS. */
#define STALE_SAMPLES  5
#define STALE_LEAST_NS (10 * CLOCK_SECOND_NS)

/* Also finds a target that has ended and is still served as down: a zombie with this pid
 * is not a new process. */
static struct watched *find_watched(const struct exports *exports, pid_t pid,
				    const struct word *word)
{
	for (struct watched *one = exports->list; one; one = one->next)
		if (pid > 0 ? one->pid == pid : one->word == word)
			return one;
	return NULL;
}

/* Starts watching the process, unless it is already watched. */
static void watch_target(struct exports *exports, pid_t pid, struct word *word,
			 const char *name)
{
	struct watched *one;

	if (find_watched(exports, pid, word))
		return;
	if (exports->nr_watched >= EXPORT_TARGETS_MAX) {
		if (!exports->full)
			cli_complain("there are more than %d targets; the others are not "
				     "exported",
				     EXPORT_TARGETS_MAX);
		exports->full = true;
		return;
	}
	one = calloc(1, sizeof(*one));
	if (!one)
		return;
	one->exports = exports;
	one->word = word;
	one->pid = pid;
	one->taken.pid = pid;
	one->taken.sample_ns = -1;
	snprintf(one->taken.target, sizeof(one->taken.target), "%s", name);
	one->metrics = one->taken;
	pthread_mutex_lock(&exports->lock);
	if (export_watch_start(one)) {
		one->next = exports->list;
		exports->list = one;
		exports->nr_watched++;
		one = NULL;
	}
	pthread_mutex_unlock(&exports->lock);
	free(one);
}

/* Removes the targets that have been served as down for long enough, and counts the
 * others. */
static void remove_ended(struct exports *exports)
{
	struct watched **link = &exports->list, *one;
	int64_t before_ns = clock_mono_ns() - KEEP_ENDED_NS;
	struct watched *gone = NULL;

	pthread_mutex_lock(&exports->lock);
	for (size_t i = 0; i < exports->nr_words; i++)
		exports->words[i].matched = 0;
	while ((one = *link)) {
		one->word->matched += one->ended_ns == 0;
		/* The pid may be reused by another process, which is not the target. */
		if (one->ended_ns > 0 && one->pid > 0)
			words_forget(exports->processes, one->pid);
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

static struct word *word_of(struct exports *exports, size_t number)
{
	for (size_t i = 0; i < exports->nr_words; i++)
		if (!exports->words[i].is_url && exports->words[i].number == number)
			return &exports->words[i];
	return NULL;
}

static void find_new(struct exports *exports)
{
	const struct words_process *found;
	struct err e = {0};
	size_t count;

	for (size_t i = 0; i < exports->nr_words; i++)
		if (exports->words[i].is_url)
			watch_target(exports, 0, &exports->words[i],
				     exports->words[i].text);
	if (words_find(exports->processes, &found, &count, &e) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		struct word *word = word_of(exports, found[i].word);

		if (word)
			watch_target(exports, found[i].pid, word, found[i].name);
	}
}

void exports_discover(struct exports *exports)
{
	find_new(exports);
	remove_ended(exports);
}

static int kind_of_word(struct exports *exports, struct word *word)
{
	struct err e = {0};
	int rc;

	word->is_url = source_is_url(word->text);
	if (word->is_url)
		return CLI_FINE;
	word->number = words_count(exports->processes);
	rc = words_add(exports->processes, word->text, &e);
	if (rc == 0)
		return CLI_FINE;
	cli_complain("%s", e.text);
	return rc == ERR_USAGE ? CLI_USAGE : CLI_UNWATCHABLE;
}

static int read_word(struct exports *exports, const char *text)
{
	struct word *word = &exports->words[exports->nr_words];

	if (exports->nr_words == EXPORT_WORDS_MAX) {
		cli_complain("at most %d words can name targets; use cgroup:PATH to name "
			     "many at once",
			     EXPORT_WORDS_MAX);
		return CLI_USAGE;
	}
	/* Ignore repeated words: their targets would be counted twice. */
	for (size_t i = 0; i < exports->nr_words; i++)
		if (strcmp(exports->words[i].text, text) == 0)
			return CLI_FINE;
	word->text = text;
	exports->nr_words++;
	return kind_of_word(exports, word);
}

static int read_words(struct exports *exports, const struct options *options)
{
	int rc = CLI_FINE;

	if (options->pid > 0)
		rc = read_word(exports, options->value[OPTION_PID]);
	for (int i = 0; i < options->nr_words && rc == CLI_FINE; i++)
		rc = read_word(exports, options->words[i]);
	return rc;
}

static void say_missing(const struct exports *exports)
{
	for (size_t i = 0; i < exports->nr_words; i++)
		if (exports->words[i].matched == 0)
			cli_complain("no target matches '%s' yet; waiting for one",
				     exports->words[i].text);
}

struct exports *exports_start(const struct export_options *options, int *rc)
{
	struct exports *exports = calloc(1, sizeof(*exports));

	if (exports)
		exports->processes = words_new();
	if (!exports || !exports->processes) {
		cli_complain("out of memory for the list of targets");
		free(exports);
		*rc = CLI_UNWATCHABLE;
		return NULL;
	}
	exports->options = *options;
	pthread_mutex_init(&exports->lock, NULL);
	threads_init_cond(&exports->woken);
	*rc = read_words(exports, options->options);
	if (*rc == CLI_FINE) {
		exports_discover(exports);
		say_missing(exports);
		return exports;
	}
	exports_stop(exports);
	return NULL;
}

/* A sample that hangs leaves old values behind: do not serve them as current. */
static bool is_stale(const struct exports *exports, const struct watched *one)
{
	int64_t limit_ns = exports->options.options->settings.interval_ns * STALE_SAMPLES;

	if (limit_ns < STALE_LEAST_NS)
		limit_ns = STALE_LEAST_NS;
	return one->sampled_ns > 0 && clock_mono_ns() - one->sampled_ns > limit_ns;
}

void exports_write(struct exports *exports, enum metrics_format format, struct buf *out)
{
	struct metrics_match matches[EXPORT_WORDS_MAX];
	const struct metrics **list;
	struct metrics *copies;
	size_t count = 0;

	pthread_mutex_lock(&exports->lock);
	for (size_t i = 0; i < exports->nr_words; i++)
		matches[i] = (struct metrics_match){exports->words[i].text,
						    exports->words[i].matched};
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
	metrics_write_matches(matches, exports->nr_words, format, out);
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

bool exports_over(struct exports *exports)
{
	bool over = !words_can_grow(exports->processes);

	for (size_t i = 0; i < exports->nr_words; i++)
		over &= !exports->words[i].is_url && exports->words[i].matched == 0;
	return over;
}

void exports_stop(struct exports *exports)
{
	struct watched *one;

	pthread_mutex_lock(&exports->lock);
	for (one = exports->list; one; one = one->next)
		export_watch_cancel(one);
	pthread_cond_broadcast(&exports->woken);
	pthread_mutex_unlock(&exports->lock);
	while ((one = exports->list)) {
		exports->list = one->next;
		pthread_join(one->thread, NULL);
		free(one);
	}
	words_free(exports->processes);
	pthread_cond_destroy(&exports->woken);
	pthread_mutex_destroy(&exports->lock);
	free(exports);
}
