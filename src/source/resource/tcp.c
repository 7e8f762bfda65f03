/* SPDX-License-Identifier: MIT */
/* Reads the states of TCP sockets through sock_diag if the target is in our network
 * namespace, otherwise from the tables of its own namespace, which costs ten times as
 * much. */
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "source/resource/resource.h"

#define ANSWER_BYTES  32768
#define ANSWERS_MAX   4096u /* some hundred sockets each */
#define TABLE_MAX     (4u << 20)
#define KERNEL_STATES 11u /* 1 is TCP_ESTABLISHED, 11 is TCP_CLOSING */
#define NEW_SYN_RECV  12u

static int compare_inodes(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Moves a socket from SOCKET_TCP, which counts those of unknown state, to its state. */
static void found(struct fd_pass *pass, uint32_t inode, unsigned state)
{
	if (state == NEW_SYN_RECV)
		state = SOCKET_SYN_RECV + 1;
	if (inode == 0 || state < 1 || state > KERNEL_STATES ||
	    pass->by_socket[SOCKET_TCP] == 0)
		return;
	const uint32_t *first =
		bsearch(&inode, pass->tcp, pass->nr_tcp, sizeof(inode), compare_inodes);

	if (!first)
		return;
	/* Duplicated descriptors refer to the same socket. */
	while (first > pass->tcp && first[-1] == inode)
		first--;
	for (; first < pass->tcp + pass->nr_tcp && *first == inode; first++) {
		if (pass->by_socket[SOCKET_TCP] == 0)
			return;
		pass->by_socket[state - 1]++;
		pass->by_socket[SOCKET_TCP]--;
	}
}

static bool same_network(const struct kernel *kernel)
{
	struct stat ours, theirs;

	return stat("/proc/self/ns/net", &ours) == 0 &&
	       fstatat(kernel->proc_dir, "ns/net", &theirs, 0) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* Returns false at the end of the answer. */
static bool take_answer(struct fd_pass *pass, const char *answer, ssize_t got)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

	for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
		const struct inet_diag_msg *message = NLMSG_DATA(header);

		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return false;
		if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(*message)))
			found(pass, message->idiag_inode, message->idiag_state);
	}
	return true;
}

static bool ask(int fd, unsigned char family, struct fd_pass *pass)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		{sizeof(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0},
		{.sdiag_family = family,
		 .sdiag_protocol = IPPROTO_TCP,
		 .idiag_states = UINT32_MAX},
	};
	char answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (send(fd, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		return false;
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (!take_answer(pass, answer, got))
			return true;
	}
	return false;
}

static bool ask_kernel(struct fd_pass *pass)
{
	struct timeval limit = {0, 200000};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool answered;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	answered = ask(fd, AF_INET, pass) && ask(fd, AF_INET6, pass);
	close(fd);
	return answered;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 4711" */
static void read_table(struct fd_pass *pass, const struct kernel *kernel,
		       const char *path)
{
	int fd = openat(kernel->proc_dir, path, O_RDONLY | O_CLOEXEC);
	struct err ignored;
	struct buf text;

	if (fd < 0)
		return;
	buf_init(&text, TABLE_MAX);
	fdio_read_all(fd, &text, TABLE_MAX, &ignored);
	close(fd);
	for (char *line = text.bytes; line && *line;) {
		unsigned state;
		uint32_t inode;

		if (sscanf(line, " %*[0-9]: %*s %*s %x %*s %*s %*s %*s %*s %u", &state,
			   &inode) == 2)
			found(pass, inode, state);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	buf_release(&text);
}

void fd_pass_tcp_states(struct fd_pass *pass, const struct kernel *kernel)
{
	if (pass->nr_tcp == 0)
		return;
	qsort(pass->tcp, pass->nr_tcp, sizeof(pass->tcp[0]), compare_inodes);
	if (same_network(kernel) && ask_kernel(pass))
		return;
	read_table(pass, kernel, "net/tcp");
	read_table(pass, kernel, "net/tcp6");
}
