/* SPDX-License-Identifier: MIT */
/* `grmon-c export` serves metrics to Prometheus. */
#include "cli/export.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/cli.h"
#include "cli/commands.h"

#define LISTEN_DEFAULT "127.0.0.1:9847"
#define DISCOVER_MS    2000
#define BACKLOG        1024
#define END_WITHIN_S   5

/* Parses "HOST:PORT", "[::1]:PORT", ":PORT" or "PORT". Without a host it is loopback. */
static int parse_listen(const char *text, struct addrinfo **address, struct err *e)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	size_t length = colon ? (size_t)(colon - text) : 0;
	char host[256];
	int64_t number;
	int rc;

	if (!number_parse(port, 65535, &number) || length >= sizeof(host))
		return err_set(e, ERR_USAGE,
			       "--listen: '%.80s' is not ADDRESS:PORT, such as %s", text,
			       LISTEN_DEFAULT);
	memcpy(host, text, length);
	host[length] = '\0';
	if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
		memmove(host, host + 1, length - 2);
		host[length - 2] = '\0';
	}
	rc = getaddrinfo(host[0] ? host : "127.0.0.1", port, &hints, address);
	if (rc != 0)
		return err_set(e, ERR_USAGE, "--listen: '%.80s': %s", text,
			       gai_strerror(rc));
	return 0;
}

static int complain_of_listen(const char *text, int error, struct err *e)
{
	if (error == EADDRINUSE)
		return err_set(e, ERR_USAGE,
			       "cannot listen on %.80s: the port is in use; choose "
			       "another one, such as --listen 127.0.0.1:9848",
			       text);
	if (error == EADDRNOTAVAIL)
		return err_set(e, ERR_USAGE,
			       "cannot listen on %.80s: this host does not have that "
			       "address; 'ip address' lists those it has",
			       text);
	if (error == EACCES)
		return err_set(e, ERR_USAGE,
			       "cannot listen on %.80s: ports below 1024 are reserved "
			       "for root; choose another one, such as --listen %s",
			       text, LISTEN_DEFAULT);
	return err_sys(e, error, "cannot listen on %.80s", text);
}

/* Returns a listening socket, or -1. */
static int listen_on(const char *text, struct err *e)
{
	struct addrinfo *address = NULL;
	int listener, on = 1, error = 0;

	if (parse_listen(text, &address, e) != 0 || !address)
		return -1;
	listener =
		socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener >= 0)
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, address->ai_addr, address->ai_addrlen) != 0 ||
	    listen(listener, BACKLOG) != 0)
		error = errno;
	freeaddrinfo(address);
	if (error == 0)
		return listener;
	if (listener >= 0)
		close(listener);
	complain_of_listen(text, error, e);
	return -1;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return address->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Prints the address. Returns true if only this host can reach it. */
static bool say_where(int listener, struct exports *exports)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);
	size_t count = exports_count(exports);
	char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";
	bool six;

	getsockname(listener, (struct sockaddr *)&address, &length);
	getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	six = address.ss_family == AF_INET6;
	fprintf(stderr, "grmon-c: %zu %s, served on http://%s%s%s:%s/metrics\n", count,
		count == 1 ? "target" : "targets", six ? "[" : "", host, six ? "]" : "",
		port);
	if (is_loopback(&address))
		return true;
	fprintf(stderr,
		"grmon-c: other hosts can read the metrics too, without a password\n");
	return false;
}

/* Serves until SIGINT or SIGTERM. Adds targets that start and removes those that
 * ended. */
static int serve_until_signal(struct exports *exports, int signals)
{
	struct pollfd wait = {.fd = signals, .events = POLLIN};

	while (poll(&wait, 1, DISCOVER_MS) == 0) {
		exports_discover(exports);
		if (exports_over(exports)) {
			cli_complain("all processes to be exported have ended; give a "
				     "name instead of a pid to wait for the next one");
			return CLI_ENDED;
		}
	}
	return CLI_FINE;
}

static int parse_groups(const char *text, size_t *nr_groups, struct err *e)
{
	int64_t number = 0;

	if (text && !number_parse(text, METRICS_GROUPS_MAX, &number))
		return err_set(e, ERR_USAGE,
			       "--top-groups: '%.40s' is not a number up to %d", text,
			       METRICS_GROUPS_MAX);
	*nr_groups = (size_t)number;
	return 0;
}

static int parse_options(const struct options *options, struct export_options *export,
			 struct err *e)
{
	if (options->pid == 0 && options->nr_words == 0)
		return err_set(e, ERR_USAGE,
			       "'grmon-c export' needs targets: pids, process names, "
			       "cgroup:PATH or URLs");
	export->options = options;
	export->skip_zero = options->value[OPTION_SKIP_ZERO] != NULL;
	return parse_groups(options->value[OPTION_TOP_GROUPS], &export->nr_groups, e);
}

/* A sample may block in the kernel, where no timeout of ours can end it. */
static void on_alarm(int number)
{
	(void)number;
	_exit(CLI_FINE);
}

static int export_on(int listener, const char *listen,
		     const struct export_options *options, int signals)
{
	struct export_http *http;
	int rc = CLI_FINE;
	bool loopback;
	struct exports *exports = exports_start(options, &rc);

	if (!exports) {
		close(listener);
		return rc;
	}
	loopback = say_where(listener, exports);
	http = export_http_start(listener, exports, listen, loopback);
	if (http) {
		rc = serve_until_signal(exports, signals);
		signal(SIGALRM, on_alarm);
		alarm(END_WITHIN_S);
		export_http_stop(http);
	} else {
		cli_complain("cannot start the server; there may be too little memory "
			     "for a thread");
		rc = CLI_USAGE;
	}
	exports_stop(exports);
	return rc;
}

int command_export(struct options *options)
{
	const char *listen = options->value[OPTION_LISTEN];
	struct export_options export = {0};
	struct err e = {0};
	sigset_t ends;
	int rc, signals, listener = -1;

	if (!listen)
		listen = LISTEN_DEFAULT;
	if (parse_options(options, &export, &e) == 0)
		listener = listen_on(listen, &e);
	if (listener < 0) {
		cli_complain("%s", e.text);
		return CLI_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	rc = export_on(listener, listen, &export, signals);
	close(signals);
	return rc;
}
