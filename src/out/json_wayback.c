/* SPDX-License-Identifier: MIT */
/* The way back from a leak to the program's own code; the manual page explains its
 * fields. */
#include "out/json_wayback.h"
#include "core/wayback.h"
#include "out/json_field.h"

/* What ran when a leak grew; null if it grew less than once. */
static void put_suspects(struct buf *out, const struct suspects *suspects)
{
	json_put_key(out, ",\n   ", "ran");
	if (suspects->steps == 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_count(out, "", "steps", suspects->steps);
	json_put_count(out, ", ", "otherwise", suspects->otherwise);
	buf_puts(out, ", \"functions\": [");
	for (uint32_t i = 0; i < suspects->count; i++) {
		const struct suspect *suspect = &suspects->list[i];

		buf_puts(out, i ? ", {" : "{");
		json_put_key(out, "", "frame");
		json_put_frame(out, suspect->frame);
		json_put_key(out, ", ", "inner");
		json_put_frame(out, suspect->inner);
		json_put_count(out, ", ", "steps", suspect->steps);
		json_put_count(out, ", ", "otherwise", suspect->otherwise);
		buf_puts(out, "}");
	}
	buf_puts(out, "]}");
}

static void put_call(struct buf *out, const struct way_call *call)
{
	buf_puts(out, "{");
	json_put_key(out, "", "frame");
	json_put_frame(out, call->frame);
	json_put_count(out, ", ", "tasks", call->tasks);
	json_put_count(out, ", ", "samples", call->samples);
	buf_puts(out, "}");
}

static void put_way_step(struct buf *out, const struct way_step *step)
{
	char type[CALLERS_TYPE_MAX];

	buf_puts(out, "{");
	json_put_key(out, "", "frame");
	json_put_frame(out, step->maker);
	json_put_text(out, "of_type",
		      step->of_type ? callers_type(step->maker->function, type) : NULL);
	json_put_key(out, ", ", "calls");
	buf_puts(out, "[");
	for (uint32_t i = 0; i < step->nr_calls; i++) {
		buf_puts(out, i ? ", " : "");
		put_call(out, &step->calls[i]);
	}
	buf_puts(out, "]");
	json_put_key(out, ", ", "created");
	if (step->created.frame)
		put_call(out, &step->created);
	else
		buf_puts(out, "null");
	buf_puts(out, "}");
}

static void put_places(struct buf *out, const char *key, const struct way_place *list,
		       uint32_t count)
{
	json_put_key(out, ",\n   ", key);
	buf_puts(out, "[");
	for (uint32_t i = 0; i < count; i++) {
		buf_puts(out, i ? ", {" : "{");
		json_put_key(out, "", "frame");
		json_put_frame(out, list[i].frame);
		json_put_count(out, ", ", "tasks", list[i].tasks);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

void json_put_wayback(struct buf *out, const struct snapshot *snapshot,
		      const struct leak *leak)
{
	struct wayback way;

	put_suspects(out, &leak->suspects);
	wayback_find(snapshot, (struct wayback_of){.leak = leak}, &way);
	json_put_key(out, ",\n   ", "made_by");
	buf_puts(out, "[");
	for (uint32_t i = 0; i < way.nr_steps; i++) {
		buf_puts(out, i ? ", " : "");
		put_way_step(out, &way.steps[i]);
	}
	buf_puts(out, "]");
	put_places(out, "shared_with", way.shared, way.nr_shared);
	put_places(out, "by_ancestors", way.chains, way.nr_chains);
}
