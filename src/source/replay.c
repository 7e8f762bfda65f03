/* SPDX-License-Identifier: MIT */
/* Source for a recording or a dump, in a file or on a pipe. Snapshots are complete as
 * they were recorded; the target, which may be long gone, is not needed. */
#include "source/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rec/reader.h"
#include "source/sniff.h"
#include "source/source.h"

#define WAIT_MS 100
/* During playback, a longer gap between samples is shortened to one second. */
#define GAP_NS  (5 * CLOCK_SECOND_NS)

struct replay {
	struct source_target target;
	struct rec_reader *reader;
	size_t at;
	bool follow;  /* shows the newest sample */
	double speed; /* 0 if it does not play */
	int64_t base_mono_ns,
		base_real_ns; /* during playback, both are the same moment */
};

static bool is_pipe(const struct source_target *t)
{
	return strcmp(t->text, "-") == 0;
}

static int replay_probe(const struct source_target *t, struct err *e)
{
	if (t->pid == 0 && t->text &&
	    (is_pipe(t) || source_sniff_file(t->text, NULL) == SNIFF_GRMON))
		return 70;
	err_set(e, ERR_UNSUPPORTED,
		"the replay source needs a file written by 'grmon-c record' or "
		"'grmon-c dump -f json'; '%.60s' is not one",
		t->text ? t->text : "");
	return 0;
}

static bool is_cancelled(const struct replay *replay)
{
	return replay->target.cancel &&
	       __atomic_load_n(replay->target.cancel, __ATOMIC_RELAXED);
}

/* Reads until there is a sample or, with `all`, until the pipe ends. */
static int read_samples(struct replay *replay, bool all, struct err *e)
{
	int rc = rec_reader_poll(replay->reader, e);

	while (rc == 0 && rec_reader_is_open(replay->reader) && !is_cancelled(replay) &&
	       (all || rec_reader_count(replay->reader) == 0)) {
		rec_reader_wait(replay->reader, WAIT_MS);
		rc = rec_reader_poll(replay->reader, e);
	}
	if (rc == 0 && rec_reader_count(replay->reader) == 0)
		rc = rec_reader_explain(replay->reader,
					is_pipe(&replay->target) ? "the standard input"
								 : replay->target.text,
					e);
	return rc;
}

bool replay_fits_stream(int fd)
{
	struct pollfd input = {.fd = fd, .events = POLLIN};
	char bytes[256];
	ssize_t got = -1;
	int copy[2];

	while (poll(&input, 1, -1) < 0 && errno == EINTR)
		continue;
	if (lseek(fd, 0, SEEK_CUR) >= 0) {
		got = pread(fd, bytes, sizeof(bytes), 0);
	} else if (pipe2(copy, O_CLOEXEC) == 0) {
		if (tee(fd, copy[1], sizeof(bytes), 0) > 0)
			got = read(copy[0], bytes, sizeof(bytes));
		close(copy[0]);
		close(copy[1]);
	}
	return got > 0 && source_sniff(bytes, (size_t)got) == SNIFF_GRMON;
}

static int replay_open(void *ctx, const struct source_target *t, struct err *e)
{
	struct replay *replay = ctx;

	replay->target = *t;
	replay->follow = true;
	replay->reader = is_pipe(t) ? rec_reader_new(t->input_fd, t->intern, t->stacks, e)
				    : rec_reader_open(t->text, t->intern, t->stacks, e);
	return replay->reader ? read_samples(replay, false, e) : e->code;
}

static int64_t time_at(const struct replay *replay, size_t at)
{
	return rec_reader_time(replay->reader, at);
}

/* From now on, playback time is relative to the current sample. */
static void set_base(struct replay *replay)
{
	replay->base_mono_ns = clock_mono_ns();
	replay->base_real_ns = time_at(replay, replay->at);
}

static void move_to(struct replay *replay, size_t at)
{
	size_t last = rec_reader_count(replay->reader) - 1;

	replay->at = at > last ? last : at;
	replay->follow = replay->at == last;
	if (replay->speed > 0)
		set_base(replay);
}

/* Advances by at least one sample if one is due, because the clock may have been set
 * back. */
static void advance(struct replay *replay)
{
	size_t last = rec_reader_count(replay->reader) - 1, at;
	int64_t past_ns = clock_mono_ns() - replay->base_mono_ns;
	int64_t now_ns =
		replay->base_real_ns + (int64_t)((double)past_ns * replay->speed);
	int64_t next_ns;

	if (replay->at < last && time_at(replay, replay->at + 1) <= now_ns) {
		at = rec_reader_find(replay->reader, now_ns);
		replay->at = at > replay->at ? at : replay->at + 1;
	}
	if (replay->at >= last) {
		replay->follow = true;
		replay->speed = 0;
		return;
	}
	next_ns = time_at(replay, replay->at + 1);
	if ((double)(next_ns - now_ns) > GAP_NS * replay->speed ||
	    next_ns < time_at(replay, replay->at)) {
		replay->base_mono_ns = clock_mono_ns();
		replay->base_real_ns =
			next_ns - (int64_t)(CLOCK_SECOND_NS * replay->speed);
	}
}

int64_t replay_due_ns(const void *ctx)
{
	const struct replay *replay = ctx;
	int64_t left_ns;

	if (replay->speed <= 0 || replay->at + 1 >= rec_reader_count(replay->reader))
		return INT64_MAX;
	left_ns = time_at(replay, replay->at + 1) - replay->base_real_ns;
	return replay->base_mono_ns + (int64_t)((double)left_ns / replay->speed);
}

int replay_update(void *ctx, bool all, struct feed_place *place, struct err *e)
{
	struct replay *replay = ctx;
	int rc = read_samples(replay, all, e);
	size_t last;

	if (rc != 0)
		return rc;
	last = rec_reader_count(replay->reader) - 1;
	if (replay->follow)
		replay->at = last;
	else if (replay->speed > 0)
		advance(replay);
	*place = (struct feed_place){.at = replay->at,
				     .count = last + 1,
				     .first_real_ns = time_at(replay, 0),
				     .last_real_ns = time_at(replay, last),
				     .speed = replay->speed,
				     .follow = replay->follow,
				     .over = is_pipe(&replay->target) &&
					     !rec_reader_is_open(replay->reader)};
	return 0;
}

int replay_read(void *ctx, size_t at, struct snapshot *out, struct err *e)
{
	struct replay *replay = ctx;
	int rc = rec_reader_read(replay->reader, at, out, e);

	out->target.replay = true;
	return rc;
}

static int replay_sample(void *ctx, const struct source_focus *focus,
			 struct snapshot *out, struct err *e)
{
	struct feed_place place;
	int rc = replay_update(ctx, focus && focus->all, &place, e);

	return rc ? rc : replay_read(ctx, place.at, out, e);
}

void replay_move(void *ctx, int samples, int64_t by_ns)
{
	struct replay *replay = ctx;
	size_t last = rec_reader_count(replay->reader) - 1, at = replay->at;

	if (by_ns != 0) {
		at = rec_reader_find(replay->reader, time_at(replay, at) + by_ns);
		/* In a gap between samples, go to the next one. */
		if (at == replay->at && by_ns > 0 && at < last)
			at++;
	} else if (samples < 0) {
		at = at < (size_t) - (int64_t)samples ? 0
						      : at - (size_t) - (int64_t)samples;
	} else {
		at += (size_t)samples;
	}
	move_to(replay, at);
}

void replay_seek(void *ctx, int64_t real_ns)
{
	struct replay *replay = ctx;

	move_to(replay, rec_reader_find(replay->reader, real_ns));
}

void replay_play(void *ctx, double speed)
{
	struct replay *replay = ctx;

	replay->follow = false;
	replay->speed = speed > REPLAY_FASTEST ? REPLAY_FASTEST : speed > 0 ? speed : 0;
	if (replay->speed > 0)
		set_base(replay);
}

static void replay_close(void *ctx)
{
	struct replay *replay = ctx;

	rec_reader_free(replay->reader);
	replay->reader = NULL;
}

const struct source_ops source_replay = {
	.name = "replay",
	.summary = "a recording or a JSON dump, from a file or a pipe",
	.ctx_size = sizeof(struct replay),
	.probe = replay_probe,
	.open = replay_open,
	.sample = replay_sample,
	.close = replay_close,
};
