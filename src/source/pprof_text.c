/* SPDX-License-Identifier: MIT */
/* Line by line: logs may stand between goroutines, and a prefix before every line. What is
 * no part of a goroutine is skipped, never an error. */
#include "source/pprof.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "source/go_wait.h"

/* A longer line is cut: no function or file has such a name. */
#define LINE_MAX_BYTES (1u << 20)
#define IDS_FIRST      1024u

enum part {
	PART_STACK,
	PART_CREATOR,
	PART_COMPLETE, /* the creator's place was read */
	PART_ANCESTOR, /* the stack of the goroutine that created this one */
	PART_IGNORED,  /* older ancestors */
};

/* What stands before each line, as in a log of a container: words and then blanks. */
struct prefix {
	size_t words;
	size_t blanks;
};

struct pprof_text {
	struct pprof_out out;
	struct pprof_found found;
	struct buf carry; /* the beginning of a line */
	struct prefix prefix;
	bool new_dump;  /* the next header begins another dump */
	bool same_dump; /* it does not, whatever else is said */

	bool in_record;
	enum part part;
	struct task task;
	struct frame frames[SNAPSHOT_FRAMES_MAX];
	size_t nr_frames;
	bool cut;     /* frames are missing */
	bool pending; /* the last frame waits for its file */
	const char *outermost;

	bool in_group;
	uint64_t group_count;
	const struct label *group_labels;
	size_t nr_group_labels;

	uint64_t *ids; /* of this dump, open addressing; 0 is free */
	size_t cap_ids, nr_ids;
};

struct pprof_text *pprof_text_new(const struct pprof_out *out)
{
	struct pprof_text *text = calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->out = *out;
	buf_init(&text->carry, LINE_MAX_BYTES + 1);
	return text;
}

void pprof_text_free(struct pprof_text *text)
{
	if (!text)
		return;
	buf_release(&text->carry);
	free(text->ids);
	free(text);
}

static bool starts(const char *line, size_t length, const char *word)
{
	size_t bytes = strlen(word);

	return length >= bytes && memcmp(line, word, bytes) == 0;
}

static void ids_clear(struct pprof_text *text)
{
	if (text->nr_ids > 0)
		memset(text->ids, 0, text->cap_ids * sizeof(*text->ids));
	text->nr_ids = 0;
}

static void ids_put(uint64_t *ids, size_t capacity, uint64_t id)
{
	size_t at = hash_mix(id, 0) & (capacity - 1);

	while (ids[at])
		at = (at + 1) & (capacity - 1);
	ids[at] = id;
}

/* Was it there already? Without memory: no. Goroutine 0 is there once for each thread. */
static bool ids_add(struct pprof_text *text, uint64_t id)
{
	if (id == 0 || text->nr_ids >= PPROF_TASKS_MAX)
		return false;
	for (size_t at = hash_mix(id, 0); text->cap_ids; at++) {
		uint64_t have = text->ids[at & (text->cap_ids - 1)];

		if (have == id)
			return true;
		if (have == 0)
			break;
	}
	if (text->nr_ids >= text->cap_ids / 2) {
		size_t capacity = text->cap_ids ? text->cap_ids * 2 : IDS_FIRST;
		uint64_t *ids = calloc(capacity, sizeof(*ids));

		if (!ids)
			return false;
		for (size_t i = 0; i < text->cap_ids; i++)
			if (text->ids[i])
				ids_put(ids, capacity, text->ids[i]);
		free(text->ids);
		text->ids = ids;
		text->cap_ids = capacity;
	}
	ids_put(text->ids, text->cap_ids, id);
	text->nr_ids++;
	return false;
}

static const struct stack *take_stack(struct pprof_text *text)
{
	const struct stack *stack =
		stack_intern(text->out.stacks, text->frames, text->nr_frames, text->cut);

	if (!stack && text->nr_frames > 0)
		text->found.no_stack++;
	text->nr_frames = 0;
	text->cut = text->pending = false;
	return stack;
}

/* The frames read so far belong to the part that ends. */
static void end_part(struct pprof_text *text)
{
	switch (text->part) {
	case PART_STACK:
		text->task.stack = take_stack(text);
		text->task.state = go_stack_state(text->task.stack, text->task.state);
		if (text->outermost)
			text->task.name = text->outermost;
		break;
	case PART_CREATOR:
	case PART_COMPLETE:
	case PART_ANCESTOR:
		if (text->nr_frames > 0)
			text->task.created_by = take_stack(text);
		break;
	case PART_IGNORED:
		break;
	}
	text->nr_frames = 0;
	text->cut = text->pending = false;
}

static void end_record(struct pprof_text *text)
{
	struct task *task;

	if (!text->in_record)
		return;
	end_part(text);
	text->in_record = false;
	text->found.goroutines++;
	if (text->out.snapshot->nr_tasks >= PPROF_TASKS_MAX)
		return;
	task = snapshot_add(text->out.snapshot);
	if (task)
		*task = text->task;
}

static void end_group(struct pprof_text *text)
{
	if (!text->in_group)
		return;
	text->in_group = false;
	if (text->out.snapshot->nr_tasks < PPROF_TASKS_MAX &&
	    pprof_add_group(&text->out, text->frames, text->nr_frames, text->group_count,
			    text->group_labels, text->nr_group_labels))
		text->found.goroutines += text->group_count;
	text->nr_frames = 0;
}

static void begin_dump(struct pprof_text *text)
{
	end_record(text);
	end_group(text);
	if (text->found.goroutines == 0 && text->found.dumps > 0)
		return;
	text->out.snapshot->nr_tasks = 0;
	text->found.goroutines = text->found.no_stack = 0;
	text->found.total = 0;
	text->found.grouped = false;
	text->found.dumps++;
	ids_clear(text);
}

static void learn_prefix(struct prefix *prefix, const char *line, size_t length)
{
	bool in_word = false;

	*prefix = (struct prefix){0, 0};
	for (size_t i = 0; i < length; i++) {
		bool blank = line[i] == ' ' || line[i] == '\t';

		if (!blank && !in_word)
			prefix->words++;
		prefix->blanks = blank ? prefix->blanks + 1 : 0;
		in_word = !blank;
	}
}

/* The line without what stands before it, or all of it where that is something else. */
static void strip_prefix(const struct prefix *prefix, const char **line, size_t *length)
{
	const char *at = *line, *end = at + *length;

	for (size_t word = 0; word < prefix->words; word++) {
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at == end)
			return;
		while (at < end && *at != ' ' && *at != '\t')
			at++;
	}
	for (size_t i = 0; i < prefix->blanks && at < end; i++, at++)
		if (*at != ' ' && *at != '\t')
			return;
	*line = at;
	*length = (size_t)(end - at);
}

static void begin_record(struct pprof_text *text, const struct pprof_header *header,
			 const char *line)
{
	bool again;

	end_record(text);
	again = ids_add(text, header->id);
	if (text->found.dumps == 0 || text->found.grouped ||
	    ((again || text->new_dump) && !text->same_dump)) {
		begin_dump(text);
		ids_add(text, header->id);
	}
	text->new_dump = text->same_dump = false;
	if (header->prefix_bytes > 0)
		learn_prefix(&text->prefix, line, header->prefix_bytes);
	memset(&text->task, 0, sizeof(text->task));
	text->task.id = header->id;
	text->task.serial = header->id ? 0 : text->found.goroutines;
	text->task.name = "";
	text->task.cpu_percent = -1;
	text->task.waits.fd = -1;
	pprof_header_to_task(header, &text->out, &text->task);
	text->in_record = true;
	text->part = PART_STACK;
	text->nr_frames = 0;
	text->cut = text->pending = false;
	text->outermost = NULL;
}

static struct frame *push_frame(struct pprof_text *text, const char *name, size_t bytes)
{
	const char *function = intern_text(text->out.intern, name, bytes);
	struct frame *frame = NULL;

	if (text->part == PART_STACK && (!text->outermost || !pprof_is_start(function)))
		text->outermost = function;
	if (text->nr_frames < SNAPSHOT_FRAMES_MAX) {
		frame = &text->frames[text->nr_frames++];
		*frame = (struct frame){.function = function};
	} else {
		text->cut = true;
	}
	text->pending = frame != NULL;
	return frame;
}

/* "main.(*T).run(0xc000012340, {0x1, 0x2}?)" or the bare name of a C function. */
static bool take_function(struct pprof_text *text, const char *line, size_t length)
{
	const char *open = line[length - 1] == ')' ? memrchr(line, '(', length) : NULL;
	size_t bytes = open ? (size_t)(open - line) : length;
	struct frame *frame;

	if (text->part == PART_COMPLETE)
		return false;
	if (starts(line, length, "non-Go function")) {
		bytes = sizeof("non-Go function") - 1;
		open = NULL;
	} else if (bytes == 0 || memchr(line, ' ', bytes)) {
		return false;
	}
	if (text->part == PART_IGNORED)
		return true;
	/* Two bare words in a row are no frames of C. */
	if (text->pending && text->nr_frames > 0 && !open &&
	    text->frames[text->nr_frames - 1].address == 0 && bytes == length)
		return false;
	frame = push_frame(text, line, bytes);
	if (frame && open && line + length - open == 5 && memcmp(open, "(...)", 5) == 0)
		frame->inlined = true;
	if (!open) {
		const char *pc = memmem(line, length, "pc=0x", 5);

		if (frame && pc)
			frame->address = strtoull(pc + 3, NULL, 16);
	}
	return true;
}

static bool take_creator(struct pprof_text *text, const char *line, size_t length)
{
	static const char in[] = " in goroutine ";
	const char *name = line + sizeof("created by ") - 1;
	size_t bytes = length - (sizeof("created by ") - 1);
	const char *tail = memmem(name, bytes, in, sizeof(in) - 1);

	if (text->part == PART_ANCESTOR || text->part == PART_IGNORED) {
		end_part(text);
		text->part = PART_IGNORED;
		return true;
	}
	end_part(text);
	text->part = PART_CREATOR;
	if (tail) {
		text->task.creator_id =
			pprof_number(tail + sizeof(in) - 1, line + length);
		bytes = (size_t)(tail - name);
	}
	if (bytes > 0)
		push_frame(text, name, bytes);
	return true;
}

/* "[originating from goroutine 7]:": what follows is the creator's stack at that time. */
static bool take_ancestor(struct pprof_text *text, const char *line, size_t length)
{
	static const char word[] = "[originating from goroutine ";

	if (!starts(line, length, word))
		return false;
	end_part(text);
	if (text->part != PART_COMPLETE && text->part != PART_CREATOR) {
		text->part = PART_IGNORED;
		return true;
	}
	text->part = PART_ANCESTOR;
	text->task.creator_id = pprof_number(line + sizeof(word) - 1, line + length);
	return true;
}

static bool take_file(struct pprof_text *text, const char *line, size_t length)
{
	while (length > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	if (length == 0) {
		end_record(text);
		return true;
	}
	if (!text->pending || text->nr_frames == 0)
		return true;
	pprof_file_parse(&text->frames[text->nr_frames - 1], text->out.intern, line,
			 length);
	text->pending = !text->frames[text->nr_frames - 1].file &&
			!text->frames[text->nr_frames - 1].address;
	if (text->part == PART_CREATOR)
		text->part = PART_COMPLETE;
	return true;
}

/* False: the line is no part of this goroutine. */
static bool take_record_line(struct pprof_text *text, const char *line, size_t length)
{
	if (length == 0) {
		end_record(text);
		return true;
	}
	switch (line[0]) {
	case '\t':
	case ' ':
		return take_file(text, line, length);
	case '.':
		if (!memmem(line, length, "frames elided", 13))
			return false;
		text->cut = text->part == PART_STACK || text->part == PART_ANCESTOR;
		text->pending = false;
		return true;
	case '[':
		return take_ancestor(text, line, length);
	case 'c':
		if (starts(line, length, "created by "))
			return take_creator(text, line, length);
		break;
	case 'g':
		if (starts(line, length, "goroutine "))
			return false;
		break;
	}
	return take_function(text, line, length);
}

/* "3 @ 0x43c9d6 0x4486bb": so many with one stack. */
static bool take_group(struct pprof_text *text, const char *line, size_t length)
{
	uint64_t count = 0;
	size_t at = 0;

	while (at < length && line[at] >= '0' && line[at] <= '9' && at < 18)
		count = count * 10 + (uint64_t)(line[at++] - '0');
	if (at == 0 || length - at < 3 || memcmp(line + at, " @", 2) != 0)
		return false;
	end_group(text);
	text->in_group = true;
	text->group_count = count;
	text->group_labels = NULL;
	text->nr_group_labels = 0;
	text->nr_frames = 0;
	text->part = PART_IGNORED;
	return true;
}

/* "#\t0x43c9d5\tmain.worker+0x55\t\t/src/main.go:12" */
static bool take_group_line(struct pprof_text *text, const char *line, size_t length)
{
	const char *end = line + length, *at, *stop;
	struct frame *frame;
	uint64_t address;

	if (line[0] != '#')
		return false;
	if (starts(line, length, "# labels: {")) {
		text->group_labels = pprof_labels_parse(line + 11, length - 11,
							&text->out.snapshot->arena,
							&text->nr_group_labels);
		return true;
	}
	at = memmem(line, length, "0x", 2);
	if (!at)
		return true;
	address = strtoull(at, NULL, 16);
	at = memchr(at, '\t', (size_t)(end - at));
	if (!at) {
		frame = push_frame(text, "?", 1);
		if (frame)
			*frame = (struct frame){.address = address};
		return true;
	}
	at++;
	stop = memchr(at, '\t', (size_t)(end - at));
	stop = stop ? stop : end;
	const char *plus = memrchr(at, '+', (size_t)(stop - at));

	frame = push_frame(text, at, (size_t)((plus ? plus : stop) - at));
	while (stop < end && *stop == '\t')
		stop++;
	if (frame && stop < end)
		pprof_file_parse(frame, text->out.intern, stop, (size_t)(end - stop));
	if (frame)
		frame->address = address;
	return true;
}

/* What the runtime says before it prints its goroutines. */
static void take_other(struct pprof_text *text, const char *line, size_t length)
{
	static const char *const markers[] = {
		"panic: ",        "fatal error: ", "SIGQUIT: quit",
		"SIGABRT: abort", "[signal SIG",   "panic serving "};
	uint64_t total;

	if (pprof_total(line, length, &total)) {
		begin_dump(text);
		text->found.total = total;
		text->found.grouped = true;
		return;
	}
	if (length == 5 && memcmp(line, "-----", 5) == 0)
		text->same_dump = true; /* GOTRACEBACK=crash: the next thread's part */
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
		if (memmem(line, length, markers[i], strlen(markers[i])))
			text->new_dump = true;
}

static void take_line(struct pprof_text *text, const char *line, size_t length)
{
	struct pprof_header header;
	const char *whole = line;
	size_t whole_bytes;

	if (length > 0 && line[length - 1] == '\r')
		length--;
	whole_bytes = length;
	if (text->prefix.words + text->prefix.blanks > 0)
		strip_prefix(&text->prefix, &line, &length);
	if (text->in_record && take_record_line(text, line, length))
		return;
	if (text->in_group) {
		if (length > 0 && take_group_line(text, line, length))
			return;
		end_group(text);
	}
	end_record(text);
	if (whole_bytes == 0)
		return;
	if (pprof_header_parse(&header, whole, whole_bytes))
		begin_record(text, &header, whole);
	else if (!text->found.grouped || !take_group(text, line, length))
		take_other(text, whole, whole_bytes);
}

/* A line that came in pieces; what is over the limit is dropped. */
static void carry(struct pprof_text *text, const char *bytes, size_t length)
{
	size_t room = LINE_MAX_BYTES - text->carry.length;

	buf_append(&text->carry, bytes, length < room ? length : room);
}

void pprof_text_feed(struct pprof_text *text, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t part = (size_t)((newline ? newline : end) - bytes);

		if (!newline || text->carry.length > 0) {
			carry(text, bytes, part);
			if (!newline)
				return;
			take_line(text, text->carry.bytes, text->carry.length);
			buf_clear(&text->carry);
		} else {
			take_line(text, bytes,
				  part < LINE_MAX_BYTES ? part : LINE_MAX_BYTES);
		}
		bytes = newline + 1;
	}
}

void pprof_text_end(struct pprof_text *text, struct pprof_found *found)
{
	text->found.open_end = text->carry.length > 0;
	if (text->found.open_end) {
		take_line(text, text->carry.bytes, text->carry.length);
		buf_clear(&text->carry);
	}
	text->found.cut =
		text->in_record && (text->pending || text->part == PART_CREATOR ||
				    (text->part == PART_STACK && text->found.open_end &&
				     text->nr_frames == 0));
	end_record(text);
	end_group(text);
	*found = text->found;
}
