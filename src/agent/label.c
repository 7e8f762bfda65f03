/* SPDX-License-Identifier: MIT */
/* Labels of the calling task, stored as key and text in the record beside its slot. */
#include "agent/attach.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct label_text {
	uint32_t used;
	uint32_t count;
	char text[WIRE_LABEL_BYTES];
};

static void label_append(struct label_text *to, const char *text, size_t bytes)
{
	memcpy(to->text + to->used, text, bytes);
	to->used += (uint32_t)bytes;
}

/* Appends all pairs of the record except that of `key`. */
static void label_others(struct label_text *to, const struct wire_labels *from,
			 const char *key)
{
	const char *at = from->text;
	const char *end = at + (from->used <= WIRE_LABEL_BYTES ? from->used : 0);

	while (at < end) {
		size_t key_bytes = strnlen(at, (size_t)(end - at)) + 1;
		size_t bytes = key_bytes;

		if (at + key_bytes >= end)
			return;
		bytes += strnlen(at + key_bytes, (size_t)(end - at) - key_bytes) + 1;
		if (at + bytes > end)
			return;
		if (strcmp(at, key) != 0) {
			label_append(to, at, bytes);
			to->count++;
		}
		at += bytes;
	}
}

static void label_publish(struct wire_slot *slot, struct wire_labels *labels,
			  const struct label_text *text)
{
	uint32_t odd = agent_seq_begin(&labels->seq);

	memcpy(labels->text, text->text, text->used);
	agent_store(&labels->used, text->used);
	agent_seq_end(&labels->seq, odd);

	uint32_t flags = slot->flags & ~WIRE_SLOT_LABELS;

	odd = agent_seq_begin(&slot->seq);
	agent_store(&slot->flags, text->used != 0 ? flags | WIRE_SLOT_LABELS : flags);
	agent_seq_end(&slot->seq, odd);
}

static int label_set(const char *key, const char *text)
{
	size_t key_bytes = strnlen(key, GRMON_LABEL_KEY_MAX) + 1;
	struct wire_slot *slot = agent_current();
	struct label_text all;

	if (key_bytes == 1 || key_bytes > GRMON_LABEL_KEY_MAX)
		return GRMON_EINVAL;
	if (!slot && !(slot = agent_attach()))
		return GRMON_ENOSLOT;
	struct wire_labels *labels = &agent.labels[agent_slot_index(slot)];

	all.used = 0;
	all.count = 0;
	/* Without the flag they are of an earlier task that ended while it wrote them. */
	if (slot->flags & WIRE_SLOT_LABELS)
		label_others(&all, labels, key);
	if (text) {
		size_t text_bytes = strlen(text) + 1;

		if (all.count >= GRMON_LABELS_MAX ||
		    key_bytes + text_bytes > WIRE_LABEL_BYTES - all.used) {
			__atomic_fetch_add(&agent.header->dropped_labels, 1,
					   __ATOMIC_RELAXED);
			return GRMON_ENOMEM;
		}
		label_append(&all, key, key_bytes);
		label_append(&all, text, text_bytes);
	}
	label_publish(slot, labels, &all);
	return GRMON_OK;
}

int grmon_label(const char *key, const char *format, ...)
{
	char text[GRMON_LABEL_TEXT_MAX];
	int saved = errno;
	int rc = GRMON_EINVAL;

	if (key && format) {
		va_list arguments;

		va_start(arguments, format);
		if (vsnprintf(text, sizeof(text), format, arguments) >= 0)
			rc = label_set(key, text);
		va_end(arguments);
	} else if (key) {
		rc = label_set(key, NULL);
	}
	errno = saved;
	return rc;
}
