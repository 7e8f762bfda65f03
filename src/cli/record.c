/* SPDX-License-Identifier: MIT */
/* Appends samples to a file at fixed times. The first sample is not written because ages
 * and CPU shares need a previous one. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/session_options.h"
#include "cli/target.h"
#include "out/stream.h"
#include "rec/file.h"
#include "session/session.h"

#define HOLDS_EACH    200 /* tasks that are asked what they hold, with each sample */
#define FIRST_WAIT_NS (5 * CLOCK_SECOND_NS)
#define FIRST_TRIES   4 /* for the first sample, however late it is */
#define KEEP_DEFAULT  4
#define KEEP_MOST     255 /* the most that the reader follows */

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	stop_signal = number;
}

struct recorder {
	struct session session;
	struct rec_file file;
	struct stream *stream;
	struct buf lines;
	uint64_t samples;
	bool failing;   /* the last write failed, and this was reported */
	bool say_holds; /* --holds, and the user was not told yet what that means here */
	int64_t end_ns;
	unsigned tries;                      /* samples begun after the end */
	struct holds_wish holds[HOLDS_EACH]; /* those to ask with the next sample */
};

static int parse_rotate(const char *text, struct rec_file *file, struct err *e)
{
	if (number_parse_size(text, &file->rotate_bytes)) {
		if (file->rotate_bytes >= 1024)
			return 0;
		return err_set(e, ERR_USAGE,
			       "--rotate: '%.40s' is not a size of at least 1k", text);
	}
	if (clock_parse_duration(text, &file->rotate_ns, e) == 0 && file->rotate_ns > 0)
		return 0;
	return err_set(e, ERR_USAGE,
		       "--rotate: '%.40s' is neither a size (500k, 10M, 1G) nor a "
		       "duration (10m, 1h)",
		       text);
}

static int read_options(const struct options *options, struct recorder *recorder,
			struct err *e)
{
	const char *keep = options->value[OPTION_KEEP_FILES];
	const char *length = options->value[OPTION_FOR];
	int64_t for_ns = 0, count = KEEP_DEFAULT;
	int rc = 0;

	recorder->file.path = options->value[OPTION_OUTPUT];
	if (!recorder->file.path)
		return err_set(e, ERR_USAGE,
			       "'grmon-c record' needs -o FILE, or -o - for the standard "
			       "output");
	if (keep && !number_parse(keep, KEEP_MOST, &count))
		return err_set(e, ERR_USAGE,
			       "--keep-files: '%.40s' is not a number up to %d", keep,
			       KEEP_MOST);
	recorder->file.keep = (int)count;
	if (options->value[OPTION_ROTATE])
		rc = parse_rotate(options->value[OPTION_ROTATE], &recorder->file, e);
	if (rc == 0 && length)
		rc = option_duration(OPTION_FOR, length, &for_ns, e);
	recorder->end_ns = length ? clock_add(clock_mono_ns(), for_ns) : INT64_MAX;
	return rc;
}

static bool is_stopped(void)
{
	return stop_signal != 0;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	/* With SIGXFSZ ignored, file-size limits are reported like a full disk, not
	 * fatal. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void say_progress(const struct recorder *recorder, const struct snapshot *snapshot)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr,
			"\r%llu samples, %lld kB, %u tasks, %u stuck; ^C stops \033[K",
			(unsigned long long)recorder->samples,
			(long long)(recorder->file.bytes / 1000), snapshot->counts.tasks,
			snapshot->counts.stuck);
}

/* A write error is reported once and the write is tried again with the next sample: the
 * disk may have space then. A pipe without a reader ends the recording. */
static int write_sample(struct recorder *recorder, struct snapshot *snapshot,
			struct err *e)
{
	bool rotated = false;
	int rc = rec_file_rotate(&recorder->file, &rotated, e);

	if (rc == 0 && rotated)
		stream_restart(recorder->stream);
	if (rc == 0)
		rc = stream_put(recorder->stream, snapshot, &recorder->lines, e);
	if (rc == 0)
		rc = rec_file_write(&recorder->file, &recorder->lines, e);
	if (rc == 0) {
		recorder->failing = false;
		recorder->samples++;
		say_progress(recorder, snapshot);
		return 0;
	}
	stream_restart(recorder->stream);
	if (rc == ERR_UNSUPPORTED || e->sys == EPIPE || recorder->file.fd < 0)
		return rc;
	if (!recorder->failing)
		cli_complain("%s; trying again with every sample", e->text);
	recorder->failing = true;
	return 0;
}

static void pause_until(int64_t due_ns)
{
	if (!stop_signal)
		(void)clock_sleep_until(due_ns);
}

/* Records at least one sample if possible, however short --for is and however long the
 * machine lets us wait for the CPU. */
static bool needs_more_samples(struct recorder *recorder)
{
	int64_t now_ns = clock_mono_ns();

	if (stop_signal)
		return false;
	if (now_ns < recorder->end_ns)
		return true;
	if (recorder->samples > 0 || recorder->failing)
		return false;
	return recorder->tries++ < FIRST_TRIES ||
	       now_ns - FIRST_WAIT_NS < recorder->end_ns;
}

static int say_nothing(struct err *e, const struct err *failed)
{
	return err_set(e, ERR_TIMEOUT, "nothing was recorded: %.300s",
		       failed->code ? failed->text : "there was no time for a sample");
}

static void say_holds(struct recorder *recorder, const struct snapshot *snapshot)
{
	const char *why;

	if (!recorder->say_holds)
		return;
	recorder->say_holds = false;
	if (holds_possible(snapshot, &why))
		cli_complain("strings of the target are recorded, which can be secrets; "
			     "take care of who can read the recording");
	else
		cli_complain("--holds: %s", why);
}

/* Returns 0, or the error that ended the recording: ERR_TIMEOUT if there was no sample
 * until its end. ERR_GONE is a normal end once there is a sample. */
static int record_samples(struct recorder *recorder, int64_t interval_ns, struct err *e)
{
	struct source_focus focus = {.all = session_is_live(&recorder->session),
				     .holds = recorder->holds};
	int64_t due_ns = clock_mono_ns();
	bool first = session_is_live(&recorder->session);
	struct snapshot *snapshot;
	struct err failed = {0};
	int rc = 0;

	while (rc == 0 && needs_more_samples(recorder)) {
		int sampled;

		err_clear(&failed);
		sampled = session_sample(&recorder->session, &focus, &snapshot, &failed);
		if (sampled == 0 && !first)
			rc = write_sample(recorder, snapshot, e);
		if (sampled == 0) {
			say_holds(recorder, snapshot);
			focus.nr_holds = stream_wants_holds(recorder->stream, snapshot,
							    recorder->holds, HOLDS_EACH);
			snapshot_unref(snapshot);
		}
		if (sampled == ERR_GONE) {
			*e = failed;
			return recorder->samples > 0 ? 0 : ERR_GONE;
		}
		if (sampled != 0 && first) {
			*e = failed;
			return sampled;
		}
		due_ns += first ? CLOCK_SECOND_NS / 10 : interval_ns;
		first = false;
		if (due_ns < clock_mono_ns())
			due_ns = clock_mono_ns();
		pause_until(due_ns < recorder->end_ns || recorder->samples == 0
				    ? due_ns
				    : recorder->end_ns);
	}
	if (rc == 0 && recorder->samples == 0 && !recorder->failing && !stop_signal)
		rc = say_nothing(e, &failed);
	return rc;
}

static int record_target(struct recorder *recorder, const struct options *options,
			 struct target *target)
{
	struct err e = {0};
	int rc;

	if (target_attach(target, &recorder->session, STDIN_FILENO, &e) != 0) {
		cli_complain("%s", e.text);
		return cli_exit_of(&e);
	}
	if (rec_file_open(&recorder->file, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	catch_signals();
	rc = record_samples(recorder, options->settings.interval_ns, &e);
	if (isatty(STDERR_FILENO) && recorder->samples > 0)
		fprintf(stderr, "\n");
	if (rc == 0)
		rc = rec_file_close(&recorder->file, &e);
	if (rc != 0 && e.sys != EPIPE)
		cli_complain("%s", e.text);
	if (rc == ERR_GONE)
		return CLI_ENDED;
	if (rc == ERR_TIMEOUT || rc == ERR_UNSUPPORTED)
		return CLI_UNWATCHABLE;
	return rc != 0 || recorder->failing ? CLI_USAGE : CLI_FINE;
}

int command_record(struct options *options)
{
	struct session_options session_options = session_options_from(options);
	struct recorder recorder = {.file.fd = -1};
	struct target target;
	struct err e = {0};
	int rc;

	if (read_options(options, &recorder, &e) != 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	rc = target_find(options, &target);
	if (rc != CLI_FINE) {
		target_release(&target);
		return rc;
	}
	session_options.stopped = is_stopped;
	recorder.stream = stream_new();
	if (recorder.stream && options->value[OPTION_HOLDS]) {
		stream_write_holds(recorder.stream);
		recorder.say_holds = true;
	}
	if (session_init(&recorder.session, &session_options, &e) != 0 ||
	    !recorder.stream) {
		cli_complain("out of memory: cannot record");
		rc = CLI_UNWATCHABLE;
	} else {
		rc = record_target(&recorder, options, &target);
	}
	target_release(&target);
	stream_free(recorder.stream);
	buf_release(&recorder.lines);
	session_release(&recorder.session);
	return rc;
}
