/* SPDX-License-Identifier: MIT */
/* Writes the fields that dumps and streams share. Nothing here depends on the locale. */
#include "out/json_field.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "core/graph.h"
#include "out/escape.h"

/* Writes one decimal without printf(), which depends on the locale; null if unknown. */
void json_put_percent(struct buf *out, const char *key, double value)
{
	json_put_key(out, ", ", key);
	if (!isfinite(value) || value < 0 || value > 1e12) {
		buf_puts(out, "null");
	} else {
		int64_t tenths = (int64_t)(value * 10 + 0.5);

		buf_put_number(out, (uint64_t)tenths / 10);
		buf_puts(out, ".");
		buf_put_number(out, (uint64_t)tenths % 10);
	}
}

static void json_put_address(struct buf *out, const char *key, uint64_t address)
{
	json_put_key(out, ", ", key);
	if (address == 0) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "\"");
	buf_put_hex(out, address);
	buf_puts(out, "\"");
}

void json_put_sources(struct buf *out, const char *sources)
{
	const char *separator = "";

	buf_puts(out, ", \"sources\": [");
	while (sources && *sources) {
		size_t length = strcspn(sources, ", ");
		char name[64];

		if (length > 0 && length < sizeof(name)) {
			memcpy(name, sources, length);
			name[length] = '\0';
			buf_puts(out, separator);
			escape_json(out, name);
			separator = ", ";
		}
		sources += length;
		sources += strspn(sources, ", ");
	}
	buf_puts(out, "]");
}

void json_put_frame(struct buf *out, const struct frame *frame)
{
	if (!frame) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_key(out, "", "function");
	escape_json(out, frame->function);
	json_put_text(out, "file", frame->file);
	json_put_count(out, ", ", "line", frame->line > 0 ? frame->line : -1);
	json_put_address(out, "address", frame->address);
	buf_puts(out, frame->inlined ? ", \"inlined\": true" : "");
	buf_puts(out, frame->library ? ", \"library\": true}" : "}");
}

void json_put_frames(struct buf *out, const struct stack *stack)
{
	buf_puts(out, "[");
	for (size_t i = 0; stack && i < stack->nr_frames; i++) {
		buf_puts(out, i ? ", " : "");
		json_put_frame(out, &stack->frames[i]);
	}
	buf_puts(out, "]");
}

void json_put_ancestors(struct buf *out, const char *separator, const struct task *task)
{
	char id[TASK_ID_MAX];

	json_put_key(out, separator, "ancestors");
	buf_puts(out, "[");
	for (size_t i = 0; task_more(task)->ancestry && i < task_more(task)->ancestry->nr;
	     i++) {
		buf_puts(out, i ? ",\n    {" : "{");
		json_put_key(out, "", "id");
		escape_json(out, task_format_ancestor(task, i, id));
		json_put_key(out, ", ", "stack");
		json_put_frames(out, task_more(task)->ancestry->stacks[i]);
		buf_puts(out, "}");
	}
	buf_puts(out, "]");
}

static void put_cids(struct buf *out, const struct task *task, const uint64_t *cids,
		     size_t nr)
{
	char id[TASK_ID_MAX];

	buf_puts(out, "[");
	for (size_t i = 0; i < nr; i++) {
		buf_puts(out, i ? ", " : "");
		escape_json(out, task_format_coroutine(task, cids[i], id));
	}
	buf_puts(out, "]");
}

void json_put_awaiting(struct buf *out, const char *separator, const struct task *task)
{
	json_put_key(out, separator, "awaited_by");
	put_cids(out, task, task_more(task)->awaiting_cids, task_more(task)->nr_awaiting);
}

static void put_several(struct buf *out, const struct task *task)
{
	const struct wait_several *several = wait_more(task)->several;

	json_put_key(out, ", ", "several");
	buf_puts(out, "{\"ids\": ");
	put_cids(out, task, several->cids, several->nr);
	json_put_bool(out, "any", several->any);
	json_put_bool(out, "others", several->open);
	buf_puts(out, "}");
}

void json_put_waits(struct buf *out, const char *separator, const struct task *task)
{
	const struct waits_on *waits = &task->waits;
	char id[TASK_ID_MAX];

	json_put_key(out, separator, "waits_on");
	if (!waits->kind) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{");
	json_put_key(out, "", "kind");
	escape_json(out, waits->kind);
	json_put_address(out, "address", waits->address);
	json_put_text(out, "text", waits->text);
	json_put_key(out, ", ", "owner");
	escape_json(out, task_format_owner(task, id));
	json_put_count(out, ", ", "owner_pid",
		       waits_more(waits)->owner_pid > 0 ? waits_more(waits)->owner_pid
							: -1);
	if (waits_more(waits)->several)
		put_several(out, task);
	buf_puts(out, "}");
}

/* If a target has a key twice, only its first text is written. */
void json_put_labels(struct buf *out, const char *first, const struct task *task)
{
	const char *separator = "";

	json_put_key(out, first, "labels");
	buf_puts(out, "{");
	for (size_t i = 0; i < task->nr_labels && i < SNAPSHOT_LABELS_MAX; i++) {
		const struct label *label = &task->labels[i];
		size_t before = 0;

		while (before < i && strcmp(task->labels[before].key, label->key) != 0)
			before++;
		if (before < i)
			continue;
		buf_puts(out, separator);
		escape_json(out, label->key);
		buf_puts(out, ": ");
		escape_json(out, label->text);
		separator = ", ";
	}
	buf_puts(out, "}");
}

void json_put_cycles(struct buf *out, const struct snapshot *snapshot)
{
	char id[TASK_ID_MAX];

	for (size_t i = 0; i < graph_cycles(snapshot); i++) {
		const struct cycle *cycle = &snapshot->graph->cycles[i];

		for (size_t n = 0; n < cycle->nr_nodes; n++) {
			buf_puts(out, n > 0 ? ", " : i > 0 ? ", [" : "[");
			escape_json(out,
				    task_format_id(graph_task(snapshot, cycle->nodes[n]),
						   id));
		}
		buf_puts(out, "]");
	}
}

void json_put_target(struct buf *out, const struct snapshot *snapshot)
{
	const struct snapshot_target *target = &snapshot->target;
	char iso[CLOCK_ISO_MAX];

	buf_puts(out, "\"target\": {");
	json_put_count(out, "", "pid", target->pid > 0 ? target->pid : -1);
	json_put_text(out, "name", target->name);
	json_put_sources(out, target->sources);
	json_put_text(out, "runtime", target->runtime);
	buf_puts(out, "},\n \"time\": ");
	escape_json(out, clock_format_iso(snapshot->real_ns, iso));
}

void json_put_member(struct buf *out, const struct member_process *member)
{
	json_put_text(out, "name", member->name);
	json_put_sources(out, member->sources);
	json_put_text(out, "runtime", member->runtime);
	json_put_count(out, ", ", "start_real_ns", member->start_real_ns);
	json_put_text(out, "error", member->trouble);
}
