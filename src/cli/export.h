/* SPDX-License-Identifier: MIT */
/* `grmon-c export`: finding the targets (export_targets.c), the thread that samples each
 * one (export_watch.c), and serving the metrics (export_http.c, export_client.c). With a
 * thread per target, one that hangs delays neither the others nor a scrape. */
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
	const struct options *options; /* must outlive the exports */
	size_t nr_groups;              /* --top-groups */
	bool skip_zero;                /* --skip-zero */
};

/* Checks the words of the command line, each a pid, a name, cgroup:PATH or a URL, and
 * starts watching the targets that exist. On failure prints a message, stores the exit
 * code in *rc and returns NULL. */
struct exports *exports_start(const struct export_options *options, int *rc);
/* Adds new targets and removes those that ended. May be called at any time. */
void exports_discover(struct exports *exports);
/* Writes the latest metrics as OpenMetrics or text. Never waits for a target. Any thread
 * may call it. */
void exports_write(struct exports *exports, enum metrics_format format, struct buf *out);
size_t exports_count(struct exports *exports);
/* Returns true if no target can appear any more: all were given as pids and have
 * ended. */
bool exports_over(struct exports *exports);
/* Waits for samples in progress, which have their own time limits. */
void exports_stop(struct exports *exports);

struct export_http;

/* Serves the exports on a socket and takes ownership of it. With loopback, only requests
 * are answered that name localhost, its address, or the host in listen, the argument of
 * --listen. Returns NULL if the server cannot start. */
struct export_http *export_http_start(int listener, struct exports *exports,
				      const char *listen, bool loopback);
void export_http_stop(struct export_http *http);
/* Returns the format that an Accept header, or NULL, prefers. */
enum metrics_format export_http_format(const char *accept);
/* Returns true if a Host header names the loopback address or the host of --listen. */
bool export_http_knows(const char *host, const char *listen);

#endif
