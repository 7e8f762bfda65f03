/* SPDX-License-Identifier: MIT */
/* A call ends at the first range that cannot be read; what follows that range is
 * requested again. */
#include <errno.h>
#include <sys/uio.h>

#include "source/proc/kept.h"
#include "source/proc/live.h"
#include "source/proc/pages.h"

size_t memory_read_direct(struct memory *mem, uint64_t address, void *out, size_t bytes)
{
	size_t done = 0;

	if (memory_is_spent(mem)) {
		mem->failed = EDQUOT;
		return 0;
	}
	mem->spent += 1 + bytes / MEMORY_UNIT_BYTES;
	while (done < bytes) {
		struct iovec local = {(char *)out + done, bytes - done};
		struct iovec remote = {(void *)(uintptr_t)(address + done), bytes - done};
		ssize_t got;

		if (address + done < address)
			break;
		if (mem->pages)
			got = pages_read(mem->pages, &mem->process, address + done,
					 (char *)out + done, bytes - done, true);
		else
			got = live_memory(mem->process.alive, &local, &remote, 1);
		mem->calls++;
		if (got <= 0) {
			mem->failed = got < 0 ? (int)-got : EFAULT;
			break;
		}
		done += (size_t)got;
	}
	return done;
}

/* Reads from one to MEMORY_SPANS_PER_CALL spans, none of them empty. Returns how many are done, read
 * or failed. */
static size_t read_some_spans(struct memory *mem, struct memory_span *spans,
			      size_t nr_spans)
{
	struct iovec local[MEMORY_SPANS_PER_CALL], remote[MEMORY_SPANS_PER_CALL];
	size_t done = 0, i = 0;
	ssize_t got;

	do {
		local[i].iov_base = spans[i].out;
		remote[i].iov_base = (void *)(uintptr_t)spans[i].address;
		local[i].iov_len = remote[i].iov_len = spans[i].bytes;
	} while (++i < nr_spans);
	got = live_memory(mem->process.alive, local, remote, nr_spans);
	mem->calls++;
	if (got < 0) {
		mem->failed = (int)-got;
		/* A bad range concerns that span alone; any other error concerns all. */
		if (got != -EFAULT)
			return nr_spans;
		got = 0;
	}
	while (done < nr_spans && (size_t)got >= spans[done].bytes) {
		got -= (ssize_t)spans[done].bytes;
		spans[done++].ok = true;
	}
	return done < nr_spans ? done + 1 : done; /* the failed one is done, too */
}

void memory_read_spans(struct memory *mem, struct memory_span *spans, size_t nr_spans)
{
	size_t at = 0;

	for (size_t i = 0; i < nr_spans; i++)
		spans[i].ok = false;
	while (at < nr_spans && !memory_is_spent(mem)) {
		size_t count = 0;

		while (at < nr_spans && spans[at].bytes == 0)
			at++;
		for (; at + count < nr_spans && count < MEMORY_SPANS_PER_CALL &&
		       spans[at + count].bytes > 0;
		     count++)
			mem->spent += 1 + spans[at + count].bytes / MEMORY_UNIT_BYTES;
		if (count > 0)
			at += read_some_spans(mem, spans + at, count);
	}
}
