/* SPDX-License-Identifier: MIT */
/* Parses the parts of a dump's lines: headers with their states and labels, files,
 * totals. */
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "source/go/words.h"
#include "source/pprof/private.h"

#define RAW_MAX     200u
#define MINUTES_MAX (PPROF_YEARS_MAX * 365ll * 24 * 60)
/* Length limit for the text between the number and the colon of a header, including
 * labels. */
#define HEADER_MAX  8192u
/* How many occurrences of "goroutine" in one line are tried as the start of a header. */
#define TRIES_MAX   8u

static bool text_equals(const char *text, size_t length, const char *word)
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
	if (at == end || !byte_is_digit(*at))
		return false;
	*total = pprof_take_number(&at, end);
	return true;
}

/* Returns the position after the quote that ends the string that begins at `at`. level is
 * the number of backslashes before its opening quote; it is above 0 if the whole line is
 * itself quoted. */
static const char *skip_quoted(const char *at, const char *end, size_t level)
{
	size_t slashes = 0;

	for (; at < end; at++) {
		if (*at == '"' && slashes % (2 * level + 2) == level)
			return at + 1;
		slashes = *at == '\\' ? slashes + 1 : 0;
	}
	return end;
}

/* Finds the closing bracket or brace at this depth, outside quotes. */
static const char *find_close(const char *at, const char *end, char close)
{
	size_t slashes = 0;
	int depth = 0;

	for (; at < end; at++) {
		if (depth == 0 && *at == close)
			return at;
		if (*at == '"') {
			at = skip_quoted(at + 1, end, slashes) - 1;
			slashes = 0;
			continue;
		}
		slashes = *at == '\\' ? slashes + 1 : 0;
		if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && depth > 0)
			depth--;
	}
	return NULL;
}

/* Parses one comma-separated part of the brackets, after the state. */
static void take_part(struct pprof_header *header, const char *part, size_t length)
{
	const char *at = part, *end = part + length;
	uint64_t minutes = pprof_take_number(&at, end);

	if (at > part && text_equals(at, (size_t)(end - at), " minutes")) {
		header->minutes =
			minutes < (uint64_t)MINUTES_MAX ? (int64_t)minutes : MINUTES_MAX;
	} else {
		if (!header->extras)
			header->extras = part;
		header->extras_bytes = (size_t)(end - header->extras);
	}
}

/* Parses "labels:{"k": "v"}" after a blank or comma. Returns the end of the text before
 * it. */
static const char *take_labels(struct pprof_header *header, const char *at,
			       const char *end)
{
	static const char word[] = "labels:{";
	const char *begin = memmem(at, (size_t)(end - at), word, sizeof(word) - 1),
		   *close;

	if (!begin || begin == at || begin[-1] != ' ')
		return end;
	close = find_close(begin + sizeof(word) - 1, end, '}');
	if (!close)
		return end;
	header->labels = begin + sizeof(word) - 1;
	header->labels_bytes = (size_t)(close - header->labels);
	while (begin > at && (begin[-1] == ' ' || begin[-1] == ','))
		begin--;
	return begin;
}

/* Splits "chan receive (nil chan), 5 minutes, locked to thread". */
static void split_state(struct pprof_header *header, const char *at, const char *end)
{
	bool first = true;

	end = take_labels(header, at, end);

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

/* Skips " gp=0xc000006380 m=0 mp=0x5d7f40", of which each may be missing. */
static const char *skip_pointers(const char *at, const char *end)
{
	static const char *const names[] = {"gp=", "m=", "mp="};

	for (size_t i = 0; i < 3; i++) {
		size_t bytes = strlen(names[i]);

		if ((size_t)(end - at) <= bytes + 1 || *at != ' ' ||
		    memcmp(at + 1, names[i], bytes) != 0)
			continue;
		at += bytes + 1;
		while (at < end && !byte_is_blank(*at))
			at++;
	}
	return at;
}

/* Skips " {k: v}" or " labels:{k: v}" after the brackets. Returns NULL if it is not
 * closed. */
static const char *skip_labels(struct pprof_header *header, const char *at,
			       const char *end)
{
	static const char word[] = "labels:";
	const char *open = at + 1, *close;

	if (end - at < 4 || at[0] != ' ')
		return at;
	if ((size_t)(end - open) > sizeof(word) &&
	    memcmp(open, word, sizeof(word) - 1) == 0)
		open += sizeof(word) - 1;
	if (*open != '{')
		return at;
	close = find_close(open + 1, end, '}');
	if (!close)
		return NULL;
	header->labels = open + 1;
	header->labels_bytes = (size_t)(close - header->labels);
	return close + 1;
}

/* Parses a header that begins with the word goroutine. Returns its end, or NULL if it is
 * not a header. */
static const char *parse_at(struct pprof_header *header, const char *at, const char *end)
{
	const char *digits = at + sizeof("goroutine ") - 1, *close;

	if (end - at > HEADER_MAX)
		end = at + HEADER_MAX;
	at = digits;
	memset(header, 0, sizeof(*header));
	header->id = pprof_take_number(&at, end);
	if (at == digits)
		return NULL;
	at = skip_pointers(at, end);
	if (end - at < 4 || at[0] != ' ' || at[1] != '[')
		return NULL;
	at += 2;
	close = find_close(at, end, ']');
	if (!close)
		return NULL;
	split_state(header, at, close);
	at = skip_labels(header, close + 1, end);
	return at && at < end && *at == ':' && header->state_bytes > 0 ? at + 1 : NULL;
}

bool pprof_header_at(struct pprof_header *header, const char *line, size_t length)
{
	static const char word[] = "goroutine ";
	const char *end;

	if (length < sizeof(word) || memcmp(line, word, sizeof(word) - 1) != 0)
		return false;
	end = parse_at(header, line, line + length);
	/* Text after the header may follow every line; the front end handles that. */
	return end == line + length;
}

/* Finds the end of "goroutine profile: total 7", which also begins a dump. */
static const char *total_at(const char *at, const char *end)
{
	static const char words[][18] = {" profile: total ", "leak profile: tot"};
	const char *digits = at + sizeof("goroutine") - 1;
	uint64_t total;

	if (end - digits < 17 ||
	    (memcmp(digits, words[0], 16) != 0 && memcmp(digits, words[1], 17) != 0) ||
	    !pprof_total(at, (size_t)(end - at < 64 ? end - at : 64), &total))
		return NULL;
	digits = memmem(at, (size_t)(end - at), "total ", 6);
	for (digits += 6; digits < end && byte_is_digit(*digits); digits++)
		continue;
	return digits;
}

bool pprof_anchor(struct pprof_anchor *anchor, const char *line, size_t length)
{
	static const char word[] = "goroutine", race[] = "WARNING: DATA RACE";
	const char *at = line, *end = line + length;
	struct pprof_header header;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		const char *behind;

		at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1);
		if (!at)
			break;
		behind = end - at > 11 && at[9] == ' ' && byte_is_digit(at[10])
				 ? parse_at(&header, at, end)
				 : total_at(at, end);
		if (behind) {
			*anchor = (struct pprof_anchor){(size_t)(at - line),
							(size_t)(behind - line)};
			return true;
		}
		at += sizeof(word) - 1;
	}
	at = memmem(line, length, race, sizeof(race) - 1);
	if (at)
		*anchor = (struct pprof_anchor){(size_t)(at - line),
						(size_t)(at - line) + sizeof(race) - 1};
	return at != NULL;
}

/* Maps the scheduler's status of a goroutine that does not wait. */
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

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (text_equals(state, length, known[i].text)) {
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
	size_t used = length < RAW_MAX ? length : RAW_MAX, nr_labels = 0;

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
		task->since_ns =
			out->snapshot->mono_ns - header->minutes * CLOCK_MINUTE_NS;
	/* This machine has been up for less time: the dump comes from another one. */
	if (header->minutes > 0 && task->since_ns <= 0)
		task->since_ns = 1;
	if (header->labels_bytes > 0)
		task->labels = pprof_labels_parse(header->labels, header->labels_bytes,
						  &out->snapshot->arena, &nr_labels);
	task->nr_labels = (uint32_t)nr_labels;
}
