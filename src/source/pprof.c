/* SPDX-License-Identifier: MIT */
/* Source for goroutines as the runtime prints them: a live endpoint, queried in the way
 * that costs the program least, or a file or stream with such a text. */
#include "source/pprof/pprof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/build.h"
#include "base/clock.h"
#include "source/pprof/age.h"
#include "source/pprof/http.h"
#include "source/pprof/spool.h"
#include "source/sniff.h"
#include "source/source.h"

/* Above this number of goroutines, only one row per stack is requested. */
#define SINGLE_MAX      20000u
#define PROFILE_MAX     (64u << 20)
#define TEXT_MAX        (256u << 20)
#define READ_BYTES      (1u << 20)
#define STREAM_WAIT_MS  200
#define STREAM_ROUNDS   5
/* Goroutines may have waited for longer than this machine has been up: their dump may
 * come from another machine or an earlier day. */
#define CLOCK_BEHIND_NS (PPROF_YEARS_MAX * 366ll * 24 * 3600 * CLOCK_SECOND_NS)

struct pprof {
	struct source_target target;
	struct pprof_http *http;  /* NULL for a file or stdin */
	struct pprof_spool spool; /* of stdin, if it is shown while it is open */
	uint64_t parsed_bytes;    /* of the spool */
	struct pprof_ages ages;
	bool counted;
	/* For a file: the requested dump (0: the most informative one), the dump that is
	 * shown, and the number of dumps. */
	size_t dump, shown, dumps;
	bool moved;     /* another dump was requested */
	uint64_t total; /* number of goroutines in the last sample */

	/* For a file: its contents when it was read. */
	struct snapshot *parsed;
	struct stat status;
	uint64_t nr_samples;
};

static void pprof_close(void *ctx)
{
	struct pprof *pprof = ctx;

	pprof_http_free(pprof->http);
	pprof->http = NULL;
	pprof_ages_release(&pprof->ages);
	pprof_spool_release(&pprof->spool);
	snapshot_unref(pprof->parsed);
	pprof->parsed = NULL;
}

static int pprof_probe(const struct source_target *t, struct err *e)
{
	if (t->pid == 0 && t->text &&
	    (source_is_url(t->text) || strcmp(t->text, "-") == 0 ||
	     access(t->text, R_OK) == 0))
		return 60;
	err_set(e, ERR_UNSUPPORTED,
		"the pprof source needs the URL http://HOST:PORT of a program with "
		"net/http/pprof, or a file with a dump; '%.60s' is neither",
		t->text ? t->text : "");
	return 0;
}

static void note_dumps(const struct pprof_found *found, struct snapshot *out)
{
	char sizes[160] = "";
	size_t used = 0;

	for (size_t i = 0; i < found->dumps && i < PPROF_SIZES_MAX; i++) {
		const char *before = i == 0 ? "" : i + 1 < found->dumps ? ", " : " and ";
		int added = snprintf(sizes + used, sizeof(sizes) - used, "%s%zu", before,
				     found->sizes[i]);

		if (added < 0 || (size_t)added >= sizeof(sizes) - used)
			break;
		used += (size_t)added;
	}
	snapshot_note(out,
		      "this text has %zu dumps, with %s%s goroutines; number %zu is "
		      "shown; --dump N selects another",
		      found->dumps, sizes, found->dumps > PPROF_SIZES_MAX ? ", ..." : "",
		      found->dump);
}

static void note_found(const struct pprof_found *found, struct snapshot *out)
{
	if (found->dumps > 1)
		note_dumps(found, out);
	if (found->grouped)
		snapshot_note(
			out,
			"each row stands for all goroutines with one stack, and its "
			"label 'goroutines' is their number; %zu in total; only "
			"debug=2 has states, ages and ids",
			found->goroutines);
	else if (found->goroutines > out->nr_tasks)
		snapshot_note(out, "%zu goroutines, of which %zu are shown",
			      found->goroutines, out->nr_tasks);
	if (found->race)
		snapshot_note(out, "a data race: the two accesses, and where their "
				   "goroutines were created");
	if (found->no_frames > 0)
		snapshot_note(out, "%zu of %zu stacks have no frames in this text",
			      found->no_frames, found->goroutines);
	if (found->newest_first)
		snapshot_note(out, "the newest line of the text comes first; the text "
				   "was read backwards");
	if (found->no_stack > 0)
		snapshot_note(out,
			      "%zu rows have no stack, because there are too "
			      "many different stacks",
			      found->no_stack);
}

struct reading {
	struct pprof_text *text;
	size_t bytes;
};

static bool read_text(void *ctx, const char *bytes, size_t length)
{
	struct reading *reading = ctx;

	pprof_text_feed(reading->text, bytes, length);
	reading->bytes += length;
	return true;
}

struct first_line {
	char line[128];
	size_t length;
};

static bool read_first_line(void *ctx, const char *bytes, size_t length)
{
	struct first_line *first = ctx;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' || first->length == sizeof(first->line))
			return false;
		first->line[first->length++] = bytes[i];
	}
	return true;
}

/* Gets the number of goroutines, before all of them are requested. */
static int count_first(struct pprof *pprof, struct err *e)
{
	struct first_line first = {{0}, 0};
	int rc = pprof_http_get(pprof->http, 1, read_first_line, &first, e);

	if (rc != 0)
		return rc;
	if (!pprof_total(first.line, first.length, &pprof->total))
		return err_set(e, ERR_FORMAT,
			       "the answer from %.100s is not a Go goroutine profile",
			       pprof->target.text);
	pprof->counted = true;
	return 0;
}

static int sample_each(struct pprof *pprof, const struct pprof_out *out,
		       struct pprof_found *found, struct err *e)
{
	struct reading reading = {pprof_text_new(out), 0};
	int rc;

	if (!reading.text)
		return err_set(e, ERR_NOMEM, "no memory for a dump");
	rc = pprof_http_get(pprof->http, 2, read_text, &reading, e);
	pprof_text_end(reading.text, found);
	pprof_text_free(reading.text);
	if (rc != 0)
		return rc;
	if (found->goroutines == 0)
		return err_set(e, ERR_FORMAT,
			       "the answer from %.100s is not a goroutine dump",
			       pprof->target.text);
	if (reading.bytes >= PPROF_DUMP_MAX)
		snapshot_note(out->snapshot,
			      "the runtime truncated its dump at 64 MB; goroutines are "
			      "missing");
	else if (found->cut || found->open_end)
		return err_set(e, ERR_FORMAT, "the dump from %.100s is incomplete",
			       pprof->target.text);
	pprof_ages_update(&pprof->ages, out->snapshot);
	return 0;
}

/* Decompresses gzip data; leaves other data unchanged. */
static int gunzip(struct buf *bytes, size_t max_bytes, struct err *e)
{
	unsigned char piece[16384];
	struct buf unpacked;
	z_stream stream;
	int rc = Z_OK;

	if (bytes->length < 3 || memcmp(bytes->bytes, "\x1f\x8b", 2) != 0)
		return 0;
	memset(&stream, 0, sizeof(stream));
	buf_init(&unpacked, max_bytes);
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return err_set(e, ERR_NOMEM, "no memory to unpack the profile");
	stream.next_in = (unsigned char *)bytes->bytes;
	stream.avail_in = (unsigned)bytes->length;
	while (rc == Z_OK && !unpacked.failed) {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		rc = inflate(&stream, Z_NO_FLUSH);
		buf_append(&unpacked, piece, sizeof(piece) - stream.avail_out);
	}
	inflateEnd(&stream);
	if (rc != Z_STREAM_END) {
		bool large = unpacked.failed;

		buf_release(&unpacked);
		return err_set(e, ERR_FORMAT,
			       large ? "the profile is too large"
				     : "the profile is damaged or incomplete");
	}
	buf_release(bytes);
	*bytes = unpacked;
	return 0;
}

static bool read_profile(void *ctx, const char *bytes, size_t length)
{
	struct buf *profile = ctx;

	buf_append(profile, bytes, length);
	return !profile->failed;
}

static int sample_grouped(struct pprof *pprof, const struct pprof_out *out,
			  struct pprof_found *found, struct err *e)
{
	struct buf profile;
	int rc;

	buf_init(&profile, PROFILE_MAX);
	rc = pprof_http_get(pprof->http, 0, read_profile, &profile, e);
	if (rc == 0 && profile.failed)
		rc = err_set(e, ERR_FORMAT, "the profile is too large");
	if (rc == 0)
		rc = gunzip(&profile, PROFILE_MAX, e);
	if (rc == 0)
		rc = pprof_proto_read(out, profile.bytes ? profile.bytes : "",
				      profile.length, found, e);
	buf_release(&profile);
	if (rc == 0)
		snapshot_note(out->snapshot,
			      "more than %u goroutines; printing each of them would "
			      "stop the program for a long time",
			      SINGLE_MAX);
	return rc;
}

static int sample_live(struct pprof *pprof, struct snapshot *out, struct err *e)
{
	struct pprof_out into = {pprof->target.intern, pprof->target.stacks, out, 0};
	struct pprof_found found = {0};
	int64_t begin_ns;
	long took_ms;
	int rc = pprof->counted ? 0 : count_first(pprof, e);

	if (rc != 0)
		return rc;
	begin_ns = clock_mono_ns();
	rc = pprof->total > SINGLE_MAX ? sample_grouped(pprof, &into, &found, e)
				       : sample_each(pprof, &into, &found, e);
	if (rc != 0)
		return rc;
	took_ms = (long)((clock_mono_ns() - begin_ns) / CLOCK_MS_NS);
	pprof->total = found.goroutines;
	note_found(&found, out);
	if (!found.grouped)
		snapshot_note(out,
			      "the program is stopped while it prints %zu goroutines: "
			      "up to %ld ms for this sample",
			      found.goroutines, took_ms + 1);
	return 0;
}

static int parse_bytes(const struct pprof_out *out, struct buf *bytes,
		       struct pprof_found *found, struct err *e)
{
	struct pprof_text *text;
	int rc = gunzip(bytes, TEXT_MAX, e);

	if (rc != 0)
		return rc;
	if (source_sniff(bytes->bytes, bytes->length) != SNIFF_GOROUTINES)
		return pprof_proto_read(out, bytes->bytes, bytes->length, found, e);
	text = pprof_text_new(out);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for a dump");
	pprof_text_feed(text, bytes->bytes, bytes->length);
	pprof_text_end(text, found);
	pprof_text_free(text);
	return 0;
}

/* Reads text in pieces, because a log may exceed the limit for a profile. */
static int parse_fd(int fd, const struct pprof_out *out, struct pprof_found *found,
		    struct err *e)
{
	struct pprof_text *text = NULL;
	char *room = malloc(READ_BYTES);
	struct buf bytes;
	int rc = 0;
	ssize_t got;

	if (!room)
		return err_set(e, ERR_NOMEM, "no memory to read the input");
	buf_init(&bytes, TEXT_MAX);
	for (;;) {
		size_t before = bytes.length;

		got = read(fd, room, READ_BYTES);
		if (got > 0 && text)
			pprof_text_feed(text, room, (size_t)got);
		else if (got > 0)
			buf_append(&bytes, room, (size_t)got);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || bytes.failed)
			break;
		if (before == 0 && !text &&
		    source_sniff(bytes.bytes, bytes.length) != SNIFF_PROFILE) {
			text = pprof_text_new(out);
			if (!text)
				break;
			pprof_text_feed(text, bytes.bytes, bytes.length);
			buf_clear(&bytes);
		}
	}
	if (got < 0)
		rc = err_sys(e, errno, "cannot read the input");
	else if (bytes.failed)
		rc = err_set(e, ERR_FORMAT, "the input is larger than 256 MB");
	else if (text)
		pprof_text_end(text, found);
	else if (bytes.length > 0)
		rc = parse_bytes(out, &bytes, found, e);
	else
		rc = err_set(e, ERR_FORMAT,
			     "the input is empty; the program that writes it may tell "
			     "why");
	pprof_text_free(text);
	buf_release(&bytes);
	free(room);
	return rc;
}

static int open_input(struct pprof *pprof, struct err *e)
{
	int fd;

	pprof->parsed_bytes = pprof->spool.bytes;
	if (pprof->spool.on)
		return pprof_spool_reopen(&pprof->spool);
	if (strcmp(pprof->target.text, "-") == 0)
		return dup(pprof->target.input_fd);
	fd = open(pprof->target.text, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		err_sys(e, errno, "cannot read %s", pprof->target.text);
	return fd;
}

/* A file is here because it has the header of a goroutine, or the beginning of one. */
static int explain_nothing(const char *text, struct err *e)
{
	if (strcmp(text, "-") == 0)
		return err_set(e, ERR_FORMAT,
			       "the standard input contains no whole goroutine");
	return err_set(e, ERR_FORMAT,
		       "%.100s has the header of a goroutine but no whole one: it is cut "
		       "off, or its lines are not those that Go prints",
		       text);
}

static int parse_file(struct pprof *pprof, struct err *e)
{
	struct snapshot *parsed = snapshot_new();
	struct pprof_out out = {pprof->target.intern, pprof->target.stacks, parsed,
				pprof->dump};
	struct pprof_found found = {0};
	int fd = parsed ? open_input(pprof, e) : -1, rc;

	pprof->moved = false;
	if (fd < 0) {
		snapshot_unref(parsed);
		return parsed ? ERR_SYS : err_set(e, ERR_NOMEM, "no memory for a dump");
	}
	parsed->mono_ns = clock_mono_ns() + CLOCK_BEHIND_NS;
	parsed->clock_ahead_ns = CLOCK_BEHIND_NS;
	parsed->real_ns = clock_real_ns();
	if (fstat(fd, &pprof->status) == 0 && S_ISREG(pprof->status.st_mode))
		parsed->real_ns = clock_from_timespec(pprof->status.st_mtim);
	rc = parse_fd(fd, &out, &found, e);
	close(fd);
	if (rc == 0 && out.dump > found.dumps && found.dumps > 0)
		rc = err_set(e, ERR_USAGE, "there is no dump %zu: the text has %zu",
			     out.dump, found.dumps);
	else if (rc == 0 && found.goroutines == 0)
		rc = explain_nothing(pprof->target.text, e);
	if (rc != 0) {
		snapshot_unref(parsed);
		return rc;
	}
	note_found(&found, parsed);
	if (pprof->spool.open)
		snapshot_note(parsed, "the input is still open: this is what it has "
				      "brought so far");
	else if (found.cut)
		snapshot_note(parsed, "the text ends in the middle of a goroutine");
	snapshot_unref(pprof->parsed);
	pprof->parsed = parsed;
	pprof->nr_samples = 0;
	pprof->shown = found.dump;
	pprof->dumps = found.dumps;
	return 0;
}

static bool file_changed(struct pprof *pprof)
{
	bool was_open = pprof->spool.open;
	struct stat now;

	if (pprof->spool.on) {
		pprof_spool_take(&pprof->spool, 0);
		return pprof->spool.bytes != pprof->parsed_bytes ||
		       was_open != pprof->spool.open;
	}
	return strcmp(pprof->target.text, "-") != 0 &&
	       stat(pprof->target.text, &now) == 0 &&
	       (now.st_size != pprof->status.st_size ||
		!clock_same_timespec(now.st_mtim, pprof->status.st_mtim));
}

static void copy_labels(struct task *task, struct arena *arena)
{
	struct label *copy = arena_alloc(arena, task->nr_labels * sizeof(*copy));

	for (size_t i = 0; copy && i < task->nr_labels; i++) {
		const struct label *label = &task->labels[i];

		copy[i].key = arena_strndup(arena, label->key, strlen(label->key));
		copy[i].text = arena_strndup(arena, label->text, strlen(label->text));
		if (!copy[i].key || !copy[i].text)
			copy = NULL;
	}
	task->labels = copy;
	if (!copy)
		task->nr_labels = 0;
}

/* Returns the contents of the file again. Texts are copied, because each snapshot owns
 * its own. */
static int sample_file(struct pprof *pprof, struct snapshot *out, struct err *e)
{
	const struct snapshot *parsed;
	int rc = pprof->moved || file_changed(pprof) ? parse_file(pprof, e) : 0;

	if (rc != 0)
		return rc;
	parsed = pprof->parsed;
	out->undated = true;
	/* Only the first sample has a different time: a task is stuck only in two samples. */
	out->mono_ns =
		parsed->mono_ns + (pprof->nr_samples++ > 0 ? CLOCK_SECOND_NS / 50 : 0);
	out->real_ns = parsed->real_ns;
	for (size_t i = 0; i < parsed->nr_tasks; i++) {
		struct task *task = snapshot_add(out);

		if (!task)
			return err_set(e, ERR_NOMEM, "no memory for %zu goroutines",
				       parsed->nr_tasks);
		*task = parsed->tasks[i];
		task->name =
			intern_text(pprof->target.intern, task->name, strlen(task->name));
		if (task->nr_labels > 0)
			copy_labels(task, &out->arena);
	}
	for (size_t i = 0; i < parsed->nr_notes; i++)
		snapshot_note(out, "%s", parsed->notes[i]);
	return 0;
}

static void pprof_move(void *ctx, int dumps)
{
	struct pprof *pprof = ctx;
	int64_t to = (int64_t)pprof->shown + dumps;

	if (pprof->http || pprof->dumps == 0 ||
	    (strcmp(pprof->target.text, "-") == 0 && !pprof->spool.on))
		return;
	pprof->dump = to < 1 ? 1 : to > (int64_t)pprof->dumps ? pprof->dumps : (size_t)to;
	pprof->moved = pprof->dump != pprof->shown;
}

/* Waits until the input pauses, or for a second if it never does, each time until it has
 * brought a goroutine. */
static int open_stream(struct pprof *pprof, struct err *e)
{
	struct pprof_spool *spool = &pprof->spool;
	int rc = pprof_spool_start(spool, pprof->target.input_fd, e);

	if (rc != 0)
		return rc;
	for (int rounds = 0;; rounds++) {
		bool came = pprof_spool_take(spool, STREAM_WAIT_MS);

		if (pprof->target.cancel &&
		    __atomic_load_n(pprof->target.cancel, __ATOMIC_RELAXED))
			return err_set(e, ERR_GONE, "reading the input was cancelled");
		if (spool->open && came && rounds < STREAM_ROUNDS)
			continue;
		rounds = 0;
		if (spool->open && spool->bytes == pprof->parsed_bytes)
			continue;
		rc = parse_file(pprof, e);
		if (rc == 0 || !spool->open)
			return rc;
		err_clear(e);
	}
}

static int pprof_open(void *ctx, const struct source_target *t, struct err *e)
{
	struct pprof *pprof = ctx;

	pprof->target = *t;
	pprof->dump = t->dump;
	if (t->follow && strcmp(t->text, "-") == 0)
		return open_stream(pprof, e);
	if (!source_is_url(t->text))
		return parse_file(pprof, e);
	pprof->http = pprof_http_new(&pprof->target, e);
	return pprof->http ? count_first(pprof, e) : e->code;
}

static int pprof_sample(void *ctx, const struct source_focus *focus, struct snapshot *out,
			struct err *e)
{
	struct pprof *pprof = ctx;
	const char *name = pprof->target.text;
	int rc;

	out->mono_ns = clock_mono_ns() + CLOCK_BEHIND_NS;
	out->clock_ahead_ns = CLOCK_BEHIND_NS;
	out->real_ns = clock_real_ns();
	rc = pprof->http ? sample_live(pprof, out, e) : sample_file(pprof, out, e);
	if (rc != 0)
		return rc;
	if (pprof->http)
		name = pprof_http_shown(pprof->http);
	else if (strcmp(name, "-") == 0)
		name = "stdin";
	name = arena_strndup(&out->arena, name, 200);
	out->target.name = name ? name : "";
	out->target.sources = "pprof";
	out->target.ended = !pprof->http && !pprof->spool.open;
	out->target.dump = pprof->shown;
	out->target.dumps = pprof->dumps;
	return 0;
}

const struct source_ops source_pprof = {
	.name = "pprof",
	.summary = GRMON_WITH_HTTP
			   ? "goroutines from net/http/pprof, and from dumps and "
			     "panics in files"
			   : "goroutines from dumps and panics in files; not from "
			     "URLs: built without libcurl",
	.ctx_size = sizeof(struct pprof),
	.probe = pprof_probe,
	.open = pprof_open,
	.sample = pprof_sample,
	.close = pprof_close,
	.move = pprof_move,
};
