/* SPDX-License-Identifier: MIT */
/* Which connections an exporter closes, and which host names it accepts. */
#include "unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../../src/cli/export_client.c"
#include "../../../src/cli/export_http.c"

void exports_write(struct exports *exports, enum metrics_format format, struct buf *out)
{
	(void)exports;
	(void)format;
	buf_puts(out, "x 1\n");
}

struct bench {
	struct clients clients;
	struct client *list[CLIENTS_MOST];
	int ours[CLIENTS_MOST], theirs[CLIENTS_MOST];
	unsigned count;
};

static struct client *join(struct bench *b, uint32_t from, int64_t now_ns)
{
	int pair[2];
	unsigned at = b->count++;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	b->ours[at] = pair[0];
	b->theirs[at] = pair[1];
	b->list[at] = client_add(&b->clients, pair[0], now_ns);
	memcpy(b->list[at]->address + 4, &(uint32_t){htonl(from)}, 4);
	return b->list[at];
}

static void leave_all(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		client_remove(&b->clients, b->list[i]);
		close(b->ours[i]);
		close(b->theirs[i]);
	}
	assert_null(b->clients.oldest);
}

/* Whether the other side sees the end of it. */
static bool is_over(const struct bench *b, unsigned at)
{
	struct pollfd end = {.fd = b->theirs[at], .events = POLLIN};

	assert_int_equal(poll(&end, 1, 0) == 1, b->list[at]->shut);
	return b->list[at]->shut;
}

static void test_turns(void **state)
{
	struct bench b = {0};

	(void)state;
	assert_int_equal(clients_make_room(&b.clients, SECOND), -1);
	join(&b, 0x7f000001, 0);
	join(&b, 0x7f000001, 0);
	join(&b, 0x7f000001, 5 * SECOND);
	/* The second one is answered, and has its time again. */
	client_turn(&b.clients, b.list[1], 100, 4 * SECOND);
	assert_int_equal(clients_make_room(&b.clients, 5 * SECOND), 5001);
	assert_false(is_over(&b, 0));
	assert_int_equal(clients_make_room(&b.clients, 10 * SECOND), 4001);
	assert_true(is_over(&b, 0));
	assert_false(is_over(&b, 1) || is_over(&b, 2));
	client_turn(&b.clients, b.list[1], 0, 13 * SECOND);
	clients_make_room(&b.clients, 22 * SECOND);
	assert_true(is_over(&b, 2));
	assert_false(is_over(&b, 1));
	leave_all(&b);
}

/* Connections from many addresses: the oldest are closed, but never a new one. */
static void test_room(void **state)
{
	struct bench b = {0};

	(void)state;
	for (unsigned i = 0; i < CLIENTS_FEW + 10; i++)
		join(&b, 0x0a000000 + i, SECOND + i);
	assert_int_equal(clients_make_room(&b.clients, SECOND + 200), SWEEP_MS);
	assert_false(is_over(&b, 0));
	clients_make_room(&b.clients, SECOND + LEAST_NS + 200);
	for (unsigned i = 0; i < b.count; i++)
		assert_int_equal(is_over(&b, i), i < 10);
	leave_all(&b);
}

/* One address does not drive out the others, however old they are. */
static void test_address(void **state)
{
	struct sockaddr_in far = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x0a000001)};
	struct sockaddr_in near = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct bench b = {0};

	(void)state;
	join(&b, 0x0a000002, 0);
	for (unsigned i = 1; i <= ADDRESS_MOST; i++)
		join(&b, 0x0a000001, 1);
	assert_false(clients_accept(&b.clients, (struct sockaddr *)&far));
	assert_true(clients_accept(&b.clients, (struct sockaddr *)&near));
	clients_make_room(&b.clients, SECOND);
	for (unsigned i = 0; i < b.count; i++)
		assert_int_equal(is_over(&b, i),
				 i > 0 && i <= ADDRESS_MOST - ADDRESS_FEW);
	assert_true(clients_accept(&b.clients, (struct sockaddr *)&far));
	leave_all(&b);
}

/* A client that reads nothing of a large answer makes room for the others. */
static void test_answers(void **state)
{
	struct bench b = {0};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		join(&b, 0x7f000001, 0);
		if (i != 1)
			client_turn(&b.clients, b.list[i], 20 << 20, i);
	}
	clients_make_room(&b.clients, SECOND);
	for (unsigned i = 0; i < b.count; i++)
		assert_int_equal(is_over(&b, i), i == 0 || i == 2);
	leave_all(&b);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host, *listen;
		bool known;
	} cases[] = {
		{"localhost:9847", "127.0.0.1:9847", true},
		{"LocalHost", "9847", true},
		{"localhost.:1", "9847", true},
		{"127.0.0.1:8080", "9847", true},
		{"127.8.0.1", "9847", true},
		{"[::1]:9847", "[::1]:9847", true},
		{"[::1]", "9847", true},
		{"metrics.example:9847", "Metrics.example:9847", true},
		{"metrics.example", "9847", false},
		{"evil.example:9847", "127.0.0.1:9847", false},
		{"localhost.evil.example", "9847", false},
		{"127.0.0.1.evil.example", "9847", false},
		{"192.168.1.1:9847", "127.0.0.1:9847", false},
		{"[2001:db8::1]:9847", "9847", false},
		{"9847", "9847", false},
		{":9847", ":9847", false},
		{"", "9847", false},
		{"[", "9847", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (export_http_knows(cases[i].host, cases[i].listen) != cases[i].known)
			fail_msg("'%s' with --listen %s", cases[i].host, cases[i].listen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),   cmocka_unit_test(test_room),
		cmocka_unit_test(test_address), cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
