/* SPDX-License-Identifier: MIT */
/* Every byte that is parsed here is untrusted. */
#include "source/proc/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* With its two blanks it is longer than the thread's name, which precedes it, can be. */
#define EXEC_START "\nse.exec_start  "

static int digit_of(char byte)
{
	return byte >= '0' && byte <= '9'   ? byte - '0'
	       : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
					    : 16;
}

/* Parses a number and the blanks before it. Returns its end, or NULL if there is none
 * before `end` or it needs more than 64 bits. A sample reads many of these lines, and
 * sscanf() takes ten times as long. */
static const char *parse_word(const char *at, const char *end, int base, uint64_t *value)
{
	const uint64_t most = UINT64_MAX / (uint64_t)base;
	const char *first;
	bool minus = false;
	int digit;

	*value = 0;
	while (at < end && byte_is_space(*at))
		at++;
	if (at < end && *at == '-') {
		minus = true;
		at++;
	}
	if (base == 16 && end - at > 2 && at[0] == '0' && at[1] == 'x')
		at += 2;
	for (first = at; at < end && (digit = digit_of(*at)) < base; at++) {
		if (*value > most)
			return NULL;
		*value = *value * (uint64_t)base + (uint64_t)digit;
		if (*value < (uint64_t)digit)
			return NULL;
	}
	if (minus)
		*value = -*value;
	return at == first ? NULL : at;
}

/* The numbers of a line by their place in it, which proc_pid_stat(5) counts from 1. */
enum {
	STAT_PPID = 4,
	STAT_FLAGS = 9,
	STAT_USER = 14,
	STAT_SYSTEM = 15,
	STAT_THREADS = 20,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_CPU = 39,
};

/* Parses what follows the name and the state. Older kernels write fewer numbers. */
static bool parse_stat_numbers(const char *at, const char *end, struct proc_stat *out)
{
	uint64_t numbers[STAT_CPU + 1];
	int place = STAT_PPID;

	while (place <= STAT_CPU &&
	       (at = parse_word(at, end, 10, &numbers[place])) != NULL)
		place++;
	if (place <= STAT_START)
		return false;
	out->ppid = (pid_t)numbers[STAT_PPID];
	out->kernel_flags = (uint32_t)numbers[STAT_FLAGS];
	out->cpu_ticks = numbers[STAT_USER] + numbers[STAT_SYSTEM];
	out->threads = (int64_t)numbers[STAT_THREADS];
	out->start_ticks = numbers[STAT_START];
	out->start_stack = place > STAT_STACK ? numbers[STAT_STACK] : 0;
	out->cpu = place > STAT_CPU ? (int)numbers[STAT_CPU] : -1;
	return true;
}

bool proc_parse_stat(const char *text, size_t length, struct proc_stat *out)
{
	const char *open = memchr(text, '(', length), *end = text + length;
	/* The name may contain any byte: it ends at the last ')'. */
	const char *close = memrchr(text, ')', length);

	memset(out, 0, sizeof(*out));
	if (!open || !close || close < open || open == text)
		return false;
	out->pid = (pid_t)strtol(text, NULL, 10);
	if (out->pid <= 0)
		return false;
	size_t bytes = (size_t)(close - open) - 1;

	if (bytes >= sizeof(out->comm))
		bytes = sizeof(out->comm) - 1;
	memcpy(out->comm, open + 1, bytes);
	if (end - close < 3 || close[1] != ' ' ||
	    !parse_stat_numbers(close + 3, end, out))
		return false;
	out->state = close[2];
	/* The last field. */
	close = memrchr(text, ' ', length);
	out->exit_status = close && out->state == 'Z' ? atoi(close) : 0;
	return true;
}

bool proc_has_ended(const struct proc_stat *stat)
{
	return stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1);
}

bool proc_parse_call(const char *text, struct proc_call *out)
{
	const char *at = text, *last = text + strlen(text);
	char *end;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, "running", 7) == 0) {
		out->running = true;
		out->nr = -1;
		return true;
	}
	out->nr = strtol(text, &end, 10);
	if (end == text || out->nr < -1 || out->nr > 0xffff)
		return false;
	at = end;
	for (int i = 0; out->nr >= 0 && i < 6; i++) {
		at = parse_word(at, last, 16, &out->args[i]);
		if (!at)
			return false;
	}
	at = parse_word(at, last, 16, &out->sp);
	return at && parse_word(at, last, 16, &out->pc);
}

/* Copies a word and skips the blanks before it. Returns its end, or NULL if there is none
 * or it does not fit. */
static const char *copy_word(const char *at, const char *end, char *out, size_t size)
{
	size_t length = 0;

	while (at < end && *at == ' ')
		at++;
	while (at + length < end && at[length] != ' ')
		length++;
	if (length == 0 || length >= size)
		return NULL;
	memcpy(out, at, length);
	out[length] = '\0';
	return at + length;
}

/* "7f0000000000-7f0000010000 r-xp 00002000 08:01 1234     /path" */
bool proc_parse_map(const char *line, size_t length, struct proc_map *out)
{
	const char *end = line + length, *at = line;
	char perms[8] = "";

	out->device[0] = '\0';
	at = parse_word(at, end, 16, &out->start);
	if (!at || at == end || *at != '-')
		return false;
	at = parse_word(at + 1, end, 16, &out->end);
	if (at)
		at = copy_word(at, end, perms, sizeof(perms));
	if (at)
		at = parse_word(at, end, 16, &out->offset);
	if (at)
		at = copy_word(at, end, out->device, sizeof(out->device));
	if (at)
		at = parse_word(at, end, 10, &out->inode);
	if (!at || out->start >= out->end)
		return false;
	out->readable = perms[0] == 'r';
	out->writable = perms[1] == 'w';
	out->executable = perms[2] == 'x';
	out->private = perms[3] == 'p';
	while (at < end && *at == ' ')
		at++;
	out->path = at;
	out->path_bytes = (size_t)(end - at);
	return true;
}

bool proc_status_field(const char *status, const char *key, char *out, size_t size)
{
	size_t bytes = strlen(key);

	for (const char *line = status; line && *line;) {
		if (strncmp(line, key, bytes) == 0 && line[bytes] == ':') {
			const char *text = line + bytes + 1;

			text += strspn(text, " \t");
			snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

pid_t proc_parse_pid(const char *text)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return 0;
	errno = 0;
	long value = strtol(text, &end, 10);

	return errno || *end || value <= 0 || value > INT32_MAX ? 0 : (pid_t)value;
}

int64_t proc_ticks_to_mono_ns(uint64_t ticks)
{
	int64_t hz = sysconf(_SC_CLK_TCK);
	int64_t suspended_ns = clock_read_ns(CLOCK_BOOTTIME) - clock_mono_ns();

	if (hz <= 0)
		return 0;
	if (ticks / (uint64_t)hz > (uint64_t)INT32_MAX * 4)
		return 0;
	return (int64_t)(ticks / (uint64_t)hz) * CLOCK_SECOND_NS +
	       (int64_t)(ticks % (uint64_t)hz) * (CLOCK_SECOND_NS / hz) - suspended_ns;
}

int64_t proc_parse_exec_start_ns(const char *text)
{
	const char *at = strstr(text, EXEC_START);
	char *end, *digits;

	at = at ? strchr(at, ':') : NULL;
	if (!at)
		return 0;
	/* Milliseconds with six decimals. */
	unsigned long long ms = strtoull(at + 1, &end, 10);

	if (*end != '.' || ms > INT64_MAX / CLOCK_MS_NS - 1)
		return 0;
	unsigned long part = strtoul(end + 1, &digits, 10);

	if (digits - end != 7)
		return 0;
	return (int64_t)ms * CLOCK_MS_NS + (int64_t)part;
}
