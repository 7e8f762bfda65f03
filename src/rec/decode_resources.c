/* SPDX-License-Identifier: MIT */
/* Decodes the resources of a sample. Names that this version does not know are
 * ignored. */
#include "rec/decode.h"

#define COUNT_MAX (1ll << 56) /* sums of such values do not overflow */

int64_t rec_decode_number(json_t *object, const char *key, int64_t otherwise)
{
	json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

int64_t rec_decode_time(json_t *object, const char *key)
{
	int64_t ns = rec_decode_number(object, key, 0);

	return ns > 0 ? ns : 0;
}

pid_t rec_decode_pid(json_t *object, const char *key)
{
	int64_t pid = rec_decode_number(object, key, 0);

	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static int64_t count_of(json_t *object, const char *key, int64_t otherwise)
{
	int64_t count = rec_decode_number(object, key, otherwise);

	return count < -1 ? -1 : count > COUNT_MAX ? COUNT_MAX : count;
}

/* Reads counts by name. If the object is present, a missing name means 0. */
static void decode_counts(json_t *object, int64_t *counts, size_t count,
			  const char *(*name)(int id))
{
	for (size_t i = 0; json_is_object(object) && i < count; i++)
		counts[i] = count_of(object, name((int)i), 0);
}

static void decode_go_heap(json_t *object, struct go_heap_figures *out)
{
	for (const struct go_heap_field *field = go_heap_fields; field->key; field++)
		go_heap_set(out, field,
			    rec_decode_number(object, field->key, GO_HEAP_ABSENT));
}

void rec_decode_resources(json_t *object, struct resources *out)
{
	json_t *limits = json_object_get(object, "limits");
	json_t *cpu = json_object_get(object, "cpu_percent");

	out->rss_bytes = count_of(object, "rss_bytes", -1);
	out->threads = count_of(object, "threads", -1);
	out->fds = count_of(object, "fds", -1);
	out->children = count_of(object, "children", -1);
	out->posix_timers = count_of(object, "posix_timers", -1);
	out->inotify_watches = count_of(object, "inotify_watches", -1);
	out->cpu_percent = json_is_number(cpu) ? json_number_value(cpu) : -1;
	decode_go_heap(json_object_get(object, "go_heap"), &out->go_heap);
	decode_counts(json_object_get(object, "fds_by_kind"), out->by_kind, FD_KIND_COUNT,
		      fd_kind_name);
	decode_counts(json_object_get(object, "sockets_by_state"), out->by_socket,
		      SOCKET_STATE_COUNT, socket_state_name);
	for (int id = 0; id < LIMIT_COUNT; id++) {
		json_t *limit = json_object_get(limits, limit_info(id)->key);

		out->limits[id].used = count_of(limit, "used", -1);
		out->limits[id].most = count_of(limit, "most", -1);
	}
}
