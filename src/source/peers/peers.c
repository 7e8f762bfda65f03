/* SPDX-License-Identifier: MIT */
/*
 * One walk over /proc/PID/fd of every readable process builds an index from the target of
 * a descriptor to the processes that have it open. The index is reused for a while, so
 * that walks take a small share of the time.
 */
#include "source/peers/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/order.h"
#include "base/text.h"
#include "source/proc/descriptors.h"
#include "source/proc/sockets.h"

#define ENTRIES_MAX    131072u
/* For one walk: CPU time, and time that passes, which is longer on a busy machine. */
#define WALK_BUDGET_NS (CLOCK_SECOND_NS / 4)
#define WALK_MOST_NS   (2 * CLOCK_SECOND_NS)
#define KEPT_NS        (5 * CLOCK_SECOND_NS)
#define WALK_SHARE     400 /* walks may take 1/400 of the CPU time of one core, */
#define MISSING_SHARE  100 /* or 1/100 if something was not found */
#define LINK_MAX       PEERS_LINK_MAX
#define OWN_FDS        256 /* more than a program inherits */

enum end_mode { END_READS = 1, END_WRITES = 2 };

struct peers_entry {
	uint64_t key; /* of the link's text */
	pid_t pid;
	uint32_t modes;
};

struct peers {
	struct peers_entry *entries; /* sorted by key and pid */
	size_t nr_entries, cap_entries;
	bool whole; /* no readable process is missing */
	struct socket_pair *pairs;
	size_t nr_pairs;
	uint64_t seed;
	pid_t target;
	int64_t now_ns;
	int64_t walked_ns; /* 0 if never */
	int64_t cost_ns;   /* CPU time */
};

struct peers *peers_new(void)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (peers)
		peers->seed = hash_seed();
	return peers;
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	free(peers->entries);
	free(peers->pairs);
	free(peers);
}

void peers_target(struct peers *peers, pid_t target)
{
	/* The known sockets may be from another namespace. */
	if (target != peers->target)
		peers->walked_ns = 0;
	peers->target = target;
}

void peers_begin(struct peers *peers, int64_t now_ns)
{
	peers->now_ns = now_ns;
}

static uint64_t link_key(const struct peers *peers, const char *link)
{
	return hash_bytes(peers->seed, link, strlen(link));
}

/* Both ends of a socket read and write; for other kinds the permissions of the link
 * tell. */
static uint32_t link_modes(const struct process_fds *fds, const char *link)
{
	mode_t modes;

	if (text_starts_with(link, "socket:"))
		return END_READS | END_WRITES;
	modes = process_fds_modes(fds);
	return (modes & S_IRUSR ? END_READS : 0) | (modes & S_IWUSR ? END_WRITES : 0);
}

static bool add_entry(struct peers *peers, uint64_t key, pid_t pid, uint32_t modes)
{
	if (!array_reserve_most(&peers->entries, &peers->cap_entries,
				peers->nr_entries + 1, ENTRIES_MAX))
		return false;
	peers->entries[peers->nr_entries++] = (struct peers_entry){key, pid, modes};
	return true;
}

static void walk_process(struct peers *peers, const struct process *process)
{
	bool own = process->pid == getpid();
	char link[LINK_MAX];
	struct process_fds fds;

	if (process_fds_open(&fds, process, 0) != 0)
		return;
	while (process_fds_next(&fds)) {
		if (process_fds_link(&fds, link, sizeof(link)) <= 0)
			continue;
		/* The client keeps a file of each thread of the target open: thousands
		 * follow. */
		if (own && fds.fd >= OWN_FDS && process_fds_link_tells(link))
			break;
		if (!process_fds_link_joins(link))
			continue;
		if (!add_entry(peers, link_key(peers, link), process->pid,
			       link_modes(&fds, link)))
			peers->whole = false;
	}
	process_fds_close(&fds);
}

static int compare_entries(const void *a, const void *b)
{
	const struct peers_entry *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return ORDER(left->pid, right->pid);
}

static void walk_processes(struct peers *peers)
{
	int64_t begin_ns = clock_mono_ns();
	int64_t cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	struct process_list list;
	struct process process;

	peers->nr_entries = 0;
	peers->whole = process_list_open(&list);
	while (process_list_next(&list, &process)) {
		walk_process(peers, &process);
		if (clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns > WALK_BUDGET_NS ||
		    clock_mono_ns() - begin_ns > WALK_MOST_NS) {
			peers->whole = false;
			break;
		}
	}
	process_list_close(&list);
	if (peers->nr_entries)
		qsort(peers->entries, peers->nr_entries, sizeof(*peers->entries),
		      compare_entries);
	free(peers->pairs);
	process = process_named(peers->target);
	peers->nr_pairs =
		socket_pairs_read(peers->target > 0 ? &process : NULL, &peers->pairs);
	peers->walked_ns = begin_ns;
	peers->cost_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
}

void peers_refresh(struct peers *peers)
{
	if (peers->walked_ns < peers->now_ns)
		walk_processes(peers);
}

/* Walks again if that is due; missing is true if something was not found. */
static bool walk_if_due(struct peers *peers, bool missing)
{
	int64_t age_ns = peers->now_ns - peers->walked_ns;
	int64_t wait_ns = peers->cost_ns * (missing ? MISSING_SHARE : WALK_SHARE);

	if (!missing && wait_ns < KEPT_NS)
		wait_ns = KEPT_NS;
	if (peers->walked_ns && (age_ns <= 0 || age_ns < wait_ns))
		return false;
	walk_processes(peers);
	return true;
}

int64_t peers_keep(struct peers *peers, bool missing)
{
	walk_if_due(peers, missing);
	return peers->walked_ns;
}

static void add_pid(struct peers_found *found, pid_t pid)
{
	for (size_t i = 0; i < found->nr_pids; i++)
		if (found->pids[i] == pid)
			return;
	if (found->nr_pids < ARRAY_COUNT(found->pids))
		found->pids[found->nr_pids++] = pid;
	else
		found->complete = false;
}

/* Adds the processes that have it open in one of these modes, except `last`. Returns true
 * if `last` has it open. */
static bool add_holders(const struct peers *peers, const char *link, uint32_t modes,
			pid_t last, struct peers_found *found)
{
	uint64_t key = link_key(peers, link);
	size_t low = ORDER_COUNT_BELOW(peers->entries, peers->nr_entries, key, key);
	bool also_last = false;

	for (; low < peers->nr_entries && peers->entries[low].key == key; low++) {
		if (!(peers->entries[low].modes & modes))
			continue;
		if (peers->entries[low].pid == last)
			also_last = true;
		else
			add_pid(found, peers->entries[low].pid);
	}
	return also_last;
}

static uint64_t peer_of(const struct peers *peers, uint64_t inode)
{
	size_t low = ORDER_COUNT_BELOW(peers->pairs, peers->nr_pairs, inode, inode);

	return low < peers->nr_pairs && peers->pairs[low].inode == inode
		       ? peers->pairs[low].peer
		       : 0;
}

/* Finds the processes that can end the wait, from what is known now. */
static void find_holders(const struct peers *peers, pid_t pid, const char *link,
			 bool writes, struct peers_found *found)
{
	uint64_t inode;
	bool own;

	found->nr_pids = 0;
	found->complete = peers->whole;
	if (sscanf(link, "socket:[%" SCNu64, &inode) != 1) {
		uint32_t modes = strcmp(found->how, "file") == 0 ? END_READS | END_WRITES
				 : writes                        ? END_READS
								 : END_WRITES;

		own = add_holders(peers, link, modes, pid, found);
	} else {
		char other[40];
		uint64_t peer = peer_of(peers, inode);

		snprintf(other, sizeof(other), "socket:[%" PRIu64 "]", peer);
		own = peer && add_holders(peers, other, END_READS, pid, found);
		/* If no process seems to have the other end, it belongs to one that we
		 * cannot see. */
		if (!found->nr_pids && !own)
			found->complete = false;
		/* A process that shares this end can shut the socket down. */
		own |= add_holders(peers, link, END_READS, pid, found);
	}
	if (!found->nr_pids && !own)
		found->complete = false;
	if (own)
		add_pid(found, pid);
}

bool peers_other_end(const struct peers *peers, pid_t pid, int fd,
		     char link[PEERS_LINK_MAX])
{
	uint64_t inode;
	struct process process = process_named(pid);
	char own[LINK_MAX];

	process_fd_link(&process, fd, own, sizeof(own));
	snprintf(link, LINK_MAX, "%s", own);
	if (sscanf(own, "socket:[%" SCNu64, &inode) != 1)
		return text_starts_with(own, "pipe:[");
	inode = peer_of(peers, inode);
	snprintf(link, LINK_MAX, "socket:[%" PRIu64 "]", inode);
	return inode != 0;
}

void peers_find(struct peers *peers, pid_t pid, int fd, bool writes,
		struct peers_found *found)
{
	struct process process = process_named(pid);
	char link[LINK_MAX];
	struct stat st;

	memset(found, 0, sizeof(*found));
	if (process_fd_link(&process, fd, link, sizeof(link)) <= 0)
		return;
	if (text_starts_with(link, "pipe:["))
		found->how = "pipe";
	else if (text_starts_with(link, "socket:["))
		found->how = "socket";
	else if (link[0] == '/' && !text_starts_with(link, "/dev/") &&
		 process_fd_stat(&process, fd, &st))
		found->how = S_ISFIFO(st.st_mode)  ? "pipe"
			     : S_ISREG(st.st_mode) ? "file"
						   : NULL;
	if (!found->how)
		return;
	if (!peers->target)
		peers->target = pid;
	walk_if_due(peers, false);
	find_holders(peers, pid, link, writes, found);
	if (!found->complete && walk_if_due(peers, true))
		find_holders(peers, pid, link, writes, found);
}
