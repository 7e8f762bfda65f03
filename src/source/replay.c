/* SPDX-License-Identifier: MIT */
/* The source over a recording or a dump, in a file or on a pipe. Pictures are complete as
 * they were recorded; nothing is asked of the target, which may be long gone. */
#include "source/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "rec/reader.h"
#include "source/source.h"
#include "source/source_sniff.h"

#define WAIT_MS 100

struct replay {
	struct source_target target;
	struct rec_reader *reader;
	size_t at;
	bool follow; /* the newest */
	int64_t shown_real_ns;
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
		"the source replay needs a file that 'grmon-c record' or 'grmon-c dump "
		"-f json' wrote; '%.60s' is none",
		t->text ? t->text : "");
	return 0;
}

static bool cancelled(const struct replay *replay)
{
	return replay->target.cancel &&
	       __atomic_load_n(replay->target.cancel, __ATOMIC_RELAXED);
}

/* Until there is a sample, or with `all` until the pipe ends. */
static int take_in(struct replay *replay, bool all, struct err *e)
{
	int rc = rec_reader_poll(replay->reader, e);

	while (rc == 0 && rec_reader_is_open(replay->reader) && !cancelled(replay) &&
	       (all || rec_reader_count(replay->reader) == 0)) {
		rec_reader_wait(replay->reader, WAIT_MS);
		rc = rec_reader_poll(replay->reader, e);
	}
	if (rc == 0 && rec_reader_count(replay->reader) == 0)
		rc = err_set(e, ERR_FORMAT, "%.100s holds no whole sample of a recording",
			     is_pipe(&replay->target) ? "the standard input"
						      : replay->target.text);
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
	int fd =
		is_pipe(t) ? t->input_fd : open(t->text, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, errno, "cannot read %s", t->text);
	replay->target = *t;
	replay->follow = true;
	replay->reader = rec_reader_new(fd, t->intern, t->stacks, e);
	if (!is_pipe(t))
		close(fd);
	return replay->reader ? take_in(replay, false, e) : e->code;
}

static int replay_sample(void *ctx, const struct source_focus *focus,
			 struct snapshot *out, struct err *e)
{
	struct replay *replay = ctx;
	int rc = take_in(replay, focus->all, e);

	if (rc != 0)
		return rc;
	if (replay->follow)
		replay->at = rec_reader_count(replay->reader) - 1;
	rc = rec_reader_read(replay->reader, replay->at, out, e);
	out->target.replay = true;
	replay->shown_real_ns = out->real_ns;
	return rc;
}

void replay_move(void *ctx, int samples, int64_t by_ns)
{
	struct replay *replay = ctx;
	size_t last = rec_reader_count(replay->reader) - 1, at = replay->at;

	if (by_ns != 0) {
		at = rec_reader_find(replay->reader, replay->shown_real_ns + by_ns);
		/* A gap must not hold the reader of it. */
		if (at == replay->at && by_ns > 0 && at < last)
			at++;
	} else if (samples < 0) {
		at = at < (size_t)-samples ? 0 : at - (size_t)-samples;
	} else {
		at += (size_t)samples;
	}
	replay->at = at > last ? last : at;
	replay->follow = replay->at == last;
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
