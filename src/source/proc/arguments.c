/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat has their addresses, for a reader that may read the memory. Not by libproc2,
 * which waits for memory that does not answer. */
#include "source/proc/arguments.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "source/proc/live.h"

#define STAT_AFTER_NAME 3  /* number of the first field after the name */
#define STAT_ARG_START  48 /* followed by the end, and by both of the environment */

/* Returns false if the kernel does not tell. */
static bool find(const struct process *process, enum arguments_part part, uint64_t *start,
		 uint64_t *end)
{
	int wanted = STAT_ARG_START + (part == ARGUMENTS_ENVIRONMENT ? 2 : 0);
	char text[PROC_TEXT_MAX];
	unsigned long long from, to;
	const char *at;

	if (live_text(process, "stat", text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')');
	for (int field = STAT_AFTER_NAME - 1; at && field < wanted; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu %llu", &from, &to) != 2 || from == 0 || from >= to)
		return false;
	*start = from;
	*end = to;
	return true;
}

/* Reads piece by piece, up to the first page that does not answer. */
static ssize_t read_memory(const struct process *process, struct pages *pages,
			   uint64_t start, size_t bytes, char *out)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = pages_read(pages, process, start + done, out + done,
					 bytes - done, true);

		if (got <= 0 && done == 0)
			return got < 0 ? got : -EFAULT;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	out[done] = '\0';
	return (ssize_t)done;
}

static ssize_t read_part(const struct process *process, struct pages *pages,
			 enum arguments_part part, char *out, size_t size)
{
	uint64_t start, end;
	bool known = find(process, part, &start, &end);
	size_t bytes = known && end - start < size - 1 ? (size_t)(end - start) : size - 1;

	if (known && !pages_present(pages, process, start, bytes))
		return read_memory(process, pages, start, bytes, out);
	return live_text(process, part == ARGUMENTS_COMMAND ? "cmdline" : "environ", out,
			 size);
}

ssize_t arguments_read(const struct process *process, struct pages *pages,
		       enum arguments_part part, char *out, size_t size)
{
	struct pages *own = NULL;
	ssize_t got;

	if (!pages)
		pages = own = pages_new(NULL);
	if (!pages || size < 2)
		return -ENOMEM;
	got = read_part(process, pages, part, out, size);
	pages_free(own);
	return got;
}
