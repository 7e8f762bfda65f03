/* SPDX-License-Identifier: MIT */
/* The state is kept as JSON: a delta is an update of objects. A read seeks the last key
 * sample before it and applies what follows. */
#include "rec/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rec/decode.h"

#define LINE_MAX_BYTES (256u << 20)
#define INDEX_MAX      (16u << 20)
#define CHUNK_BYTES    (1u << 20)
#define SPOOL_MAX      (8ll << 30) /* of a pipe, in the folder for temporary files */
#define BEGIN_BYTES    256u
#define NOWHERE        SIZE_MAX

struct entry {
	int64_t offset;
	uint32_t bytes;
	bool key;
};

struct rec_reader {
	struct rec_tables tables;
	int fd;    /* to read by position */
	int input; /* a pipe that is copied to fd; -1: none, or at its end */
	int64_t spooled, scanned, line_begin;
	char begin[BEGIN_BYTES]; /* of the line that is being scanned */
	size_t begin_bytes;
	struct entry *entries;
	size_t nr_entries, cap_entries;
	char *chunk;

	json_t *head, *tasks; /* after sample `at` */
	size_t at;
	int64_t seq;
	bool broken; /* something is missing since the last key sample */
};

void rec_reader_free(struct rec_reader *reader)
{
	if (!reader)
		return;
	json_decref(reader->head);
	json_decref(reader->tasks);
	if (reader->fd >= 0)
		close(reader->fd);
	if (reader->input >= 0)
		close(reader->input);
	free(reader->tables.by_number);
	free(reader->entries);
	free(reader->chunk);
	free(reader);
}

static int open_spool(struct err *e)
{
	const char *folder = getenv("TMPDIR");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/grmon-c-XXXXXX",
		 folder && *folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		err_sys(e, errno, "cannot write %s, where a pipe's bytes are kept", path);
	else
		unlink(path);
	return fd;
}

struct rec_reader *rec_reader_new(int fd, struct intern *intern,
				  struct stack_table *stacks, struct err *e)
{
	struct rec_reader *reader = calloc(1, sizeof(*reader));
	struct stat status;

	if (!reader) {
		err_set(e, ERR_NOMEM, "there is no memory for a recording");
		return NULL;
	}
	reader->fd = reader->input = -1;
	reader->at = NOWHERE;
	reader->tables.intern = intern;
	reader->tables.stacks = stacks;
	reader->tables.by_number = calloc(REC_STACKS_MAX, sizeof(struct stack *));
	reader->chunk = malloc(CHUNK_BYTES);
	reader->head = json_object();
	reader->tasks = json_object();
	if (!reader->tables.by_number || !reader->chunk || !reader->head ||
	    !reader->tasks) {
		err_set(e, ERR_NOMEM, "there is no memory for a recording");
		goto failed;
	}
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		reader->fd = fd;
		return reader;
	}
	reader->input = fd;
	reader->fd = fd < 0 ? -1 : open_spool(e);
	if (fd < 0)
		err_sys(e, errno, "cannot read the recording");
	if (reader->fd >= 0)
		return reader;
failed:
	rec_reader_free(reader);
	return NULL;
}

static int take_pipe(struct rec_reader *reader, struct err *e)
{
	struct pollfd input = {.fd = reader->input, .events = POLLIN};

	/* At most 64 MB at a time: a writer that never pauses must not hold the view. */
	for (int i = 0; i < 64 && reader->input >= 0 && poll(&input, 1, 0) > 0; i++) {
		ssize_t got = read(reader->input, reader->chunk, CHUNK_BYTES), put = 0;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0) {
			close(reader->input);
			reader->input = -1;
			break;
		}
		while (put < got) {
			ssize_t n = pwrite(reader->fd, reader->chunk + put,
					   (size_t)(got - put), reader->spooled);

			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 || reader->spooled > SPOOL_MAX)
				return err_sys(e, n < 0 ? errno : EFBIG,
					       "cannot keep what comes from the pipe");
			put += n;
			reader->spooled += n;
		}
	}
	return 0;
}

static void add_entry(struct rec_reader *reader, int64_t bytes)
{
	const char *begin = reader->begin;
	struct entry *entries;

	/* Samples begin as the writer writes them; anything else is no sample. */
	if (bytes > (int64_t)LINE_MAX_BYTES || reader->begin_bytes < 16 ||
	    strncmp(begin, "{\"grmon\"", 8) != 0 || strstr(begin, "\"stream\": ") ||
	    !strstr(begin, "\"clock_ns\"") || reader->nr_entries == INDEX_MAX)
		return;
	if (reader->nr_entries == reader->cap_entries) {
		size_t count = reader->cap_entries ? reader->cap_entries * 2 : 1024;

		entries = realloc(reader->entries, count * sizeof(*entries));
		if (!entries)
			return;
		reader->entries = entries;
		reader->cap_entries = count;
	}
	reader->entries[reader->nr_entries++] = (struct entry){
		.offset = reader->line_begin,
		.bytes = (uint32_t)bytes,
		.key = strstr(begin, "\"key\": true") != NULL,
	};
}

/* Only whole lines count. */
static void scan(struct rec_reader *reader, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = line_end ? line_end : end;
		size_t room = BEGIN_BYTES - 1 - reader->begin_bytes;

		if (room > (size_t)(stop - bytes))
			room = (size_t)(stop - bytes);
		memcpy(reader->begin + reader->begin_bytes, bytes, room);
		reader->begin_bytes += room;
		reader->begin[reader->begin_bytes] = '\0';
		reader->scanned += stop - bytes;
		bytes = stop;
		if (!line_end)
			break;
		add_entry(reader, reader->scanned - reader->line_begin);
		bytes++;
		reader->scanned++;
		reader->line_begin = reader->scanned;
		reader->begin_bytes = 0;
	}
}

static json_t *load(struct rec_reader *reader, const struct entry *entry)
{
	char *line = malloc(entry->bytes + 1u);
	size_t length = 0;
	json_t *sample;

	while (line && length < entry->bytes) {
		ssize_t got = pread(reader->fd, line + length, entry->bytes - length,
				    entry->offset + (int64_t)length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	sample = line ? json_loadb(line, length, 0, NULL) : NULL;
	free(line);
	return sample;
}

/* What is no stream may be one dump over many lines; or a stream's only line has no end. */
static void take_dump(struct rec_reader *reader)
{
	struct entry whole = {0, (uint32_t)reader->scanned, true};
	json_t *dump;

	if (reader->nr_entries > 0 || reader->input >= 0 || reader->entries ||
	    reader->scanned == 0 || reader->scanned > (int64_t)LINE_MAX_BYTES)
		return;
	dump = load(reader, &whole);
	if (!json_is_array(json_object_get(dump, "tasks")) ||
	    json_object_get(dump, "seq")) {
		json_decref(dump);
		return;
	}
	json_decref(dump);
	reader->entries = malloc(sizeof(whole));
	if (!reader->entries)
		return;
	reader->entries[0] = whole;
	reader->nr_entries = reader->cap_entries = 1;
}

int rec_reader_poll(struct rec_reader *reader, struct err *e)
{
	int rc = reader->input >= 0 ? take_pipe(reader, e) : 0;
	ssize_t got;

	while (rc == 0) {
		got = pread(reader->fd, reader->chunk, CHUNK_BYTES, reader->scanned);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			rc = err_sys(e, errno, "cannot read the recording");
		if (got <= 0)
			break;
		scan(reader, reader->chunk, (size_t)got);
	}
	if (rc == 0)
		take_dump(reader);
	return rc;
}

void rec_reader_wait(const struct rec_reader *reader, int timeout_ms)
{
	struct pollfd input = {.fd = reader->input, .events = POLLIN};

	if (reader->input >= 0)
		poll(&input, 1, timeout_ms);
}

bool rec_reader_is_open(const struct rec_reader *reader)
{
	return reader->input >= 0;
}

size_t rec_reader_count(const struct rec_reader *reader)
{
	return reader->nr_entries;
}

static void apply_stacks(struct rec_reader *reader, json_t *stacks)
{
	const char *key;
	json_t *frames;

	json_object_foreach(stacks, key, frames)
	{
		unsigned long number = strtoul(key, NULL, 10);

		if (*key >= '0' && *key <= '9' && number < REC_STACKS_MAX)
			reader->tables.by_number[number] =
				rec_decode_stack(&reader->tables, frames);
	}
}

/* "t17.0": the task with its serial; another serial has taken its place already. */
static void apply_gone(struct rec_reader *reader, json_t *gone)
{
	json_t *name, *task;
	size_t i;

	json_array_foreach(gone, i, name)
	{
		const char *text = json_string_value(name);
		char id[TASK_ID_MAX];
		size_t length = text ? strcspn(text, ".") : sizeof(id);

		if (length >= sizeof(id) || text[length] != '.')
			continue;
		memcpy(id, text, length);
		id[length] = '\0';
		task = json_object_get(reader->tasks, id);
		if (task && rec_decode_number(task, "serial", 0) ==
				    strtoll(text + length + 1, NULL, 10))
			json_object_del(reader->tasks, id);
	}
}

static void apply_tasks(struct rec_reader *reader, json_t *changed)
{
	json_t *delta;
	size_t i;

	json_array_foreach(changed, i, delta)
	{
		const char *id = json_string_value(json_object_get(delta, "id"));
		json_t *task = id ? json_object_get(reader->tasks, id) : NULL;

		if (!id ||
		    (!task && json_object_size(reader->tasks) >= SNAPSHOT_TASKS_MAX))
			continue;
		if (task && !json_is_true(json_object_get(delta, "new")))
			json_object_update(task, delta);
		else
			json_object_set(reader->tasks, id, delta);
	}
}

static void apply(struct rec_reader *reader, json_t *sample)
{
	static const char *const kept[] = {"clock_ns", "time",      "real_ns", "target",
					   "dropped",  "resources", "errors"};
	/* A dump has no number. */
	bool key = json_is_true(json_object_get(sample, "key")) ||
		   !json_object_get(sample, "seq");
	int64_t seq = rec_decode_number(sample, "seq", -1);

	if (key) {
		json_object_clear(reader->tasks);
		json_object_clear(reader->head);
		memset(reader->tables.by_number, 0,
		       REC_STACKS_MAX * sizeof(struct stack *));
		reader->broken = false;
	} else if (seq != reader->seq + 1) {
		reader->broken = true;
	}
	reader->seq = seq;
	if (reader->broken)
		return;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = json_object_get(sample, kept[i]);

		if (value)
			json_object_set(reader->head, kept[i], value);
	}
	apply_stacks(reader, json_object_get(sample, "stacks"));
	apply_gone(reader, json_object_get(sample, "gone"));
	apply_tasks(reader, json_object_get(sample, "tasks"));
}

static void go_to(struct rec_reader *reader, size_t at)
{
	size_t from = at;

	if (reader->at == at)
		return;
	while (from > 0 && !reader->entries[from].key && from != reader->at + 1)
		from--;
	if (from != reader->at + 1 || reader->at == NOWHERE)
		reader->broken = true; /* until the key sample says otherwise */
	for (; from <= at; from++) {
		json_t *sample = load(reader, &reader->entries[from]);

		if (json_is_object(sample))
			apply(reader, sample);
		else
			reader->broken = true;
		json_decref(sample);
		reader->at = from;
	}
}

int rec_reader_read(struct rec_reader *reader, size_t at, struct snapshot *out,
		    struct err *e)
{
	const char *id;
	json_t *fields;
	int rc = 0;

	if (at >= reader->nr_entries)
		return err_set(e, ERR_NOTFOUND, "the recording has no sample %zu", at);
	go_to(reader, at);
	rec_decode_head(&reader->tables, reader->head, out);
	json_object_foreach(reader->tasks, id, fields)
	{
		if (rc == 0)
			rc = rec_decode_task(&reader->tables, id, fields, out);
	}
	if (rc != 0)
		return err_set(e, ERR_NOMEM, "there is no memory for this picture");
	if (reader->broken)
		snapshot_note(out, "the recording has a gap here; the picture is that of "
				   "before, until the next key sample");
	return 0;
}

/* From the beginning of a line, without reading all of it. */
static int64_t time_of(struct rec_reader *reader, size_t at)
{
	const struct entry *entry = &reader->entries[at];
	char begin[BEGIN_BYTES];
	size_t length = entry->bytes < sizeof(begin) ? entry->bytes : sizeof(begin) - 1;
	ssize_t got = pread(reader->fd, begin, length, entry->offset);
	const char *found;

	begin[got > 0 ? got : 0] = '\0';
	found = strstr(begin, "\"real_ns\": ");
	return found ? strtoll(found + strlen("\"real_ns\": "), NULL, 10) : 0;
}

size_t rec_reader_find(struct rec_reader *reader, int64_t real_ns)
{
	size_t low = 0, high = reader->nr_entries;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (time_of(reader, middle) <= real_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}
