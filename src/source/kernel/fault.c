/* SPDX-License-Identifier: MIT */
/*
 * Explains threads that wait outside a system call: for a page served through
 * userfaultfd, and kernel workers that belong to the process. No file tells the faulting
 * address; if only one range is served through userfaultfd, the fault is in it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "source/kernel/call.h"

/* Reading the flags of mappings makes the kernel count their pages, which delays a large
 * process. */
#define RESIDENT_MOST    (64u << 10) /* pages */
#define SMAPS_MAX        (8u << 20)
#define FLAG_IO_WORKER   0x00000010u
#define FLAG_USER_WORKER 0x00004000u

struct served {
	size_t nr;
	uint64_t start, end;
};

/* Finds mappings with the flag of missing, write-protect or minor faults. */
static void read_served(const struct kernel *kernel, struct served *served)
{
	unsigned long long start = 0, end = 0, from, to, resident = 0;
	char statm[128], *save = NULL;
	struct buf text;

	memset(served, 0, sizeof(*served));
	if (kernel->mute)
		return;
	if (process_text(&kernel->process, PROCESS_STATM, statm, sizeof(statm)) <= 0 ||
	    sscanf(statm, "%*u %llu", &resident) != 1 || resident > RESIDENT_MOST)
		return;
	buf_init(&text, SMAPS_MAX);
	if (process_text_all(&kernel->process, PROCESS_SMAPS, &text, SMAPS_MAX, NULL) !=
		    0 ||
	    !text.length) {
		buf_release(&text);
		return;
	}
	for (char *line = strtok_r(text.bytes, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!text_starts_with(line, "VmFlags:")) {
			if (sscanf(line, "%llx-%llx ", &from, &to) == 2) {
				start = from;
				end = to;
			}
			continue;
		}
		if (!strstr(line, " um") && !strstr(line, " uw") && !strstr(line, " ui"))
			continue;
		served->nr++;
		served->start = start;
		served->end = end;
	}
	buf_release(&text);
}

static void explain_page(const struct kernel *kernel, struct kernel_wait *out)
{
	struct served served;

	kernel_wait_none(out, STATE_IO_READ);
	out->raw = "page fault";
	out->kind = "page";
	read_served(kernel, &served);
	if (served.nr != 1) {
		snprintf(out->text, sizeof(out->text),
			 "page fault, served by userfaultfd");
		return;
	}
	out->address = served.start;
	if (served.end - served.start <= 4096)
		snprintf(out->text, sizeof(out->text),
			 "page fault at 0x%" PRIx64 ", served by userfaultfd",
			 served.start);
	else
		snprintf(out->text, sizeof(out->text),
			 "page fault at 0x%" PRIx64 "-0x%" PRIx64
			 ", served by userfaultfd",
			 served.start, served.end);
}

/* Workers of io_uring and vhost are threads of the process that do not run its code. */
static bool is_worker(const struct kernel *kernel, pid_t tid)
{
	struct proc_stat stat;

	return process_thread_stat(&kernel->process, tid, &stat) == 0 &&
	       (stat.kernel_flags & (FLAG_IO_WORKER | FLAG_USER_WORKER));
}

bool kernel_explain_fault(struct kernel *kernel, pid_t tid, struct kernel_wait *out)
{
	bool disk = out->state == STATE_DISK;
	char place[64];

	if (process_thread_text(&kernel->process, tid, THREAD_PLACE, place,
				sizeof(place)) > 0 &&
	    strstr(place, "userfault")) {
		kernel->pages_served = true;
		explain_page(kernel, out);
		return true;
	}
	if (!is_worker(kernel, tid))
		return false;
	kernel_wait_none(out, disk ? STATE_DISK : STATE_POLL);
	out->raw = "kernel worker";
	return true;
}
