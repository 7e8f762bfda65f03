/* SPDX-License-Identifier: MIT */
/* A scrape sends its request at once and is answered at once. So the connection that has
 * been open longest is the best one to close: it is idle, slow or malicious. A connection
 * that has just been opened is spared. Otherwise a flood of new connections could close a
 * scrape before it is answered; instead they wait in the queue of the listening
 * socket. */
#include "cli/export_client.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* For a whole request, and again for the client to take the answer. */
#define TURN_NS      (10 * CLOCK_SECOND_NS)
#define LEAST_NS     (CLOCK_SECOND_NS / 5)
#define CLIENTS_FEW  96u /* above this number, old connections are closed */
#define ADDRESS_FEW  48u
#define ADDRESS_MOST 64u
#define ANSWERS_MOST (64u << 20)
#define SWEEP_MS     50

static void address_of(const struct sockaddr *from, unsigned char address[8])
{
	const struct sockaddr_in *four = (const void *)from;
	const struct sockaddr_in6 *six = (const void *)from;

	memset(address, 0, 8);
	if (from->sa_family == AF_INET)
		memcpy(address + 4, &four->sin_addr, 4);
	else if (from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		memcpy(address + 4, six->sin6_addr.s6_addr + 12, 4);
	else if (from->sa_family == AF_INET6)
		memcpy(address, &six->sin6_addr, 8);
}

/* ::1 has the network part zero. */
static bool is_local(const unsigned char address[8])
{
	static const unsigned char zeros[8];

	return memcmp(address, zeros, 8) == 0 ||
	       (memcmp(address, zeros, 4) == 0 && address[4] == 127);
}

static void append_client(struct clients *clients, struct client *client)
{
	struct client **link = &clients->oldest;

	while (*link)
		link = &(*link)->next;
	client->next = NULL;
	*link = client;
}

static void take_out(struct clients *clients, const struct client *client)
{
	struct client **link = &clients->oldest;

	while (*link && *link != client)
		link = &(*link)->next;
	if (*link)
		*link = client->next;
}

struct client *client_add(struct clients *clients, int fd, int64_t now_ns)
{
	struct client *client = calloc(1, sizeof(*client));
	struct sockaddr_storage from = {0};
	socklen_t length = sizeof(from);

	if (!client)
		return NULL;
	client->fd = fd;
	client->since_ns = now_ns;
	if (getpeername(fd, (struct sockaddr *)&from, &length) == 0)
		address_of((struct sockaddr *)&from, client->address);
	append_client(clients, client);
	return client;
}

void client_remove(struct clients *clients, struct client *client)
{
	take_out(clients, client);
	free(client);
}

void client_turn(struct clients *clients, struct client *client, size_t answer_bytes,
		 int64_t now_ns)
{
	take_out(clients, client);
	client->since_ns = now_ns;
	client->answer_bytes = answer_bytes;
	append_client(clients, client);
}

static size_t count_from(const struct clients *clients, const unsigned char address[8])
{
	size_t count = 0;

	for (const struct client *one = clients->oldest; one; one = one->next)
		count += !one->shut && memcmp(one->address, address, 8) == 0;
	return count;
}

bool clients_accept(const struct clients *clients, const struct sockaddr *from)
{
	unsigned char address[8];

	address_of(from, address);
	return is_local(address) || count_from(clients, address) < ADDRESS_MOST;
}

static void shut(struct client *client)
{
	shutdown(client->fd, SHUT_RDWR);
	client->shut = true;
}

int clients_make_room(struct clients *clients, int64_t now_ns)
{
	size_t count = 0, bytes = 0;
	int64_t due_ns = INT64_MAX;

	for (const struct client *one = clients->oldest; one; one = one->next) {
		count += !one->shut;
		bytes += one->answer_bytes;
	}
	for (struct client *one = clients->oldest; one; one = one->next) {
		int64_t age_ns = now_ns - one->since_ns;
		bool spared = count <= CLIENTS_FEW &&
			      (bytes <= ANSWERS_MOST || one->answer_bytes == 0) &&
			      (count <= ADDRESS_FEW ||
			       count_from(clients, one->address) <= ADDRESS_FEW);

		if (one->shut)
			continue;
		if (age_ns < (spared ? TURN_NS : LEAST_NS)) {
			if (!spared)
				return SWEEP_MS;
			due_ns = one->since_ns < due_ns ? one->since_ns : due_ns;
			continue;
		}
		shut(one);
		count--;
		bytes -= one->answer_bytes;
	}
	return due_ns == INT64_MAX ? -1
				   : (int)((due_ns + TURN_NS - now_ns) / CLOCK_MS_NS + 1);
}
