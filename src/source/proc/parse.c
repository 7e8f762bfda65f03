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

/* With its two blanks it is longer than the thread's name, which precedes it, can be. */
#define EXEC_START "\nse.exec_start  "

bool proc_parse_stat(const char *text, size_t length, struct proc_stat *out)
{
	const char *open = memchr(text, '(', length);
	/* The name may contain any byte: it ends at the last ')'. */
	const char *close = memrchr(text, ')', length);
	unsigned long long user, system, start, start_stack = 0;
	long long threads;
	unsigned flags;
	int ppid;
	char state;
	int cpu = -1;

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
	if (sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
		   "%lld "
		   "%*d %llu %*u %*d %*u %*u %*u %llu "
		   "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
		   &state, &ppid, &flags, &user, &system, &threads, &start, &start_stack,
		   &cpu) < 7)
		return false;
	out->state = state;
	out->ppid = ppid;
	out->kernel_flags = flags;
	out->cpu_ticks = user + system;
	out->threads = threads;
	out->start_ticks = start;
	out->start_stack = start_stack;
	out->cpu = cpu;
	/* The last field. */
	close = memrchr(text, ' ', length);
	out->exit_status = close && state == 'Z' ? atoi(close) : 0;
	return true;
}

/* Parses a number and the blanks before it. Returns NULL if there is none. */
static const char *parse_word(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return end == text || errno ? NULL : end;
}

bool proc_has_ended(const struct proc_stat *stat)
{
	return stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1);
}

bool proc_parse_call(const char *text, struct proc_call *out)
{
	const char *at = text;
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
		at = parse_word(at, 16, &out->args[i]);
		if (!at)
			return false;
	}
	at = parse_word(at, 16, &out->sp);
	return at && parse_word(at, 16, &out->pc);
}

bool proc_parse_map(const char *line, size_t length, struct proc_map *out)
{
	char head[128];
	char perms[8];
	int used = 0;
	size_t bytes = length < sizeof(head) - 1 ? length : sizeof(head) - 1;
	unsigned long long start, end, offset, inode = 0;

	memcpy(head, line, bytes);
	head[bytes] = '\0';
	out->device[0] = '\0';
	if (sscanf(head, "%llx-%llx %7s %llx %15s %llu%n", &start, &end, perms, &offset,
		   out->device, &inode, &used) < 6 ||
	    used == 0 || start >= end)
		return false;
	out->start = start;
	out->end = end;
	out->offset = offset;
	out->readable = perms[0] == 'r';
	out->writable = strlen(perms) > 1 && perms[1] == 'w';
	out->executable = strlen(perms) > 2 && perms[2] == 'x';
	out->private = strlen(perms) > 3 && perms[3] == 'p';
	out->inode = inode;
	size_t at = (size_t)used;

	while (at < length && line[at] == ' ')
		at++;
	out->path = line + at;
	out->path_bytes = length - at;
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
