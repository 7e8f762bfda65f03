/* SPDX-License-Identifier: MIT */
/* Reads what the arguments of a blocked call point to: descriptors, signals, an address.
 * The target may change all of it at any time, so every length is bounded here. */
#include "source/kernel/call.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define FDS_SHOWN     8u
#define FUTEXES_SHOWN 4u
#define SELECT_BITS   1024u
#define SIGNALS_MAX   64

void kernel_explain_fd(struct kernel *kernel, int fd, struct kernel_wait *out)
{
	out->kind = "fd";
	out->fd = fd < 0 ? -1 : fd;
	snprintf(out->text, sizeof(out->text), "fd %d %s", fd,
		 kernel_fd_name(kernel, fd));
	out->accepted = kernel_fd_accepted(kernel, fd);
	size_t length = strlen(out->text);

	/* A socket that is too new to have a name. */
	out->owner_changes = strstr(out->text, " socket:[") != NULL;
	if (length && out->text[length - 1] == ' ')
		out->text[length - 1] = '\0';
}

/* Lists descriptors in order; count may exceed the number that is known. */
static void list_fds(const int *fds, size_t shown, uint64_t count,
		     struct kernel_wait *out)
{
	size_t used = (size_t)snprintf(out->text, sizeof(out->text), "fds");

	for (size_t i = 0; i < shown; i++)
		used += (size_t)snprintf(out->text + used, sizeof(out->text) - used,
					 " %d", fds[i]);
	if (shown < count)
		snprintf(out->text + used, sizeof(out->text) - used, " and %llu more",
			 (unsigned long long)(count - shown));
}

void kernel_explain_poll(struct kernel *kernel, uint64_t address, uint64_t count,
			 struct kernel_wait *out)
{
	struct pollfd polled[FDS_SHOWN];
	uint64_t shown = count < FDS_SHOWN ? count : FDS_SHOWN;
	int fds[FDS_SHOWN];

	out->kind = "fds";
	snprintf(out->text, sizeof(out->text), "%llu fds", (unsigned long long)count);
	if (!shown ||
	    !kernel_memory_exact(kernel, address, polled, shown * sizeof(polled[0])))
		return;
	for (uint64_t i = 0; i < shown; i++)
		fds[i] = polled[i].fd;
	if (count > 1) {
		list_fds(fds, shown, count, out);
		return;
	}
	kernel_explain_fd(kernel, fds[0], out);
	out->reads = polled[0].events & (POLLIN | POLLPRI);
	out->writes = polled[0].events & POLLOUT;
}

/* The kernel's struct futex_waitv, since 5.16. */
struct waited_futex {
	uint64_t value, address;
	uint32_t flags, reserved;
};

void kernel_explain_futexes(struct kernel *kernel, uint64_t address, uint64_t count,
			    struct kernel_wait *out)
{
	struct waited_futex futexes[FUTEXES_SHOWN];
	uint64_t shown = count < FUTEXES_SHOWN ? count : FUTEXES_SHOWN;
	size_t used;

	out->kind = "futex";
	snprintf(out->text, sizeof(out->text), "%llu futexes", (unsigned long long)count);
	if (!shown ||
	    !kernel_memory_exact(kernel, address, futexes, shown * sizeof(futexes[0])))
		return;
	out->address = futexes[0].address;
	used = (size_t)snprintf(out->text, sizeof(out->text), "futex");
	for (uint64_t i = 0; i < shown; i++)
		used += (size_t)snprintf(out->text + used, sizeof(out->text) - used,
					 "%s 0x%llx", i ? "," : "",
					 (unsigned long long)futexes[i].address);
	if (shown < count)
		snprintf(out->text + used, sizeof(out->text) - used, " and %llu more",
			 (unsigned long long)(count - shown));
}

void kernel_explain_select(struct kernel *kernel, uint64_t below,
			   const uint64_t addresses[3], struct kernel_wait *out)
{
	uint64_t set[3][SELECT_BITS / 64] = {{0}};
	uint64_t bits = below < SELECT_BITS ? below : SELECT_BITS;
	uint64_t words = (bits + 63) / 64, count = 0;
	int fds[FDS_SHOWN];

	out->kind = "fds";
	snprintf(out->text, sizeof(out->text), "select on fds below %d",
		 (int)(int32_t)below);
	for (size_t i = 0; i < 3; i++)
		if (addresses[i] && !kernel_memory_exact(kernel, addresses[i], set[i],
							 words * sizeof(uint64_t)))
			return;
	for (uint64_t bit = 0; bit < bits; bit++) {
		uint64_t any = set[0][bit / 64] | set[1][bit / 64] | set[2][bit / 64];

		if (!(any >> bit % 64 & 1))
			continue;
		if (count < FDS_SHOWN)
			fds[count] = (int)bit;
		count++;
	}
	if (bits < below || count == 0)
		return;
	if (count > 1) {
		list_fds(fds, count < FDS_SHOWN ? count : FDS_SHOWN, count, out);
		return;
	}
	kernel_explain_fd(kernel, fds[0], out);
	out->reads = set[0][fds[0] / 64] >> fds[0] % 64 & 1;
	out->writes = set[1][fds[0] / 64] >> fds[0] % 64 & 1;
}

void kernel_explain_signals(struct kernel *kernel, uint64_t address,
			    struct kernel_wait *out)
{
	size_t used = (size_t)snprintf(out->text, sizeof(out->text), "signal");
	size_t before = used;
	uint64_t set;

	if (kernel_memory_exact(kernel, address, &set, sizeof(set))) {
		for (int i = 1; i <= SIGNALS_MAX && used < 60; i++) {
			const char *name = sigabbrev_np(i);

			if ((set >> (i - 1) & 1) && name)
				used += (size_t)snprintf(out->text + used,
							 sizeof(out->text) - used, " %s",
							 name);
			else if (set >> (i - 1) & 1)
				used += (size_t)snprintf(out->text + used,
							 sizeof(out->text) - used, " %d",
							 i);
		}
	}
	if (used == before)
		snprintf(out->text, sizeof(out->text), "a signal");
	else if (used >= 60)
		snprintf(out->text + used, sizeof(out->text) - used, " …");
}

static bool format_peer(const struct sockaddr_storage *peer, size_t bytes, char *out,
			size_t size)
{
	const struct sockaddr_un *local = (const void *)peer;
	const struct sockaddr_in *in = (const void *)peer;
	const struct sockaddr_in6 *in6 = (const void *)peer;
	size_t room = bytes - offsetof(struct sockaddr_un, sun_path);
	char text[INET6_ADDRSTRLEN];

	if (peer->ss_family == AF_UNIX &&
	    bytes > offsetof(struct sockaddr_un, sun_path) &&
	    room <= sizeof(local->sun_path)) {
		bool abstract = local->sun_path[0] == '\0';

		snprintf(out, size, "%s%.*s", abstract ? "@" : "", (int)(room - abstract),
			 local->sun_path + abstract);
	} else if (peer->ss_family == AF_INET && bytes >= sizeof(*in)) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(out, size, "%s:%u", text, ntohs(in->sin_port));
	} else if (peer->ss_family == AF_INET6 && bytes >= sizeof(*in6)) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(out, size, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else {
		return false;
	}
	return true;
}

void kernel_explain_connect(struct kernel *kernel, uint64_t address, uint64_t bytes,
			    struct kernel_wait *out)
{
	struct sockaddr_storage peer = {0};
	char text[sizeof(struct sockaddr_un) + 8];
	size_t used = strlen(out->text);

	/* A TCP socket is in the tables with both addresses as soon as it starts to
	 * connect. */
	if (bytes < sizeof(peer.ss_family) || bytes > sizeof(peer) ||
	    strstr(out->text, " -> ") ||
	    !kernel_memory_exact(kernel, address, &peer, bytes) ||
	    !format_peer(&peer, bytes, text, sizeof(text)))
		return;
	snprintf(out->text + used, sizeof(out->text) - used, " -> %s", text);
}
