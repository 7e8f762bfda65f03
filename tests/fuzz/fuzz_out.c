/* SPDX-License-Identifier: MIT */
/*
 * Every output for tasks whose texts are hostile: JSON stays valid, text has no byte that
 * a terminal would obey, and a recording reads back as it was written. Input: a byte for
 * what exists, one for what is written and how, then texts that end with a zero each.
 */
// max_len: 1024
#include <jansson.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/pictures.h"
#include "out/metrics.h"
#include "out/out.h"
#include "out/report.h"
#include "out/stream.h"
#include "out/timeline.h"
#include "rec/reader.h"

enum way { ASCII = 1, NARROW = 2, STACKS = 4, HOLDS = 128 };

static void check_json(const char *bytes, size_t length)
{
	json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);

	require(value != NULL);
	json_decref(value);
}

static void check_text(const struct buf *out, bool ascii)
{
	for (size_t i = 0; i < out->length; i++) {
		unsigned char byte = (unsigned char)out->bytes[i];

		require((byte >= ' ' || byte == '\n' || byte == '\t') && byte != 0x7f);
		require(!ascii || byte < 0x80);
	}
}

static void check(const char *format, const struct buf *out, bool ascii)
{
	require(!out->failed);
	if (strcmp(format, "json") == 0)
		check_json(out->bytes, out->length);
	else if (strcmp(format, "pprof") != 0)
		check_text(out, ascii && strcmp(format, "text") == 0);
}

static void write_picture(const struct snapshot *picture, unsigned ways)
{
	struct settings settings;
	struct rows_options options = {.class = -1};
	struct out_request request = {.snapshot = picture,
				      .settings = &settings,
				      .width = ways & NARROW ? 40 : 0,
				      .stacks = ways & STACKS,
				      .holds = ways & HOLDS};
	struct rows rows;
	struct buf out;

	settings_default(&settings);
	settings.ascii = ways & ASCII;
	rows_init(&rows);
	require(rows_update(&rows, picture, &options, picture->mono_ns, NULL) == 0);
	request.rows = &rows;
	for (size_t i = 0; out_table[i]; i++) {
		buf_init(&out, 0);
		require(out_table[i]->write(&request, &out, NULL) == 0);
		check(out_table[i]->name, &out, settings.ascii);
		buf_release(&out);
	}
	rows_release(&rows);
}

static void write_report(const struct snapshot *picture, unsigned ways)
{
	struct report_history *history = calloc(1, sizeof(*history));
	struct report_request request = {.snapshot = picture,
					 .history = history,
					 .nr_samples = 2,
					 .watched_ns = CLOCK_SECOND_NS,
					 .ascii = ways & ASCII,
					 .holds = ways & HOLDS};
	struct buf out;

	require(history != NULL);
	report_history_note(history, picture);
	for (size_t i = 0; report_table[i]; i++) {
		buf_init(&out, 0);
		report_table[i]->write(&request, &out);
		check(report_table[i]->name, &out, request.ascii);
		buf_release(&out);
	}
	free(history);
}

static void write_metrics(const struct snapshot *picture)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	const struct metrics *list[] = {metrics};
	struct buf out;

	require(metrics != NULL);
	metrics->up = true;
	snprintf(metrics->target, sizeof(metrics->target), "%s", picture->target.name);
	metrics_take(metrics, picture, METRICS_GROUPS_MAX);
	for (int format = METRICS_OPENMETRICS; format <= METRICS_TEXT; format++) {
		buf_init(&out, 0);
		metrics_write(list, 1, (enum metrics_format)format, "1", &out);
		check_text(&out, false);
		buf_release(&out);
	}
	free(metrics);
}

/* A recording has as many tasks when it is read as when it was written. */
static void check_stream(struct pictures *pictures, const struct buf *out)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct intern *intern = intern_new(1 << 20);
	struct rec_reader *reader;

	require(fd >= 0 && intern &&
		write(fd, out->bytes, out->length) == (ssize_t)out->length);
	reader = rec_reader_new(fd, intern, pictures->stacks, NULL);
	require(reader && rec_reader_poll(reader, NULL) == 0 &&
		rec_reader_count(reader) == 2);
	for (size_t at = 0; at < 2; at++) {
		struct snapshot *got = snapshot_new();

		require(got && rec_reader_read(reader, at, got, NULL) == 0);
		require(got->nr_tasks == pictures->list[at]->nr_tasks);
		snapshot_unref(got);
	}
	rec_reader_free(reader);
	intern_free(intern);
	close(fd);
}

static void write_stream(struct pictures *pictures)
{
	struct stream *stream = stream_new();
	struct buf out;

	require(stream != NULL);
	buf_init(&out, 0);
	stream_write_holds(stream);
	for (int i = 0; i < 2; i++)
		require(stream_put(stream, pictures->list[i], &out, NULL) == 0);
	for (const char *line = out.bytes; *line;) {
		const char *end = strchr(line, '\n');

		require(end != NULL);
		check_json(line, (size_t)(end - line));
		line = end + 1;
	}
	check_stream(pictures, &out);
	stream_free(stream);
	buf_release(&out);
}

static void write_timeline(struct pictures *pictures)
{
	struct timeline *timeline = timeline_new();
	struct rows_options options = {.class = -1};
	struct buf out;

	require(timeline != NULL);
	for (int i = 0; i < 2; i++) {
		struct snapshot *picture = pictures->list[i];
		struct rows rows;

		rows_init(&rows);
		require(rows_update(&rows, picture, &options, picture->mono_ns, NULL) ==
			0);
		timeline_add(timeline, picture, &rows, NULL);
		rows_release(&rows);
	}
	buf_init(&out, 0);
	timeline_write(timeline, &out);
	check_json(out.bytes, out.length);
	buf_release(&out);
	timeline_free(timeline);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pictures pictures;

	if (size < 3)
		return -1;
	pictures_make(&pictures, bytes + 2, size - 2, bytes[0]);
	switch (bytes[1] / 8 % 5) {
	case 0:
		write_picture(pictures.list[1], bytes[1]);
		break;
	case 1:
		write_report(pictures.list[1], bytes[1]);
		break;
	case 2:
		write_metrics(pictures.list[1]);
		break;
	case 3:
		write_stream(&pictures);
		break;
	default:
		write_timeline(&pictures);
		break;
	}
	pictures_release(&pictures);
	return 0;
}
