/* SPDX-License-Identifier: MIT */
/*
 * Tracks the connections of an exporter and decides which to close when one has used up
 * its time or too many are open. Only one thread may use it. Closing here means
 * shutdown(): the server sees the end of the connection and closes the descriptor.
 */
#ifndef CLI_EXPORT_CLIENT_H
#define CLI_EXPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The server accepts at most this many connections until one is closed. */
#define CLIENTS_MOST 128u

struct client {
	struct client *next; /* sorted, oldest first */
	int fd;
	/* The whole IPv4 address, the network part of an IPv6 one. */
	unsigned char address[8];
	/* When it connected, sent a request, or received its last answer. */
	int64_t since_ns;
	size_t answer_bytes; /* of answers that the client has not taken yet */
	bool shut;
};

struct clients {
	struct client *oldest; /* head of the list, which is sorted by since_ns */
};

/* Returns NULL if out of memory; the connection is then not counted. */
struct client *client_add(struct clients *clients, int fd, int64_t now_ns);
void client_remove(struct clients *clients, struct client *client);
/* The request is complete and an answer of answer_bytes is on its way; 0 means it was
 * sent. */
void client_turn(struct clients *clients, struct client *client, size_t answer_bytes,
		 int64_t now_ns);
/* Returns true if another connection from this address is allowed. A remote host may use
 * at most half of the connections. */
bool clients_accept(const struct clients *clients, const struct sockaddr *address);
/* Shuts down connections whose time is up and, if there are too many, the oldest ones.
 * Returns the milliseconds until the next call is due, or -1 if there is nothing to wait
 * for. */
int clients_make_room(struct clients *clients, int64_t now_ns);

#endif
