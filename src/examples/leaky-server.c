/* SPDX-License-Identifier: MIT */
// build: -lmicrohttpd
/*
 * The folder src/examples has programs that contain the agent, and a demonstration. They
 * must not know anything of the project except the public headers.
 *
 * A server with the kind of bug that grmon-c finds. GET /products starts a producer that
 * sends products to a channel, responds with the first three and returns. The fourth is
 * never received, so the producer blocks in chan-send forever, once per request. With
 * --fixed the producer uses a select with a timeout: it stops after a second, and the
 * last of the two frees the stream.
 */
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grmon.h"
#include "grmon_chan.h"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result answer_result;
#else
typedef int answer_result;
#endif

#define RESULTS_WANTED  3
#define SEND_TIMEOUT_NS INT64_C(1000000000)
#define REQUEST_MAX     100

static const char *const catalogue[] = {"kettle", "teapot", "cup",   "saucer",
					"spoon",  "tray",   "sugar", "lemon"};

struct product {
	uint64_t id;
	char name[24];
};

/* State shared by a request and its producer. The last one to leave frees it. */
struct stream {
	struct grmon_chan *products;
	int users;
	char request[REQUEST_MAX];
};

static bool fixed;

static void stream_free(struct stream *stream)
{
	if (stream)
		grmon_chan_free(stream->products);
	free(stream);
}

static void stream_leave(struct stream *stream)
{
	if (__atomic_sub_fetch(&stream->users, 1, __ATOMIC_ACQ_REL) == 0)
		stream_free(stream);
}

/* Returns false if the product is no longer wanted. */
static bool send_product(struct stream *stream, struct product *product)
{
	struct grmon_chan_case one = {
		.chan = stream->products, .element = product, .send = true};

	if (fixed)
		return grmon_chan_select(&one, 1, SEND_TIMEOUT_NS) == 0;
	return grmon_chan_send(stream->products, product) == GRMON_OK;
}

static void *producer(void *arg)
{
	struct stream *stream = arg;
	size_t count = sizeof(catalogue) / sizeof(catalogue[0]);

	grmon_label("request", "%s", stream->request);
	for (size_t i = 0; i < count; i++) {
		struct product product = {.id = i + 1};

		snprintf(product.name, sizeof(product.name), "%s", catalogue[i]);
		if (!send_product(stream, &product))
			break;
	}
	stream_leave(stream);
	return NULL;
}

static struct stream *stream_new(const char *request)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	snprintf(stream->request, sizeof(stream->request), "%s", request);
	stream->users = 2;
	stream->products = grmon_chan_new(sizeof(struct product), 0);
	if (!stream->products) {
		stream_free(stream);
		return NULL;
	}
	grmon_chan_name(stream->products, "products");
	return stream;
}

static answer_result respond(struct MHD_Connection *connection, unsigned status,
			     const char *type, const char *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
	answer_result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static answer_result get_products(struct MHD_Connection *connection, const char *request)
{
	struct stream *stream = stream_new(request);
	struct product product;
	pthread_t thread;
	char body[512];
	size_t used = 0;

	if (!stream || pthread_create(&thread, NULL, producer, stream) != 0) {
		stream_free(stream);
		return respond(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain",
			       "not enough memory or threads for another request\n");
	}
	pthread_setname_np(thread, "producer");
	pthread_detach(thread);
	for (int i = 0; i < RESULTS_WANTED; i++) {
		if (grmon_chan_recv(stream->products, &product) != GRMON_OK)
			break;
		used += (size_t)snprintf(body + used, sizeof(body) - used,
					 "%s{\"id\": %llu, \"name\": \"%s\"}",
					 i ? ", " : "[", (unsigned long long)product.id,
					 product.name);
	}
	snprintf(body + used, sizeof(body) - used, "]\n");
	stream_leave(stream);
	return respond(connection, MHD_HTTP_OK, "application/json", body);
}

/* Receives the complete request target, including the query. MHD passes the result to
 * answer() as *state. */
static void *note_request(void *arg, const char *uri, struct MHD_Connection *connection)
{
	(void)arg;
	(void)connection;
	return strdup(uri);
}

static void forget_request(void *arg, struct MHD_Connection *connection, void **state,
			   enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)connection;
	(void)why;
	free(*state);
	*state = NULL;
}

static answer_result answer(void *arg, struct MHD_Connection *connection, const char *url,
			    const char *method, const char *version, const char *upload,
			    size_t *upload_bytes, void **state)
{
	(void)arg;
	(void)version;
	(void)upload;
	*upload_bytes = 0;
	if (strcmp(method, "GET") != 0)
		return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			       "only GET is supported\n");
	if (strcmp(url, "/products") == 0)
		return get_products(connection, *state ? *state : url);
	return respond(connection, MHD_HTTP_NOT_FOUND, "text/plain",
		       "try /products?user=7\n");
}

static int serve(uint16_t port, const sigset_t *signals)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	int signal_number;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, port,
				  NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR,
				  &address, MHD_OPTION_URI_LOG_CALLBACK, note_request,
				  NULL, MHD_OPTION_NOTIFY_COMPLETED, forget_request, NULL,
				  MHD_OPTION_END);
	if (!daemon) {
		fprintf(stderr, "leaky-server: cannot listen on port %u; try --port 0\n",
			port);
		return 1;
	}
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("http://127.0.0.1:%u/products pid %d%s\n", info ? info->port : port,
	       (int)getpid(), fixed ? " (fixed)" : "");
	fflush(stdout);
	sigwait(signals, &signal_number);
	MHD_stop_daemon(daemon);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"fixed", no_argument, NULL, 'f'},
						{"port", required_argument, NULL, 'p'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	long port = 8080;
	sigset_t signals;
	char *end;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			fixed = true;
			break;
		case 'p':
			port = strtol(optarg, &end, 10);
			if (end != optarg && *end == '\0' && port >= 0 && port <= 65535)
				break;
			fprintf(stderr, "leaky-server: --port takes 0 to 65535\n");
			return 2;
		default:
			fprintf(option == 'h' ? stdout : stderr,
				"usage: leaky-server [--fixed] [--port N]   (8080; 0 "
				"picks one)\n");
			return option == 'h' ? 0 : 2;
		}
	}
	/* Before any thread is created, so that all threads block these signals and
	 * sigwait() receives them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return serve((uint16_t)port, &signals);
}
