/* SPDX-License-Identifier: MIT */
/* Names descriptors without a file (epoll, eventfd, timerfd, pidfd, inotify, signalfd)
 * from /proc/PID/fdinfo. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "source/kernel/kernel.h"
#include "source/proc/descriptors.h"

#define FDINFO_MAX  8192u
#define FDS_SHOWN   8u
#define DAY_SECONDS 86400

const char *kernel_clock_text(int64_t real_ns, char out[KERNEL_CLOCK_MAX])
{
	time_t now = time(NULL);
	time_t then = (time_t)(real_ns / CLOCK_SECOND_NS);
	struct tm tm;
	bool near = then > now - DAY_SECONDS && then < now + DAY_SECONDS;

	if (!localtime_r(&then, &tm) ||
	    strftime(out, KERNEL_CLOCK_MAX, near ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm) ==
		    0)
		snprintf(out, KERNEL_CLOCK_MAX, "a set time");
	return out;
}

static void name_epoll(const char *info, char *out, size_t size)
{
	size_t count = 0;
	size_t used = (size_t)snprintf(out, size, "epoll of fds");

	for (const char *at = info; (at = strstr(at, "tfd:")); at += 4) {
		if (count++ < FDS_SHOWN && used < size)
			used += (size_t)snprintf(out + used, size - used, " %d",
						 atoi(at + 4));
	}
	if (count == 0)
		snprintf(out, size, "epoll without fds");
	else if (count > FDS_SHOWN && used < size)
		snprintf(out + used, size - used, " and %zu more", count - FDS_SHOWN);
}

static void name_eventfd(const char *info, char *out, size_t size)
{
	const char *at = strstr(info, "eventfd-count:");

	if (at)
		snprintf(out, size, "eventfd, count %llu", strtoull(at + 14, NULL, 16));
	else
		snprintf(out, size, "eventfd");
}

/* "it_value: (12, 345678)": time until it expires; all zero if the timer is not set. */
static int64_t timer_field(const char *info, const char *key)
{
	const char *at = strstr(info, key);
	int64_t seconds, ns;

	if (!at ||
	    sscanf(at + strlen(key), " (%" SCNd64 ", %" SCNd64 ")", &seconds, &ns) != 2 ||
	    seconds < 0 || seconds > INT32_MAX || ns < 0)
		return 0;
	return seconds * CLOCK_SECOND_NS + ns % CLOCK_SECOND_NS;
}

static void name_timerfd(const char *info, char *out, size_t size)
{
	int64_t left_ns = timer_field(info, "it_value:");
	int64_t every_ns = timer_field(info, "it_interval:");
	char when[KERNEL_CLOCK_MAX];
	char every[CLOCK_DURATION_MAX];

	if (!left_ns) {
		snprintf(out, size, "timerfd, not set");
		return;
	}
	snprintf(out, size, "timerfd, due %s%s%s",
		 kernel_clock_text(clock_real_ns() + left_ns, when),
		 every_ns ? ", every " : "",
		 every_ns ? clock_format_duration(every_ns, every) : "");
}

static void name_pidfd(const char *info, char *out, size_t size)
{
	const char *at = strstr(info, "Pid:");
	int pid = at ? atoi(at + 4) : 0;

	if (pid > 0)
		snprintf(out, size, "pidfd of process %d", pid);
	else
		snprintf(out, size, "pidfd of a process that has ended");
}

static void name_inotify(const char *info, char *out, size_t size)
{
	size_t count = 0;

	for (const char *at = info; (at = strstr(at, "inotify wd:")); at++)
		count++;
	snprintf(out, size, "inotify, %zu watch%s", count, count == 1 ? "" : "es");
}

static void name_signalfd(const char *info, char *out, size_t size)
{
	const char *at = strstr(info, "sigmask:");
	uint64_t mask = at ? strtoull(at + 8, NULL, 16) : 0;
	size_t used = (size_t)snprintf(out, size, "signalfd");

	for (int i = 1; i < 32 && used < size; i++)
		if ((mask >> (i - 1) & 1) && sigabbrev_np(i))
			used += (size_t)snprintf(out + used, size - used, " %s",
						 sigabbrev_np(i));
}

/* By the kernel's number; only operations that can wait for something other than a
 * disk. */
static const char *const ring_operations[] = {
	[6] = "poll",    [9] = "sendmsg",  [10] = "recvmsg", [11] = "timeout",
	[13] = "accept", [16] = "connect", [22] = "read",    [23] = "write",
	[26] = "send",   [27] = "recv",    [30] = "splice",  [1] = "read",
	[2] = "write",   [49] = "read",    [46] = "command", [50] = "waitid",
};

static const char *ring_operation(int number)
{
	size_t known = ARRAY_COUNT(ring_operations);

	return number >= 0 && (size_t)number < known && ring_operations[number]
		       ? ring_operations[number]
		       : "other";
}

static uint32_t ring_count(const char *info, const char *key)
{
	const char *at = strstr(info, key);

	return at ? (uint32_t)strtoul(at + strlen(key), NULL, 0) : 0;
}

/* Counts operations that were submitted and not completed. An operation may complete more
 * than once, so no count is shown if there are more completions than submissions. */
static void name_io_uring(const char *info, char *out, size_t size)
{
	uint32_t taken = ring_count(info, "CachedSqHead:");
	uint32_t pending = taken - ring_count(info, "CachedCqTail:");
	size_t used = (size_t)snprintf(out, size, "io_uring");
	const char *word = ":", *at = strstr(info, "PollList:");
	size_t shown = 0;

	if (pending && pending <= taken)
		used += (size_t)snprintf(out + used, size - used, ", %u pending",
					 pending);
	for (; at && (at = strstr(at, "op=")); at += 3, word = ",") {
		if (++shown > FDS_SHOWN || used >= size)
			break;
		used += (size_t)snprintf(out + used, size - used, "%s %s", word,
					 ring_operation(atoi(at + 3)));
	}
}

static const struct {
	const char *link; /* prefix */
	void (*name)(const char *info, char *out, size_t size);
} anonymous[] = {
	{"anon_inode:[eventpoll]", name_epoll},
	{"anon_inode:[eventfd]", name_eventfd},
	{"anon_inode:[timerfd]", name_timerfd},
	{"anon_inode:[pidfd]", name_pidfd},
	{"pidfd:[", name_pidfd},
	{"anon_inode:inotify", name_inotify},
	{"anon_inode:[signalfd]", name_signalfd},
	{"anon_inode:[io_uring]", name_io_uring},
};

bool kernel_anon_name(const struct kernel *kernel, int fd, const char *link, char *out,
		      size_t size)
{
	char info[FDINFO_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(anonymous); i++) {
		if (!text_starts_with(link, anonymous[i].link))
			continue;
		if (process_fd_info(&kernel->process, fd, info, sizeof(info)) <= 0)
			return false;
		anonymous[i].name(info, out, size);
		return true;
	}
	return false;
}
