/* SPDX-License-Identifier: MIT */
/* Writes the fields of "resources" in dumps and streams. Unknown values are left out,
 * except for the four fields that are always present. */
#include <inttypes.h>

#include "out/escape.h"
#include "out/json_field.h"

static void put_counts(struct buf *out, const char *key, const int64_t *counts,
		       size_t count, const char *(*name)(int id))
{
	const char *separator = "";

	if (counts[0] < 0)
		return;
	json_put_key(out, ", ", key);
	buf_puts(out, "{");
	for (size_t i = 0; i < count; i++) {
		if (counts[i] <= 0)
			continue;
		json_put_count(out, separator, name((int)i), counts[i]);
		separator = ", ";
	}
	buf_puts(out, "}");
}

static void put_limits(struct buf *out, const struct resources *resources)
{
	const char *separator = "";

	json_put_key(out, ", ", "limits");
	buf_puts(out, "{");
	for (int id = 0; id < LIMIT_COUNT; id++) {
		const struct limit *limit = &resources->limits[id];

		if (limit->most < 0)
			continue;
		json_put_key(out, separator, limit_info(id)->key);
		json_put_count(out, "{", "used", limit->used);
		json_put_count(out, ", ", "most", limit->most);
		buf_puts(out, "}");
		separator = ", ";
	}
	buf_puts(out, "}");
}

void json_put_go_heap(struct buf *out, const struct go_heap_figures *heap)
{
	const char *separator = "";

	if (!go_heap_known(heap))
		return;
	json_put_key(out, ", ", "go_heap");
	buf_puts(out, "{");
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++) {
		int64_t value = go_heap_value(heap, field);

		if (value == -1)
			continue;
		json_put_key(out, separator, field->key);
		buf_printf(out, "%" PRId64, value == GO_GC_OFF ? -1 : value);
		separator = ", ";
	}
	buf_puts(out, "}");
}

void json_put_resources(struct buf *out, const struct resources *resources)
{
	json_put_count(out, "", "rss_bytes", resources->rss_bytes);
	json_put_count(out, ", ", "threads", resources->threads);
	json_put_count(out, ", ", "fds", resources->fds);
	json_put_count(out, ", ", "children", resources->children);
	if (resources->posix_timers >= 0)
		json_put_count(out, ", ", "posix_timers", resources->posix_timers);
	if (resources->inotify_watches >= 0)
		json_put_count(out, ", ", "inotify_watches", resources->inotify_watches);
	put_counts(out, "fds_by_kind", resources->by_kind, FD_KIND_COUNT, fd_kind_name);
	put_counts(out, "sockets_by_state", resources->by_socket, SOCKET_STATE_COUNT,
		   socket_state_name);
	put_limits(out, resources);
	json_put_go_heap(out, &resources->go_heap);
}

void json_put_heap_changes(struct buf *out, const struct go_heap_point *from,
			   const struct go_heap_point *to)
{
	const char *separator = "";
	char text[GO_HEAP_TEXT_MAX], command[GO_HEAP_COMMAND_MAX];

	json_put_key(out, ",\n ", "heap_changes");
	buf_puts(out, "[");
	for (int i = 0; i < GO_HEAP_CHANGES; i++) {
		enum go_heap_change change = (enum go_heap_change)i;

		if (!go_heap_changed(from, to, change))
			continue;
		buf_printf(out, "%s\n  {\"change\": ", separator);
		escape_json(out, go_heap_change_name(change));
		json_put_text(out, "text", go_heap_explain(from, to, change, text));
		if (change == GO_HEAP_LIVE)
			json_put_text(out, "command", go_heap_command(to, command));
		buf_puts(out, "}");
		separator = ",";
	}
	buf_puts(out, "]");
}
