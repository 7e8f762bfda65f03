/* SPDX-License-Identifier: MIT */
/* pagemap tells whether a page is in memory, and never waits for one. */
#include "source/proc/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/worker.h"
#include "source/proc/live.h"

#define PAGE_PRESENT   63 /* bit of an entry */
#define ENTRIES_MAX    512u
#define DEAD_MAX       8u
#define DEAD_TOTAL_MAX 64u
#define STALL_FIRST_NS (2 * CLOCK_SECOND_NS)
#define STALL_NEXT_NS  (CLOCK_SECOND_NS / 8)

/* A read of one page or a part of it. Belongs to its worker. */
struct errand {
	pid_t pid;
	uint64_t address;
	size_t bytes;
	ssize_t got; /* or -errno */
	uint8_t data[65536];
};

struct dead_page {
	pid_t pid; /* 0 if it is a file */
	uint64_t address;
	struct worker *worker; /* the one that waits for it */
};

/* Who reads what is not in memory, for one or several targets. */
struct crew {
	unsigned users;
	struct worker *worker; /* NULL if none is started */
	struct errand *errand; /* of the worker */
};

struct pages {
	const int *cancel;
	pid_t pid; /* whose pagemap is open */
	int fd;    /* -1 if it is not open, or cannot be */
	uint64_t page_bytes;
	struct crew *crew;
	struct dead_page dead[DEAD_MAX];
	size_t nr_dead;
	unsigned total; /* number that was ever dead */
};

struct pages *pages_new_beside(const int *cancel, struct pages *other)
{
	struct pages *pages = calloc(1, sizeof(*pages));

	if (pages)
		pages->crew = other ? other->crew : calloc(1, sizeof(*pages->crew));
	if (!pages || !pages->crew) {
		free(pages);
		return NULL;
	}
	pages->crew->users++;
	pages->cancel = cancel;
	pages->fd = -1;
	pages->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	return pages;
}

struct pages *pages_new(const int *cancel)
{
	return pages_new_beside(cancel, NULL);
}

void pages_free(struct pages *pages)
{
	if (!pages)
		return;
	if (pages->fd >= 0)
		close(pages->fd);
	if (--pages->crew->users == 0) {
		worker_free(pages->crew->worker);
		free(pages->crew->errand);
		free(pages->crew);
	}
	free(pages);
}

/* Removes pages that have arrived after all. */
static void revive(struct pages *pages)
{
	size_t kept = 0;

	for (size_t i = 0; i < pages->nr_dead; i++)
		if (pages->total >= DEAD_TOTAL_MAX ||
		    !worker_returned(pages->dead[i].worker))
			pages->dead[kept++] = pages->dead[i];
	pages->nr_dead = kept;
}

size_t pages_dead(const struct pages *pages)
{
	return pages ? pages->nr_dead : 0;
}

static void reopen(struct pages *pages, const struct process *process)
{
	struct process named = process_named(process->alive);

	if (pages->fd >= 0)
		close(pages->fd);
	pages->fd = process_pagemap_open(&named);
	pages->pid = process->alive;
}

/* Reads what the kernel knows of pages, the first one's number and how many. Returns how
 * many it knows. */
static size_t read_entries(struct pages *pages, const struct process *process,
			   uint64_t first, uint64_t *entries, size_t nr)
{
	ssize_t got = 0;

	/* After an exec() the descriptor still refers to the old memory and reads
	 * nothing. */
	for (int turn = 0; turn < 2 && got == 0; turn++) {
		if (turn > 0 || pages->pid != process->alive)
			reopen(pages, process);
		if (pages->fd < 0)
			return 0;
		got = pread(pages->fd, entries, nr * sizeof(entries[0]),
			    (off_t)(first * sizeof(entries[0])));
	}
	return got > 0 ? (size_t)got / sizeof(entries[0]) : 0;
}

/* Returns how many bytes, from address on, are in pages that are in memory. */
static size_t present_bytes(struct pages *pages, const struct process *process,
			    uint64_t address, size_t bytes)
{
	uint64_t entries[ENTRIES_MAX], first = address / pages->page_bytes;
	uint64_t last = (address + bytes - 1) / pages->page_bytes;
	size_t count = 0, present, got;

	if (last - first >= ENTRIES_MAX)
		last = first + ENTRIES_MAX - 1;
	got = read_entries(pages, process, first, entries, (size_t)(last - first + 1));
	while (count < got && entries[count] >> PAGE_PRESENT)
		count++;
	if (count == 0)
		return 0;
	present = count * pages->page_bytes - address % pages->page_bytes;
	return present < bytes ? present : bytes;
}

size_t pages_keep_present(struct pages *pages, const struct process *process,
			  uint64_t *addresses, size_t nr)
{
	uint64_t entries[ENTRIES_MAX], first = 0;
	size_t got = 0, kept = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t page = addresses[i] / pages->page_bytes;

		if (i == 0 || page - first >= ENTRIES_MAX) {
			first = page;
			got = read_entries(pages, process, first, entries, ENTRIES_MAX);
		}
		if (page - first < got && entries[page - first] >> PAGE_PRESENT)
			addresses[kept++] = addresses[i];
	}
	return kept;
}

bool pages_present(struct pages *pages, const struct process *process, uint64_t address,
		   size_t bytes)
{
	while (bytes > 0) {
		size_t present = present_bytes(pages, process, address, bytes);

		if (present == 0)
			return false;
		address += present;
		bytes -= present;
	}
	return true;
}

static ssize_t read_now(pid_t pid, uint64_t address, void *out, size_t bytes)
{
	struct iovec local = {out, bytes};
	struct iovec remote = {(void *)(uintptr_t)address, bytes};

	return live_memory(pid, &local, &remote, 1);
}

static void run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->got = read_now(errand->pid, errand->address, errand->data, errand->bytes);
}

static bool is_cancelled(void *ctx)
{
	const struct pages *pages = ctx;

	return pages->cancel && __atomic_load_n(pages->cancel, __ATOMIC_RELAXED);
}

static bool is_dead(const struct pages *pages, pid_t pid, uint64_t page)
{
	for (size_t i = 0; i < pages->nr_dead; i++)
		if (pages->dead[i].pid == pid && pages->dead[i].address == page)
			return true;
	return false;
}

/* Runs the job for the page at address, or for a file (pid 0). Returns false if that does
 * not answer; the job may still use arg then. */
static bool run_patiently(struct pages *pages, pid_t pid, uint64_t address,
			  void (*job)(void *arg), void *arg)
{
	const struct worker_limits limits = {.stall_ns = pages->total ? STALL_NEXT_NS
								      : STALL_FIRST_NS,
					     .stopped = is_cancelled,
					     .ctx = pages};

	if (worker_run(pages->crew->worker, job, arg, &limits) == WORKER_DONE)
		return true;
	pages->dead[pages->nr_dead++] =
		(struct dead_page){pid, address, pages->crew->worker};
	pages->total++;
	pages->crew->worker = NULL;
	return false;
}

bool pages_run(struct pages *pages, void (*job)(void *arg), void *arg)
{
	if (pages)
		revive(pages);
	if (pages && (pages->nr_dead == DEAD_MAX || is_cancelled(pages)))
		return false;
	if (pages && !pages->crew->worker)
		pages->crew->worker = worker_new();
	if (pages && pages->crew->worker)
		return run_patiently(pages, 0, 0, job, arg);
	job(arg);
	return true;
}

/* Reads within one page. */
static ssize_t read_patiently(struct pages *pages, pid_t pid, uint64_t address, void *out,
			      size_t bytes)
{
	uint64_t page = address - address % pages->page_bytes;
	struct errand *errand;

	revive(pages);
	if (is_dead(pages, pid, page) || pages->nr_dead == DEAD_MAX ||
	    is_cancelled(pages))
		return -EFAULT;
	if (!pages->crew->worker)
		pages->crew->worker = worker_new();
	if (!pages->crew->errand)
		pages->crew->errand = malloc(sizeof(*pages->crew->errand));
	errand = pages->crew->errand;
	if (!pages->crew->worker || !errand)
		return -ENOMEM;
	errand->pid = pid;
	errand->address = address;
	errand->bytes = bytes < sizeof(errand->data) ? bytes : sizeof(errand->data);
	if (!run_patiently(pages, pid, page, run_errand, errand)) {
		/* The kernel may still write into the errand. */
		pages->crew->errand = NULL;
		return -EFAULT;
	}
	if (errand->got > 0)
		memcpy(out, errand->data, (size_t)errand->got);
	return errand->got;
}

ssize_t pages_read(struct pages *pages, const struct process *process, uint64_t address,
		   void *out, size_t bytes, bool wait)
{
	size_t present, inside;

	if (bytes == 0 || address + bytes < address)
		return -EFAULT;
	present = present_bytes(pages, process, address, bytes);
	if (present > 0)
		return read_now(process->alive, address, out, present);
	if (!wait)
		return -EFAULT;
	inside = (size_t)(pages->page_bytes - address % pages->page_bytes);
	return read_patiently(pages, process->alive, address, out,
			      bytes < inside ? bytes : inside);
}
