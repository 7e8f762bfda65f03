/* SPDX-License-Identifier: MIT */
/* Counts descriptors by kind from the links in /proc/PID/fd. The files are not opened,
 * since that could block or have side effects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "source/proc/descriptors.h"
#include "source/resource/resource.h"

#define FIRST_PIECE   4096u /* descriptors in the first sample, some ms */
#define PIECE         1024u
#define PASS_LEAST_NS (2 * CLOCK_SECOND_NS)
#define PASS_MOST_NS                                                                     \
	(60 * CLOCK_SECOND_NS) /* kinds can change while the number does not */
#define WATCH_BYTES_MAX (2u << 20)
#define TIMERS_MAX      (256u << 10)

enum fd_kind fd_kind_of_link(const char *link)
{
	static const struct {
		const char *prefix;
		enum fd_kind kind;
	} rules[] = {
		{"socket:[", FD_SOCKET},
		{"pipe:[", FD_PIPE},
		{"anon_inode:[eventfd]", FD_EVENTFD},
		{"anon_inode:[eventpoll]", FD_EPOLL},
		{"anon_inode:[timerfd]", FD_TIMERFD},
		{"anon_inode:[signalfd]", FD_SIGNALFD},
		{"anon_inode:[pidfd]", FD_PIDFD},
		{"pidfd:[", FD_PIDFD},
		{"anon_inode:inotify", FD_INOTIFY},
		{"anon_inode:[inotify]", FD_INOTIFY},
		{"anon_inode:", FD_ANON},
		{"/memfd:", FD_MEMFD},
		{"/dev/shm/", FD_FILE},
		{"/dev/mqueue/", FD_FILE},
		{"/dev/", FD_DEVICE},
		{"/", FD_FILE},
	};

	for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
		if (text_starts_with(link, rules[i].prefix))
			return rules[i].kind;
	return FD_OTHER;
}

void fd_pass_begin(struct fd_pass *pass)
{
	memset(pass, 0, sizeof(*pass));
	pass->running = true;
	pass->watch_bytes = WATCH_BYTES_MAX;
}

/* The kernel tells the protocol of a socket without opening it. */
static void add_socket(struct fd_pass *pass, const struct kernel *kernel, int fd,
		       const char *link)
{
	char protocol[32];
	enum socket_state state = SOCKET_OTHER;

	process_fd_protocol(&kernel->process, fd, protocol, sizeof(protocol));
	if (text_starts_with(protocol, "TCP"))
		state = SOCKET_TCP;
	else if (text_starts_with(protocol, "UDP"))
		state = SOCKET_UDP;
	else if (text_starts_with(protocol, "UNIX"))
		state = SOCKET_UNIX;
	else if (text_starts_with(protocol, "NETLINK"))
		state = SOCKET_NETLINK;
	pass->by_socket[state]++;
	if (state == SOCKET_TCP && pass->nr_tcp < RESOURCE_TCP_MAX)
		pass->tcp[pass->nr_tcp++] =
			(uint32_t)strtoul(link + strlen("socket:["), NULL, 10);
}

/* Counts lines of "inotify wd:…", one per watch. */
static void add_watches(struct fd_pass *pass, const struct kernel *kernel, int fd)
{
	static const char word[] = "inotify wd:";
	struct buf text;

	buf_init(&text, WATCH_BYTES_MAX);
	process_fd_info_all(&kernel->process, fd, &text, pass->watch_bytes, NULL);
	pass->watch_bytes -=
		text.length < pass->watch_bytes ? text.length : pass->watch_bytes;
	for (size_t at = 0; at < text.length;) {
		const char *found =
			memmem(text.bytes + at, text.length - at, word, sizeof(word) - 1);

		if (!found)
			break;
		pass->watches++;
		at = (size_t)(found - text.bytes) + sizeof(word) - 1;
	}
	buf_release(&text);
}

static void add_descriptor(struct fd_pass *pass, struct kernel *kernel,
			   const struct process_fds *fds)
{
	char link[64];

	if (process_fds_link(fds, link, sizeof(link)) <= 0) /* closed in the meantime */
		return;
	enum fd_kind kind = fd_kind_of_link(link);

	pass->by_kind[kind]++;
	if (kind == FD_SOCKET)
		add_socket(pass, kernel, fds->fd, link);
	else if (kind == FD_INOTIFY)
		add_watches(pass, kernel, fds->fd);
}

bool fd_pass_step(struct fd_pass *pass, struct kernel *kernel, size_t descriptors)
{
	struct process_fds fds;
	bool more = false;

	if (process_fds_open(&fds, &kernel->process, 0) != 0) {
		pass->running = false;
		return false;
	}
	/* The position is the descriptor number, so it is valid across samples. */
	if (pass->position)
		process_fds_seek(&fds, pass->position);
	while (descriptors > 0 && (more = process_fds_next(&fds))) {
		add_descriptor(pass, kernel, &fds);
		pass->position = process_fds_tell(&fds);
		descriptors--;
	}
	process_fds_close(&fds);
	pass->running = more;
	return !pass->running;
}

static void publish_pass(struct resource_details *details)
{
	const struct fd_pass *pass = &details->pass;

	memcpy(details->known.by_kind, pass->by_kind, sizeof(pass->by_kind));
	memcpy(details->known.by_socket, pass->by_socket, sizeof(pass->by_socket));
	details->known.inotify_watches = pass->watches;
	details->passed = true;
}

static void read_descriptors(struct resource_details *details, struct kernel *kernel,
			     int64_t fds)
{
	int64_t since_ns = kernel->now_ns - details->pass_at_ns;
	bool due = details->pass_at_ns == 0 || since_ns >= PASS_MOST_NS ||
		   (since_ns >= PASS_LEAST_NS * kernel_patience(kernel) &&
		    fds != details->pass_fds);

	if (!details->pass.running) {
		if (!due)
			return;
		fd_pass_begin(&details->pass);
		details->pass_at_ns = kernel->now_ns;
		details->pass_fds = fds;
	}
	if (fd_pass_step(&details->pass, kernel, details->passed ? PIECE : FIRST_PIECE)) {
		fd_pass_tcp_states(&details->pass, kernel);
		publish_pass(details);
	}
}

/* Counts lines such as "ID: 0", which begin a timer. */
static int64_t count_timers(struct kernel *kernel)
{
	struct buf text;
	int64_t count = 0;

	buf_init(&text, TIMERS_MAX);
	int rc = process_text_all(&kernel->process, PROCESS_TIMERS, &text, TIMERS_MAX,
				  NULL);

	for (size_t at = 0; at < text.length;) {
		const char *line = text.bytes + at;
		const char *end = memchr(line, '\n', text.length - at);

		count += text.length - at > 4 && memcmp(line, "ID: ", 4) == 0;
		at = end ? (size_t)(end - text.bytes) + 1 : text.length;
	}
	buf_release(&text);
	return rc != 0 && rc != ERR_FORMAT ? -1 : count;
}

void resource_details_init(struct resource_details *details)
{
	memset(details, 0, sizeof(*details));
	resources_init(&details->known);
}

void resource_details_read(struct resource_details *details, struct kernel *kernel,
			   struct resources *out)
{
	const struct resources *known = &details->known;

	if (!kernel->denied && out->fds >= 0)
		read_descriptors(details, kernel, out->fds);
	if (details->limits_at_ns == 0 ||
	    kernel->now_ns - details->limits_at_ns >=
		    PASS_LEAST_NS * kernel_patience(kernel)) {
		details->limits_at_ns = kernel->now_ns;
		details->known.posix_timers = count_timers(kernel);
		resource_limits_read(details, kernel);
	}
	memcpy(out->by_kind, known->by_kind, sizeof(out->by_kind));
	memcpy(out->by_socket, known->by_socket, sizeof(out->by_socket));
	memcpy(out->limits, known->limits, sizeof(out->limits));
	out->inotify_watches = known->inotify_watches;
	out->posix_timers = known->posix_timers;
	out->limits[LIMIT_FDS].used = out->fds;
}
