/* SPDX-License-Identifier: MIT */
/* The kernel's socket diagnosis names the other end of a Unix socket; the two ends of a
 * TCP connection have each other's addresses. In another network namespace only root may
 * ask; there the tables of /proc list TCP sockets, at ten times the price. */
#include "source/proc/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/hash.h"
#include "source/proc/live.h"

#define PAIRS_MAX    65536u
#define ANSWER_BYTES 32768
#define ANSWERS_MAX  4096u /* of some hundred sockets each */
#define TABLE_BYTES  (4u << 20)
/* The states of a socket that has a peer: TCP_ESTABLISHED, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
 * TCP_CLOSE_WAIT */
#define TCP_STATES   ((1u << 1) | (1u << 4) | (1u << 5) | (1u << 8))

/* A TCP socket. Its peer is the socket with the same two addresses in reverse. */
struct tcp_end {
	uint64_t key;
	uint64_t reversed;
	uint64_t inode;
};

struct collector {
	struct socket_pair *pairs;
	size_t nr_pairs, cap_pairs;
	struct tcp_end *ends;
	size_t nr_ends, cap_ends;
};

static void add_pair(struct collector *all, uint64_t inode, uint64_t peer)
{
	if (!inode || !peer ||
	    !array_reserve_most(&all->pairs, &all->cap_pairs, all->nr_pairs + 1,
				PAIRS_MAX))
		return;
	all->pairs[all->nr_pairs++] = (struct socket_pair){inode, peer};
}

static void take_unix(void *ctx, const struct nlmsghdr *header)
{
	struct collector *all = ctx;
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	const struct rtattr *attribute = (const struct rtattr *)(message + 1);
	int left = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)))
		return;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		uint32_t peer;

		if (attribute->rta_type != UNIX_DIAG_PEER ||
		    RTA_PAYLOAD(attribute) < sizeof(peer))
			continue;
		memcpy(&peer, RTA_DATA(attribute), sizeof(peer));
		add_pair(all, message->udiag_ino, peer);
	}
}

/* Hashes an address and port. A mapped IPv4 address has the hash of the IPv4 one. */
static uint64_t hash_end(const __be32 address[4], __be16 port, int family)
{
	uint32_t words[5] = {address[0], address[1], address[2], address[3], port};

	if (family == AF_INET)
		memset(words + 1, 0, 3 * sizeof(words[0]));
	else if (!words[0] && !words[1] && words[2] == htonl(0xffff)) {
		words[0] = words[3];
		words[2] = words[3] = 0;
	}
	return hash_bytes(0, words, sizeof(words));
}

static void take_tcp(void *ctx, const struct nlmsghdr *header)
{
	struct collector *all = ctx;
	const struct inet_diag_msg *message = NLMSG_DATA(header);

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*message)) || !message->idiag_inode ||
	    !array_reserve_most(&all->ends, &all->cap_ends, all->nr_ends + 1, PAIRS_MAX))
		return;
	uint64_t local = hash_end(message->id.idiag_src, message->id.idiag_sport,
				  message->idiag_family);
	uint64_t remote = hash_end(message->id.idiag_dst, message->id.idiag_dport,
				   message->idiag_family);

	all->ends[all->nr_ends++] = (struct tcp_end){
		hash_mix(local, remote), hash_mix(remote, local), message->idiag_inode};
}

static int compare_ends(const void *a, const void *b)
{
	uint64_t left = ((const struct tcp_end *)a)->key;
	uint64_t right = ((const struct tcp_end *)b)->key;

	return (left > right) - (left < right);
}

static void pair_tcp(struct collector *all)
{
	if (all->nr_ends)
		qsort(all->ends, all->nr_ends, sizeof(*all->ends), compare_ends);
	for (size_t i = 0; i < all->nr_ends; i++) {
		struct tcp_end key = {.key = all->ends[i].reversed};
		const struct tcp_end *other = bsearch(&key, all->ends, all->nr_ends,
						      sizeof(*all->ends), compare_ends);

		if (other)
			add_pair(all, all->ends[i].inode, other->inode);
	}
}

/* The callback for each answer. */
struct taker {
	void (*take)(void *ctx, const struct nlmsghdr *header);
	void *ctx;
};

/* Returns false after the last answer. */
static bool take_answer(const struct taker *taker, const char *answer, ssize_t got)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;

	for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return false;
		taker->take(taker->ctx, header);
	}
	return true;
}

/* Sends the request and passes every answer on. Returns true if all were
 * received. */
static bool ask(int fd, const void *request, size_t bytes, const struct taker *taker)
{
	char answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (send(fd, request, bytes, 0) != (ssize_t)bytes)
		return false;
	for (size_t i = 0; i < ANSWERS_MAX; i++) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (!take_answer(taker, answer, got))
			return true;
	}
	return false;
}

static bool ask_unix(int fd, const struct taker *taker)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		{sizeof(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0},
		{.sdiag_family = AF_UNIX,
		 .udiag_states = UINT32_MAX,
		 .udiag_show = UDIAG_SHOW_PEER},
	};

	return ask(fd, &request, sizeof(request), taker);
}

/* states has a bit for each requested state. */
static bool ask_tcp(int fd, unsigned char family, uint32_t states,
		    const struct taker *taker)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		{sizeof(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0},
		{.sdiag_family = family,
		 .sdiag_protocol = IPPROTO_TCP,
		 .idiag_states = states},
	};

	return ask(fd, &request, sizeof(request), taker);
}

static int compare_pairs(const void *a, const void *b)
{
	uint64_t left = ((const struct socket_pair *)a)->inode;
	uint64_t right = ((const struct socket_pair *)b)->inode;

	return (left > right) - (left < right);
}

static int diagnosis_socket(void)
{
	struct timeval limit = {0, 200000};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* Closes the socket. */
static void ask_all(int fd, struct collector *all)
{
	const struct taker unix_taker = {take_unix, all}, tcp_taker = {take_tcp, all};

	ask_unix(fd, &unix_taker);
	ask_tcp(fd, AF_INET, TCP_STATES, &tcp_taker);
	ask_tcp(fd, AF_INET6, TCP_STATES, &tcp_taker);
	close(fd);
}

/* A thread of its own enters the namespace and then ends. */
struct entry {
	int namespace_fd;
	int socket;
};

static void *enter(void *arg)
{
	struct entry *entry = arg;

	if (setns(entry->namespace_fd, CLONE_NEWNET) == 0)
		entry->socket = diagnosis_socket();
	return NULL;
}

static int socket_within(const struct process *process)
{
	struct entry entry = {process_namespace_open(process, "net"), -1};
	pthread_t thread;

	if (entry.namespace_fd < 0)
		return -1;
	if (pthread_create(&thread, NULL, enter, &entry) == 0)
		pthread_join(thread, NULL);
	close(entry.namespace_fd);
	return entry.socket;
}

/* Hashes "0100007F:1F90" without the digits that precede a mapped IPv4 address. */
static uint64_t hash_digits(const char *end)
{
	static const char mapped[] = "0000000000000000FFFF0000";

	if (strncmp(end, mapped, sizeof(mapped) - 1) == 0)
		end += sizeof(mapped) - 1;
	return hash_bytes(0, end, strlen(end));
}

/* "  0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 4711" */
static void take_line(void *ctx, char *line)
{
	struct collector *all = ctx;
	char local[64], remote[64];
	unsigned state;
	uint64_t inode;

	if (!array_reserve_most(&all->ends, &all->cap_ends, all->nr_ends + 1, PAIRS_MAX))
		return;
	if (sscanf(line,
		   " %*d: %63[0-9A-F:] %63[0-9A-F:] %x %*s %*s %*s %*u %*u %" SCNu64,
		   local, remote, &state, &inode) != 4 ||
	    state > 31 || !(TCP_STATES >> state & 1) || !inode)
		return;
	uint64_t from = hash_digits(local), to = hash_digits(remote);

	all->ends[all->nr_ends++] =
		(struct tcp_end){hash_mix(from, to), hash_mix(to, from), inode};
}

int sockets_table_read(const struct process *process, const char *table, struct buf *out,
		       size_t max_bytes)
{
	char name[32];
	int fd, rc;

	snprintf(name, sizeof(name), "net/%s", table);
	fd = live_open(process, name, O_RDONLY);
	if (fd < 0)
		return ERR_NOTFOUND;
	rc = fdio_read_all(fd, out, max_bytes, NULL);
	close(fd);
	return rc;
}

void sockets_table_each(const struct process *process, const char *table,
			size_t max_bytes, void (*visit)(void *ctx, char *line), void *ctx)
{
	struct buf text;
	char *line, *end;
	bool first = true;

	buf_init(&text, max_bytes);
	sockets_table_read(process, table, &text, max_bytes);
	line = text.length ? text.bytes : NULL;
	/* A line without a newline was truncated. */
	while (line && (end = strchr(line, '\n'))) {
		*end = '\0';
		if (!first)
			visit(ctx, line);
		first = false;
		line = end + 1;
	}
	buf_release(&text);
}

/* Addresses are unique within a namespace only: the sockets of each are paired apart. */
static void read_namespace_of(struct collector *all, const struct process *process)
{
	int fd;

	if (process_network(process) != NETWORK_OTHER)
		return;
	fd = socket_within(process);
	all->nr_ends = 0;
	if (fd >= 0) {
		ask_all(fd, all);
	} else {
		sockets_table_each(process, "tcp", TABLE_BYTES, take_line, all);
		sockets_table_each(process, "tcp6", TABLE_BYTES, take_line, all);
	}
	pair_tcp(all);
}

size_t socket_pairs_read(const struct process *process, struct socket_pair **pairs)
{
	struct collector all = {0};
	int fd = diagnosis_socket();

	if (fd >= 0) {
		ask_all(fd, &all);
		pair_tcp(&all);
	}
	if (process)
		read_namespace_of(&all, process);
	free(all.ends);
	if (all.nr_pairs)
		qsort(all.pairs, all.nr_pairs, sizeof(*all.pairs), compare_pairs);
	*pairs = all.pairs;
	return all.nr_pairs;
}

struct states {
	void (*visit)(void *ctx, uint32_t inode, unsigned state);
	void *ctx;
};

static void take_state(void *ctx, const struct nlmsghdr *header)
{
	const struct inet_diag_msg *message = NLMSG_DATA(header);
	const struct states *states = ctx;

	if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(*message)))
		states->visit(states->ctx, message->idiag_inode, message->idiag_state);
}

static void take_state_line(void *ctx, char *line)
{
	const struct states *states = ctx;
	unsigned state;
	uint32_t inode;

	if (sscanf(line, " %*[0-9]: %*s %*s %x %*s %*s %*s %*s %*s %u", &state, &inode) ==
	    2)
		states->visit(states->ctx, inode, state);
}

void sockets_tcp_each(const struct process *process,
		      void (*visit)(void *ctx, uint32_t inode, unsigned state), void *ctx)
{
	struct states states = {visit, ctx};
	const struct taker taker = {take_state, &states};
	int fd = process_network(process) == NETWORK_OURS ? diagnosis_socket() : -1;
	bool answered = fd >= 0 && ask_tcp(fd, AF_INET, UINT32_MAX, &taker) &&
			ask_tcp(fd, AF_INET6, UINT32_MAX, &taker);

	if (fd >= 0)
		close(fd);
	if (answered)
		return;
	sockets_table_each(process, "tcp", TABLE_BYTES, take_state_line, &states);
	sockets_table_each(process, "tcp6", TABLE_BYTES, take_state_line, &states);
}
