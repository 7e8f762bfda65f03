/* SPDX-License-Identifier: MIT */
/* The heap of a Go program at one time, and how to find out what allocates it. */
#include "core/go_heap.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/snapshot.h"

#define PPROF_PORT ":6060"

/* Returns the protocol that the goroutine serves, or NULL if it is no server of HTTP. */
static const char *protocol_of(const struct task *task)
{
	const char *protocol = NULL;

	for (size_t i = 0; task->stack && i < task->stack->nr_frames; i++) {
		const char *function = task->stack->frames[i].function;

		if (!function)
			continue;
		if (strcmp(function, "net/http.(*Server).Serve") == 0)
			protocol = "http";
		else if (strcmp(function, "net/http.(*Server).ServeTLS") == 0)
			protocol = "https+insecure";
	}
	return protocol;
}

/* Writes the URL of a server that accepts connections at "tcp 127.0.0.1:6060 listening". */
static bool take_url(const struct task *task, char out[GO_HEAP_URL_MAX])
{
	const char *text = task->waits.text, *protocol, *end, *port;
	size_t length;

	if (task->state != STATE_ACCEPT || !text || !text_starts_with(text, "tcp "))
		return false;
	text += strlen("tcp ");
	end = strchr(text, ' ');
	protocol = protocol_of(task);
	if (!protocol || !end || !text_starts_with(end, " listening"))
		return false;
	length = (size_t)(end - text);
	port = memrchr(text, ':', length);
	if (!port || length > GO_HEAP_URL_MAX / 2)
		return false;
	if (text_starts_with(text, "0.0.0.0:") || text_starts_with(text, "[::]:"))
		snprintf(out, GO_HEAP_URL_MAX, "%s://localhost%.*s", protocol,
			 (int)(end - port), port);
	else
		snprintf(out, GO_HEAP_URL_MAX, "%s://%.*s", protocol, (int)length, text);
	return true;
}

void go_heap_point_take(struct go_heap_point *point, const struct snapshot *snapshot)
{
	char url[GO_HEAP_URL_MAX];

	*point = (struct go_heap_point){.heap = snapshot->resources.go_heap};
	if (!go_heap_known(&point->heap))
		return;
	point->mono_ns = snapshot->mono_ns > 0 ? snapshot->mono_ns : 1;
	point->real_ns = snapshot->real_ns;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (task->kind != TASK_GOROUTINE)
			continue;
		point->goroutines += task_weight(task);
		if (!take_url(task, url))
			continue;
		if (point->nr_served++ == 0 || text_ends_with(url, PPROF_PORT))
			memcpy(point->url, url, sizeof(url));
	}
}

const char *go_heap_advice(const struct go_heap_point *point, char out[GO_HEAP_TEXT_MAX])
{
	size_t used = (size_t)snprintf(
		out, GO_HEAP_TEXT_MAX,
		"Where memory is allocated is not visible from outside; the profiler "
		"inside the program samples it. ");

	if (point->heap.pprof == 0)
		snprintf(out + used, GO_HEAP_TEXT_MAX - used,
			 "This program does not contain net/http/pprof; one that does, "
			 "and serves it, answers:");
	else if (point->heap.pprof < 0 || point->nr_served == 0)
		snprintf(out + used, GO_HEAP_TEXT_MAX - used,
			 "If the program serves net/http/pprof, run:");
	else if (point->nr_served == 1)
		snprintf(out + used, GO_HEAP_TEXT_MAX - used,
			 "It contains net/http/pprof, and this is its HTTP server:");
	else
		snprintf(out + used, GO_HEAP_TEXT_MAX - used,
			 "It contains net/http/pprof, and this is one of its %u HTTP "
			 "servers:",
			 point->nr_served);
	return out;
}

const char *go_heap_command(const struct go_heap_point *point,
			    char out[GO_HEAP_COMMAND_MAX])
{
	snprintf(out, GO_HEAP_COMMAND_MAX, "go tool pprof %s/debug/pprof/heap",
		 point->heap.pprof > 0 && point->nr_served > 0 ? point->url
							       : "http://HOST:PORT");
	return out;
}
