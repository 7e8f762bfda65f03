/* SPDX-License-Identifier: MIT */
/* `grmon-c export`: which targets there are (export_targets.c), and how they are served
 * (export.c). Each target has a thread of its own, so that one that hangs holds up neither
 * the others nor a scrape. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "base/err.h"
#include "cli/options.h"
#include "out/metrics.h"

#define EXPORT_TARGETS_MAX 256

struct exports;

/* Check the words of the command line, each one a pid, a name, cgroup:PATH or a URL, and
 * begin to watch what is there. The options outlive it. NULL after a complaint, with the
 * exit code in *rc. */
struct exports *exports_start(const struct options *options, size_t nr_groups, int *rc);
/* Look for targets that have come or gone; as often as the caller likes. */
void exports_discover(struct exports *exports);
/* What is known now, as OpenMetrics or text; never waits for a target. Any thread. */
void exports_write(struct exports *exports, enum metrics_format format, struct buf *out);
size_t exports_count(struct exports *exports);
void exports_stop(struct exports *exports);

#endif
