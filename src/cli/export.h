/* SPDX-License-Identifier: MIT */
/* `grmon-c export`: which targets there are (export_targets.c), the thread that each of them
 * has (export_watch.c), so that one that hangs holds up neither the others nor a scrape, and
 * how they are served (export_http.c,
 * export_client.c). */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "cli/options.h"
#include "out/metrics.h"

#define EXPORT_TARGETS_MAX 256

struct exports;

struct export_options {
	const struct options *options; /* outlive the exports */
	size_t nr_groups;              /* --top-groups */
};

/* Check the words of the command line, each one a pid, a name, cgroup:PATH or a URL, and
 * begin to watch what is there. NULL after a complaint, with the exit code in *rc. */
struct exports *exports_start(const struct export_options *options, int *rc);
/* Look for targets that have come or gone; as often as the caller likes. */
void exports_discover(struct exports *exports);
/* What is known now, as OpenMetrics or text; never waits for a target. Any thread. */
void exports_write(struct exports *exports, enum metrics_format format, struct buf *out);
size_t exports_count(struct exports *exports);
/* Nothing can come any more: all were named by their pids, and have ended. */
bool exports_over(struct exports *exports);
/* Waits for looks that are under way; they have limits of their own. */
void exports_stop(struct exports *exports);

struct export_http;

/* Serve them on the socket, which is taken over. loopback: only who calls it localhost, by
 * its number, or by the name in listen, which is --listen's argument, is answered. NULL: it
 * does not start. */
struct export_http *export_http_start(int listener, struct exports *exports,
				      const char *listen, bool loopback);
void export_http_stop(struct export_http *http);
/* What an Accept header (or NULL) prefers. */
enum metrics_format export_http_format(const char *accept);
/* Whether a Host header names the loopback address, or is the name of --listen. */
bool export_http_knows(const char *host, const char *listen);

#endif
