/* SPDX-License-Identifier: MIT */
/* Describes what a published wait is for: the channel's record, the descriptor's name,
 * the owner of the lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "source/agent/private.h"

static uint32_t chan_hash(const struct agent *agent, uint64_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ull) >> 32) &
	       (agent->cap_chans - 1);
}

/* Builds a hash of the published channels by address; at most once per poll. */
static void index_chans(struct agent *agent)
{
	uint32_t wanted = 64;

	agent->chans_poll = agent->polls + 1;
	while (wanted < agent->region.nr_chans * 2)
		wanted *= 2;
	if (!agent->chans || wanted != agent->cap_chans) {
		struct chan_entry *more = malloc(wanted * sizeof(*more));

		if (!more)
			return;
		free(agent->chans);
		agent->chans = more;
		agent->cap_chans = wanted;
	}
	memset(agent->chans, 0, agent->cap_chans * sizeof(*agent->chans));
	for (uint32_t i = 0; i < agent->region.nr_chans; i++) {
		struct wire_chan chan;

		region_read_chan(&agent->region, i, &chan);
		if (!chan.id || !chan.address)
			continue;
		uint32_t at = chan_hash(agent, chan.address);

		while (agent->chans[at].record)
			at = (at + 1) & (agent->cap_chans - 1);
		agent->chans[at].address = chan.address;
		agent->chans[at].record = i + 1;
	}
}

static bool chan_matches(struct agent *agent, uint32_t record, uint64_t address,
			 struct wire_chan *out)
{
	if (!record || record > agent->region.nr_chans)
		return false;
	region_read_chan(&agent->region, record - 1, out);
	return out->id && out->address == address;
}

/* Copies the record of the channel at address. Returns its index plus 1, or 0 if none. */
static uint32_t find_chan(struct agent *agent, uint64_t address, struct wire_chan *out)
{
	if (!address || !agent->region.nr_chans)
		return 0;
	for (int attempt = 0; attempt < 2; attempt++) {
		if (agent->chans) {
			for (uint32_t at = chan_hash(agent, address);
			     agent->chans[at].record;
			     at = (at + 1) & (agent->cap_chans - 1))
				if (agent->chans[at].address == address &&
				    chan_matches(agent, agent->chans[at].record, address,
						 out))
					return agent->chans[at].record;
		}
		if (agent->chans_poll == agent->polls + 1)
			break;
		index_chans(agent);
	}
	return 0;
}

static void chan_text(const struct wire_chan *chan, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "chan%s%.*s cap %u, len %u",
				       chan->name[0] ? " " : "",
				       (int)strnlen(chan->name, sizeof(chan->name)),
				       chan->name, chan->capacity, chan->length);

	if (chan->nr_send && used < size)
		used += (size_t)snprintf(out + used, size - used, ", %u sender%s",
					 chan->nr_send, chan->nr_send == 1 ? "" : "s");
	if (chan->nr_recv && used < size)
		used += (size_t)snprintf(out + used, size - used, ", %u receiver%s",
					 chan->nr_recv, chan->nr_recv == 1 ? "" : "s");
	if (chan->closed && used < size)
		snprintf(out + used, size - used, ", closed");
}

static bool has_chan(const struct row *row)
{
	return row->more->chan && row->more->chan->record;
}

/* Returns true if the wait is on a channel that publishes a record. */
static bool describe_chan(struct agent *agent, struct row *row)
{
	struct kernel_wait *waits = &row->more->waits;
	uint64_t address = row->more->slot.object;
	struct row_chan *known = row->more->chan;
	struct wire_chan chan;

	if (!chan_matches(agent, has_chan(row) ? known->record : 0, address, &chan)) {
		uint32_t record = find_chan(agent, address, &chan);

		if (record && !known)
			known = row->more->chan = calloc(1, sizeof(*known));
		if (known)
			known->record = record;
		if (!has_chan(row))
			return false;
	} else if (row->waits_known && memcmp(&chan, &known->seen, sizeof(chan)) == 0) {
		return true;
	}
	row->kept_generation = 0;
	known->seen = chan;
	chan_text(&chan, waits->text, sizeof(waits->text));
	return true;
}

/* Returns the owner of the lock; it is determined once per address and poll. */
static struct owner_entry lock_owner(struct agent *agent, enum task_state state,
				     uint64_t address)
{
	size_t first = (address * 0x9e3779b97f4a7c15ull >> 32) % OWNERS_MAX;

	for (size_t i = 0; i < OWNERS_NEAR; i++) {
		struct owner_entry *entry = &agent->owners[(first + i) % OWNERS_MAX];
		bool fresh = entry->poll == agent->polls + 1;

		if (fresh && entry->address == address)
			return *entry;
		if (fresh)
			continue;
		entry->address = address;
		entry->poll = agent->polls + 1;
		entry->owner = kernel_lock_owner(&agent->kernel, state, address,
						 &entry->owner_pid);
		return *entry;
	}
	/* Too many locks in this poll: skip this one, so that the cost stays bounded. */
	return (struct owner_entry){.address = address};
}

static bool is_lock(enum task_state state)
{
	return state == STATE_MUTEX || state == STATE_RWLOCK_READ ||
	       state == STATE_RWLOCK_WRITE;
}

bool row_owner_same(struct agent *agent, const struct task *kept)
{
	struct owner_entry now;

	if (!is_lock(kept->state))
		return false;
	now = lock_owner(agent, kept->state, kept->waits.address);
	return now.owner == kept->waits.owner_tid && !now.owner_pid;
}

static void object_text(const struct row *row, struct kernel_wait *waits)
{
	const struct row_slot *slot = &row->more->slot;
	int what = (int)strnlen(slot->what, sizeof(slot->what));
	size_t used = 0;

	if (what)
		used = (size_t)snprintf(waits->text, sizeof(waits->text), "%.*s", what,
					slot->what);
	else if (slot->object)
		used = (size_t)snprintf(waits->text, sizeof(waits->text), "%s 0x%llx",
					waits->kind, (unsigned long long)slot->object);
	else
		waits->text[0] = '\0';
	if (waits->owner_tid)
		snprintf(waits->text + used, sizeof(waits->text) - used, "%sheld by t%d",
			 used ? ", " : "", (int)waits->owner_tid);
}

static void fd_text(struct agent *agent, const struct row *row, struct kernel_wait *waits)
{
	int what = (int)strnlen(row->more->slot.what, sizeof(row->more->slot.what));

	waits->fd = row->more->slot.fd;
	const char *name = kernel_fd_name(&agent->kernel, waits->fd);
	waits->accepted = kernel_fd_accepted(&agent->kernel, waits->fd);
	/* The same text as without the agent: "epoll 4 of fds 5 7". */
	bool epoll = text_starts_with(name, "epoll");

	snprintf(waits->text, sizeof(waits->text), "%.*s%s%s %d%s%s", what,
		 row->more->slot.what, what ? ", " : "", epoll ? "epoll" : "fd",
		 waits->fd, epoll ? "" : " ", epoll ? name + 5 : name);
	size_t length = strlen(waits->text);

	if (length && waits->text[length - 1] == ' ')
		waits->text[length - 1] = '\0';
}

void row_describe_wait(struct agent *agent, struct row *row)
{
	const struct row_slot *slot = &row->more->slot;
	struct kernel_wait *waits = &row->more->waits;
	enum task_state state = slot->state < STATE_COUNT ? slot->state : STATE_UNKNOWN;
	bool chan = state == STATE_CHAN_SEND || state == STATE_CHAN_RECV;

	/* Lengths of channels and owners of locks may change while the slot does not. */
	if (row->waits_known && (row->refined || (!chan && !waits->owner_changes)))
		return;
	if (!row->waits_known) {
		kernel_wait_none(waits, state);
		waits->address = slot->object;
		waits->kind = kernel_state_kind(state);
	}
	bool had_record = has_chan(row);

	if (chan && describe_chan(agent, row)) {
		row->waits_known = true;
		return;
	}
	if (row->waits_known && !waits->owner_changes && !had_record)
		return;
	row->waits_known = true;
	if (is_lock(state) && !(slot->flags & WIRE_SLOT_API)) {
		waits->owner_changes = true;
		struct owner_entry now = lock_owner(agent, state, slot->object);

		if (now.owner == waits->owner_tid && waits->text[0])
			return;
		waits->owner_tid = now.owner;
		waits->owner_pid = now.owner_pid;
	}
	row->kept_generation = 0;
	if (state == STATE_JOIN && slot->fd > 0) {
		waits->owner_tid = kernel_outer_tid(&agent->kernel, slot->fd);
		snprintf(waits->text, sizeof(waits->text), "t%d", (int)waits->owner_tid);
	} else if (state == STATE_WAIT_CHILD) {
		waits->owner_pid =
			slot->fd > 0 && !agent->kernel.facts.nested ? slot->fd : 0;
		if (slot->fd > 0)
			snprintf(waits->text, sizeof(waits->text), "child %d", slot->fd);
		else
			snprintf(waits->text, sizeof(waits->text), "any child");
	} else if (slot->fd >= 0 && waits->kind && waits->kind[0] == 'f') {
		fd_text(agent, row, waits);
	} else if (waits->kind) {
		object_text(row, waits);
		if (!waits->text[0])
			waits->kind = NULL;
	}
}

/* Returns true for states whose slots have at most an address or a number. */
static bool is_thin(enum task_state state)
{
	return state == STATE_POLL || state == STATE_SLEEP ||
	       state == STATE_SIGNAL_WAIT || state == STATE_CONNECT ||
	       state == STATE_CHAN_RECV || state == STATE_CHAN_SEND ||
	       state == STATE_SEMAPHORE || state == STATE_WAIT_CHILD ||
	       state == STATE_FUTEX;
}

void row_refine_wait(struct row *row, const struct kernel_wait *kernel)
{
	const struct row_slot *slot = &row->more->slot;
	enum task_state state = slot->state < STATE_COUNT ? slot->state : STATE_UNKNOWN;
	bool same = kernel->state == state ||
		    (state == STATE_FUTEX && kernel->state == STATE_MUTEX);
	char limit[KERNEL_TEXT_MAX];
	bool says = kernel->text[0] || *kernel_limit_text(kernel, limit);

	/* What the program itself publishes takes precedence. */
	if (!same || !is_thin(state) || !kernel->kind || !says || has_chan(row) ||
	    (slot->flags & WIRE_SLOT_API) || slot->what[0] ||
	    (state == STATE_SEMAPHORE && strcmp(kernel->kind, "ipc") != 0))
		return;
	row->kept_generation = 0;
	row->more->waits = *kernel;
	row->more->waits.raw = NULL;
	row->more->waits.state = state;
	if (!row->more->waits.address)
		row->more->waits.address = slot->object;
	row->waits_known = row->refined = true;
}

const char *row_inner_text(struct agent *agent, const struct row *row,
			   struct snapshot *out)
{
	const struct row_slot *slot = &row->more->slot;
	uint32_t state = slot->inner_state;

	if (state == 0 || state > STATE_SIGNAL_WAIT)
		return NULL;
	const char *name = state_info(state)->name;
	const char *kind = kernel_state_kind(state);

	if (slot->inner_fd >= 0 && kind && kind[0] == 'f' && state != STATE_FUTEX)
		return arena_printf(&out->arena, "%s fd %d %s", name, slot->inner_fd,
				    kernel_fd_name(&agent->kernel, slot->inner_fd));
	if (slot->inner_object)
		return arena_printf(&out->arena, "%s 0x%llx", name,
				    (unsigned long long)slot->inner_object);
	return name;
}
