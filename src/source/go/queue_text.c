/* SPDX-License-Identifier: MIT */
/* Describes what goroutines wait on: a short text for every row, and all that is known
 * for the focused one. */
#include "source/go/queue.h"

#include "base/hash.h"

#define SELECT_SHOWN 4u
#define TEXT_MAX     1600u

/* Formats numbers itself, because there may be a hundred thousand texts per sample. */
struct text {
	char bytes[TEXT_MAX];
	size_t used;
};

static void append_text(struct text *text, const char *more)
{
	while (*more && text->used < sizeof(text->bytes) - 1)
		text->bytes[text->used++] = *more++;
}

static void put_number(struct text *text, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while ((value /= base) > 0);
	append_text(text, digits + at);
}

static void put_count(struct text *text, uint64_t count, const char *one,
		      const char *many)
{
	if (count == 0)
		return;
	append_text(text, ", ");
	put_number(text, count, 10);
	append_text(text, count == 1 ? one : many);
}

static void put_chan(struct text *text, const struct go_queue *queue)
{
	append_text(text, "cap ");
	put_number(text, queue->capacity, 10);
	if (queue->capacity > 0) {
		append_text(text, ", len ");
		put_number(text, queue->length, 10);
	}
}

static void put_address(struct text *text, uint64_t address)
{
	append_text(text, "0x");
	put_number(text, address, 16);
}

static const char *keep_text(const struct text *text, struct snapshot *out)
{
	const char *copy = arena_strndup(&out->arena, text->bytes, text->used);

	return copy ? copy : "";
}

static const char *object_name(const struct go_entry *entry)
{
	switch (entry->state) {
	case STATE_MUTEX:
		return "mutex";
	case STATE_RWLOCK_READ:
	case STATE_RWLOCK_WRITE:
		return "rwlock";
	case STATE_WAITGROUP:
		return "waitgroup";
	case STATE_COND:
		return "cond";
	default:
		return "semaphore";
	}
}

/* Appends the state of the object itself. */
static void put_object(struct text *text, const struct go_queue *queue)
{
	switch ((enum go_queue_kind)queue->kind) {
	case GO_QUEUE_CHAN:
		append_text(text, " ");
		put_chan(text, queue);
		break;
	case GO_QUEUE_MUTEX:
		append_text(text, queue->held ? " held" : " free");
		break;
	case GO_QUEUE_RWLOCK:
		if (queue->held)
			append_text(text, " held by a writer");
		else if (queue->length > 0)
			append_text(text, " held by ");
		if (!queue->held && queue->length > 0) {
			put_number(text, queue->length, 10);
			append_text(text, queue->length == 1 ? " reader" : " readers");
		}
		break;
	case GO_QUEUE_WAITGROUP:
		append_text(text, " ");
		put_number(text, queue->length, 10);
		append_text(text, " to go");
		break;
	case GO_QUEUE_OTHER:
		break;
	}
}

static void put_waiters(struct text *text, const struct go_queue *queue)
{
	put_count(text, queue->senders, " sender", " senders");
	put_count(text, queue->receivers, " receiver", " receivers");
	if (queue->kind == GO_QUEUE_CHAN)
		put_count(text, queue->others, " select", " selects");
	else
		put_count(text, queue->others, " waiter", " waiters");
}

/* Many objects are alike, such as a hundred thousand channels with one receiver each. */
static bool same_text(const struct go_queue_text *text, const struct go_queue *queue,
		      const char *name)
{
	const struct go_queue *said = &text->queue;

	return text->text && text->name == name && queue->kind == said->kind &&
	       queue->length == said->length && queue->capacity == said->capacity &&
	       queue->senders == said->senders && queue->receivers == said->receivers &&
	       queue->others == said->others && queue->known == said->known &&
	       queue->closed == said->closed && queue->held == said->held;
}

static struct go_queue_text *text_slot(struct go_queues *queues,
				       const struct go_queue *queue)
{
	uint64_t counts = hash_mix((uint64_t)queue->length << 32 | queue->capacity,
				   (uint64_t)queue->senders << 32 | queue->receivers);

	return &queues->texts[hash_mix(counts,
				       (uint64_t)queue->others << 8 | queue->kind) &
			      (GO_QUEUE_TEXTS - 1)];
}

static const char *format_queue(const struct go_queue *queue, const char *name,
				struct snapshot *out)
{
	struct text text = {.used = 0};

	append_text(&text, name);
	if (queue->known)
		put_object(&text, queue);
	put_waiters(&text, queue);
	if (queue->closed)
		append_text(&text, ", closed");
	return keep_text(&text, out);
}

static const char *queue_text(struct go_queues *queues, const struct go_queue *queue,
			      const char *name, struct snapshot *out)
{
	struct go_queue_text *slot;

	if (queues->last && same_text(queues->last, queue, name))
		return queues->last->text;
	slot = text_slot(queues, queue);
	queues->last = slot;
	if (!same_text(slot, queue, name))
		*slot = (struct go_queue_text){*queue, name,
					       format_queue(queue, name, out)};
	return slot->text;
}

/* Tells in which of a channel's queues a select waits, which is known only if one of them
 * is empty. */
static const char *select_direction(const struct go_queue *queue)
{
	if (!queue->known || queue->send_queue == queue->recv_queue)
		return "";
	return queue->send_queue ? "send " : "recv ";
}

static const char *select_text(struct go_queues *queues, const struct go_chans *chans,
			       struct snapshot *out)
{
	struct text text = {.used = 0};

	put_number(&text, chans->nr, 10);
	append_text(&text, chans->nr == GO_CHANS_MAX ? " or more chans:" : " chans:");
	for (size_t i = 0; i < chans->nr && i < SELECT_SHOWN; i++) {
		const struct go_queue *queue = go_queues_get(queues, chans->list[i]);

		append_text(&text, i ? "; " : " ");
		append_text(&text, select_direction(queue));
		put_address(&text, chans->list[i]);
		if (queue->address && queue->known) {
			append_text(&text, " ");
			put_chan(&text, queue);
		}
	}
	if (chans->nr > SELECT_SHOWN)
		append_text(&text, "; …");
	return keep_text(&text, out);
}

static void detail_chan(struct text *text, const struct go_queue *queue)
{
	append_text(text, "chan ");
	append_text(text, select_direction(queue));
	put_address(text, queue->address);
	if (!queue->known)
		return;
	append_text(text, " ");
	put_chan(text, queue);
	append_text(text, ", elements of ");
	put_number(text, queue->element_bytes, 10);
	append_text(text, queue->element_bytes == 1 ? " byte" : " bytes");
	put_waiters(text, queue);
	append_text(text, queue->closed ? ", closed" : ", open");
}

static void detail_lock(struct text *text, const struct go_queue *queue)
{
	if (!queue->known || queue->kind == GO_QUEUE_OTHER)
		return;
	if (queue->kind == GO_QUEUE_WAITGROUP) {
		append_text(text, "waits for ");
		put_number(text, queue->length, 10);
		append_text(text, queue->length == 1 ? " more call" : " more calls");
		append_text(text, " of Done");
		return;
	}
	if (queue->kind == GO_QUEUE_RWLOCK && !queue->held && queue->length > 0) {
		append_text(text, "held by ");
		put_number(text, queue->length, 10);
		append_text(text, queue->length == 1 ? " reader" : " readers");
		append_text(text, queue->writer ? ", a writer is waiting for them" : "");
	} else {
		append_text(text, queue->held ? "held" : "not held at the moment");
	}
	append_text(text, queue->starves ? ", the first waiter gets it next" : "");
	append_text(text, "; Go does not record the holder");
}

/* Formats the detail text, one line per object. */
static const char *detail_of(struct go_queues *queues, const struct go_entry *entry,
			     struct snapshot *out)
{
	struct text text = {.used = 0};
	const struct go_chans *chans = go_entry_more(entry)->chans;
	size_t nr = chans ? chans->nr : 1;

	for (size_t i = 0; i < nr; i++) {
		const struct go_queue *queue =
			i == 0 && entry->queue ? &queues->list[entry->queue]
			: chans                ? go_queues_get(queues, chans->list[i])
				: go_queues_get(queues, go_queue_address(entry));

		if (!queue->address)
			continue;
		append_text(&text, text.used ? "\n" : "");
		if (queue->kind == GO_QUEUE_CHAN)
			detail_chan(&text, queue);
		else
			detail_lock(&text, queue);
	}
	return text.used ? keep_text(&text, out) : NULL;
}

static void list_channels(const struct go_chans *chans, struct snapshot *out,
			  struct waits_on *waits)
{
	size_t bytes = chans->nr * sizeof(chans->list[0]);
	uint64_t *copy = arena_alloc(&out->arena, bytes);

	if (!copy)
		return;
	memcpy(copy, chans->list, bytes);
	waits_edit(waits, &out->arena)->objects = copy;
	waits->nr_objects = (uint16_t)chans->nr;
}

static void explain_chan(struct go_queues *queues, const struct go_entry *entry,
			 struct snapshot *out, struct waits_on *waits)
{
	const struct go_chans *chans = go_entry_more(entry)->chans;
	const struct go_queue *queue;

	waits->kind = "channel";
	waits->address = entry->object;
	if (entry->object == 0 || queues->nr == 0) {
		waits->text = strstr(entry->reason->text, "nil chan") ? "nil channel"
			      : entry->state == STATE_SELECT          ? "no channel"
								      : "channel";
		return;
	}
	if (chans)
		list_channels(chans, out, waits);
	queue = &queues->list[entry->queue];
	waits->text = chans            ? select_text(queues, chans, out)
		      : queue->address ? queue_text(queues, queue, "chan", out)
				       : "chan";
}

static void explain_lock(struct go_queues *queues, const struct go_entry *entry,
			 struct snapshot *out, struct waits_on *waits)
{
	const struct go_queue *queue;

	waits->kind = object_name(entry);
	waits->text = waits->kind;
	if (entry->object == 0 || queues->nr == 0)
		return;
	waits->address = go_queue_address(entry);
	queue = &queues->list[entry->queue];
	if (queue->address)
		waits->text = queue_text(queues, queue, waits->kind, out);
}

void go_queues_explain(struct go_queues *queues, const struct go_entry *entry, bool whole,
		       struct snapshot *out, struct waits_on *waits)
{
	enum task_state state = entry->state;

	if (!entry->reason || state == STATE_GC)
		return;
	if (state == STATE_CHAN_SEND || state == STATE_CHAN_RECV || state == STATE_SELECT)
		explain_chan(queues, entry, out, waits);
	else if (entry->reason->object == GO_OBJECT_LOCK)
		explain_lock(queues, entry, out, waits);
	if (whole && waits->address && queues->nr > 0)
		waits_edit(waits, &out->arena)->detail = detail_of(queues, entry, out);
}
