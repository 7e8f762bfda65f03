/* SPDX-License-Identifier: MIT */
/* For the tests of channels: runs one call on a thread of its own, and waits until the
 * published region says how many callers are blocked. */
#ifndef TESTS_FAULT_CHAN_TEST_H
#define TESTS_FAULT_CHAN_TEST_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "grmon_chan.h"
#include "wrap_region.h"

#include "../sanitized.h"

#define MS INT64_C(1000000)

/* The thread sanitizer stops following a thread when the agent releases its slot, at the
 * very end of the thread, and reports the next owner of the slot as a race. Channels are
 * not involved. */
#if SANITIZED_THREADS
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:slot_clear\nrace:agent_slot_show\nrace:wait_save\nrace:wait_count\n";
}
#endif

/* For pthread_cleanup_push() where a cancelled thread leaves frames with arrays: the
 * address sanitizer does not learn otherwise that they are gone. */
static inline void frames_left(void *arg)
{
#if SANITIZED_ADDRESS
	void __asan_unpoison_memory_region(void const volatile *address, size_t bytes);

	__asan_unpoison_memory_region((char *)__builtin_frame_address(0) - 65536, 65536);
#endif
	(void)arg;
}

static inline int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void give_up(const char *why)
{
	printf("not ok - %s\n", why);
	fflush(stdout);
	_exit(1);
}

/* This process's region. The agent's own thread may keep its descriptor in a table of its
 * own, so each thread's table is searched. */
static inline bool region_of_self(struct region *region)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	bool found = false;

	while (tasks && !found && (entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			found = region_open(region, atoi(entry->d_name));
	if (tasks)
		closedir(tasks);
	return found;
}

/* The record of a channel as a client sees it. */
static inline bool chan_record_of(const struct grmon_chan *chan, struct wire_chan *out)
{
	static struct region region;
	static pid_t pid;
	const struct wire_chan *records;

	if (pid != getpid()) {
		if (!region_of_self(&region))
			give_up("this process publishes no region");
		pid = getpid();
	}
	records = (const void *)(region.map + region.header.chans_offset);
	for (uint32_t i = 0; i < region.header.nr_chans; i++) {
		if (__atomic_load_n(&records[i].address, __ATOMIC_RELAXED) !=
			    (uintptr_t)chan ||
		    __atomic_load_n(&records[i].id, __ATOMIC_ACQUIRE) == 0)
			continue;
		memcpy(out, &records[i], sizeof(*out));
		return true;
	}
	return false;
}

/* Waits until exactly this many entries are queued. */
static inline void await_blocked(const struct grmon_chan *chan, uint32_t senders,
				 uint32_t receivers)
{
	int64_t until = now_ns() + 20000 * MS;
	struct wire_chan record;

	while (!chan_record_of(chan, &record) || record.nr_send != senders ||
	       record.nr_recv != receivers) {
		if (now_ns() > until)
			give_up("the callers that should block do not");
		usleep(500);
	}
}

enum call_kind { CALL_SEND, CALL_RECV, CALL_SELECT };

/* One blocking call on a thread of its own. */
struct call {
	enum call_kind kind;
	struct grmon_chan *chan;
	uint64_t element;
	struct grmon_chan_case *cases;
	size_t nr_cases;
	int64_t timeout_ns; /* select */
	int result;
	int32_t tid;
	pthread_t thread;
};

static inline void *call_run(void *arg)
{
	struct call *call = arg;

	__atomic_store_n(&call->tid, (int32_t)gettid(), __ATOMIC_RELEASE);
	if (call->kind == CALL_SEND)
		call->result = grmon_chan_send(call->chan, &call->element);
	else if (call->kind == CALL_RECV)
		call->result = grmon_chan_recv(call->chan, &call->element);
	else
		call->result =
			grmon_chan_select(call->cases, call->nr_cases, call->timeout_ns);
	return NULL;
}

static inline void call_start(struct call *call)
{
	call->result = 99;
	if (pthread_create(&call->thread, NULL, call_run, call) != 0)
		give_up("no thread");
}

static inline void call_send(struct call *call, struct grmon_chan *chan, uint64_t element)
{
	*call = (struct call){.kind = CALL_SEND, .chan = chan, .element = element};
	call_start(call);
}

static inline void call_recv(struct call *call, struct grmon_chan *chan)
{
	*call = (struct call){.kind = CALL_RECV, .chan = chan, .element = 77};
	call_start(call);
}

static inline void call_select(struct call *call, struct grmon_chan_case *cases,
			       size_t count)
{
	*call = (struct call){
		.kind = CALL_SELECT, .cases = cases, .nr_cases = count, .timeout_ns = -1};
	call_start(call);
}

static inline int call_join(struct call *call)
{
	pthread_join(call->thread, NULL);
	return call->result;
}

#endif
