/* SPDX-License-Identifier: MIT */
/* The parts of a dump's lines: headers with their states and labels, files, totals. */
#include <stdlib.h>
#include <string.h>

#include "source/go_wait.h"
#include "source/pprof.h"

#define RAW_MAX     200u
#define MINUTE_NS   (60 * 1000000000ll)
#define MINUTES_MAX (100ll * 366 * 24 * 60)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Decimal digits at *at; moves it behind them. */
static uint64_t take_number(const char **at, const char *end)
{
	uint64_t value = 0;

	for (; *at < end && is_digit(**at); ++*at)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			value = UINT64_MAX / 16;
	return value;
}

uint64_t pprof_number(const char *at, const char *end)
{
	return take_number(&at, end);
}

static bool equals(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(text, word, length) == 0;
}

bool pprof_total(const char *line, size_t length, uint64_t *total)
{
	static const char word[] = "profile: total ";
	const char *end = line + length,
		   *at = memmem(line, length, word, sizeof(word) - 1);

	if (!at || !memmem(line, (size_t)(at - line), "goroutine", 9))
		return false;
	at += sizeof(word) - 1;
	if (at == end || !is_digit(*at))
		return false;
	*total = take_number(&at, end);
	return true;
}

/* The closing bracket or brace at this depth, outside quotes. */
static const char *find_close(const char *at, const char *end, char close)
{
	bool quoted = false;
	int depth = 0;

	for (; at < end; at++) {
		if (quoted) {
			if (*at == '\\')
				at++;
			else if (*at == '"')
				quoted = false;
		} else if (depth == 0 && *at == close) {
			return at;
		} else if (*at == '"') {
			quoted = true;
		} else if (*at == '{' || *at == '[') {
			depth++;
		} else if ((*at == '}' || *at == ']') && depth > 0) {
			depth--;
		}
	}
	return NULL;
}

/* One part of what is in the brackets, after the state. */
static void take_part(struct pprof_header *header, const char *part, size_t length)
{
	const char *at = part, *end = part + length;
	uint64_t minutes = take_number(&at, end);

	if (at > part && equals(at, (size_t)(end - at), " minutes")) {
		header->minutes =
			minutes < (uint64_t)MINUTES_MAX ? (int64_t)minutes : MINUTES_MAX;
	} else if (length > 9 && memcmp(part, "labels:{", 8) == 0 && end[-1] == '}') {
		header->labels = part + 8;
		header->labels_bytes = length - 9;
	} else {
		if (!header->extras)
			header->extras = part;
		header->extras_bytes = (size_t)(end - header->extras);
	}
}

/* "chan receive (nil chan), 5 minutes, locked to thread" */
static void split_state(struct pprof_header *header, const char *at, const char *end)
{
	bool first = true;

	while (at <= end) {
		const char *comma = find_close(at, end, ',');
		const char *stop = comma ? comma : end;

		if (first) {
			header->state = at;
			header->state_bytes = (size_t)(stop - at);
		} else {
			take_part(header, at, (size_t)(stop - at));
		}
		first = false;
		if (!comma)
			break;
		at = comma + 1;
		while (at < end && *at == ' ')
			at++;
	}
}

/* " gp=0xc000006380 m=0 mp=0x5d7f40", each of them or none. */
static const char *skip_pointers(const char *at, const char *end)
{
	static const char *const names[] = {"gp=", "m=", "mp="};

	for (size_t i = 0; i < 3; i++) {
		size_t bytes = strlen(names[i]);

		if ((size_t)(end - at) <= bytes + 1 || *at != ' ' ||
		    memcmp(at + 1, names[i], bytes) != 0)
			continue;
		at += bytes + 1;
		while (at < end && !is_blank(*at))
			at++;
	}
	return at;
}

/* At the word goroutine. */
static bool parse_at(struct pprof_header *header, const char *at, const char *end)
{
	const char *digits = at + sizeof("goroutine ") - 1, *close;

	at = digits;
	memset(header, 0, sizeof(*header));
	header->id = take_number(&at, end);
	if (at == digits)
		return false;
	at = skip_pointers(at, end);
	if (end - at < 4 || at[0] != ' ' || at[1] != '[')
		return false;
	at += 2;
	close = find_close(at, end, ']');
	if (!close)
		return false;
	split_state(header, at, close);
	at = close + 1;
	if (end - at > 3 && at[0] == ' ' && at[1] == '{') {
		close = find_close(at + 2, end, '}');
		if (!close)
			return false;
		header->labels = at + 2;
		header->labels_bytes = (size_t)(close - header->labels);
		at = close + 1;
	}
	return at < end && *at == ':' && header->state_bytes > 0;
}

bool pprof_header_parse(struct pprof_header *header, const char *line, size_t length)
{
	static const char word[] = "goroutine ";
	const char *at = line, *end = line + length;

	while ((at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1))) {
		if (parse_at(header, at, end)) {
			header->prefix_bytes = (size_t)(at - line);
			return true;
		}
		at += sizeof(word) - 1;
	}
	return false;
}

bool pprof_is_start(const char *function)
{
	return strcmp(function, "runtime.goexit") == 0 ||
	       strcmp(function, "runtime.main") == 0;
}

/* What the scheduler says of a goroutine that waits for nothing. */
static bool status_of(const char *state, size_t length, enum task_state *found)
{
	static const struct {
		const char *text;
		enum task_state state;
	} known[] = {
		{"running", STATE_RUNNING},    {"runnable", STATE_RUNNABLE},
		{"syscall", STATE_SYSCALL},    {"copystack", STATE_RUNNABLE},
		{"preempted", STATE_RUNNABLE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (equals(state, length, known[i].text)) {
			*found = known[i].state;
			return true;
		}
	return false;
}

static void explain_waits(const struct go_reason *reason, struct waits_on *waits)
{
	switch (reason->object) {
	case GO_OBJECT_CHAN:
		waits->kind = waits->text = "channel";
		break;
	case GO_OBJECT_SELECT:
		waits->kind = "channel";
		waits->text = "select";
		break;
	case GO_OBJECT_FD:
		waits->kind = "fd";
		waits->text = "network or file";
		break;
	case GO_OBJECT_LOCK:
		waits->kind = waits->text = state_info(reason->state)->name;
		break;
	case GO_OBJECT_NONE:
		if (strstr(reason->text, "(nil chan)")) {
			waits->kind = "channel";
			waits->text = "nil channel";
		}
		break;
	}
}

static size_t drop_scan(const char *state, size_t length)
{
	static const char scan[] = " (scan)";
	size_t bytes = sizeof(scan) - 1;

	if (length > bytes && memcmp(state + length - bytes, scan, bytes) == 0)
		length -= bytes;
	return length;
}

void pprof_header_to_task(const struct pprof_header *header, const struct pprof_out *out,
			  struct task *task)
{
	size_t length = drop_scan(header->state, header->state_bytes);
	struct go_reason reason;
	char raw[RAW_MAX + 1];
	size_t used = length < RAW_MAX ? length : RAW_MAX;

	memcpy(raw, header->state, used);
	if (header->extras_bytes > 0 && used + 2 + header->extras_bytes <= RAW_MAX) {
		memcpy(raw + used, ", ", 2);
		memcpy(raw + used + 2, header->extras, header->extras_bytes);
		used += 2 + header->extras_bytes;
	}
	task->kind = TASK_GOROUTINE;
	task->raw = reason.text = intern_text(out->intern, raw, used);
	if (!status_of(header->state, length, &task->state)) {
		go_reason_explain(&reason);
		task->state = reason.state;
		explain_waits(&reason, &task->waits);
	}
	if (header->minutes > 0)
		task->since_ns = out->snapshot->mono_ns - header->minutes * MINUTE_NS;
	/* A machine that runs for less than the goroutine waits: a dump of another. */
	if (header->minutes > 0 && task->since_ns <= 0)
		task->since_ns = 1;
	if (header->labels_bytes > 0)
		task->labels =
			pprof_labels_parse(header->labels, header->labels_bytes,
					   &out->snapshot->arena, &task->nr_labels);
}

void pprof_file_parse(struct frame *frame, struct intern *intern, const char *line,
		      size_t length)
{
	const char *end = line + length, *colon = memrchr(line, ':', length), *pc;

	if (colon && colon + 1 < end && is_digit(colon[1])) {
		const char *at = colon + 1;
		uint64_t number = take_number(&at, end);

		frame->line = number < INT32_MAX ? (int)number : 0;
		frame->file = intern_text(intern, line, (size_t)(colon - line));
	}
	pc = end - line > 5 ? memmem(line, length, "pc=0x", 5) : NULL;
	if (pc)
		frame->address = strtoull(pc + 3, NULL, 16);
}
