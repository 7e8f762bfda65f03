/* SPDX-License-Identifier: MIT */
/*
 * One pass over the tasks of a sample. The groups that a task was in at the previous
 * sample are found by its position, since most samples have the same tasks in the same
 * order. If its stack, creator, state and labels are also the same pointers, its groups
 * need no search.
 */
#include "core/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "core/group_private.h"

#define LABEL_BYTES     (4u << 20)
/* Beyond this size the texts are collected again. */
#define LABEL_RENEW     (LABEL_BYTES / 4 * 3)
#define LABEL_TEXT_MAX  120u
#define SURVIVE_MOST_NS (30 * CLOCK_SECOND_NS)
#define STAY_PARTS      16              /* fraction of the observed time */
#define RESTART_NS      CLOCK_SECOND_NS /* accuracy of a process's start time */

const char *group_by_name(enum group_by by)
{
	static const char *const names[GROUP_BY_COUNT] = {"stack", "creator", "state",
							  "label"};

	return names[by < GROUP_BY_COUNT ? by : GROUP_STACK];
}

struct grouping *grouping_new(const char *acknowledge, struct err *e)
{
	struct grouping *grouping = calloc(1, sizeof(*grouping));

	if (!grouping) {
		err_set(e, ERR_NOMEM, "no memory for groups");
		return NULL;
	}
	for (int by = 0; by < GROUP_BY_COUNT; by++)
		entry_table_init(&grouping->tables[by]);
	entry_table_init(&grouping->sites);
	grouping->seed = hash_seed();
	grouping->least_ns = TREND_LEAST_NS;
	grouping->timers = timer_trends_new();
	grouping->presence = presence_new();
	grouping->callers = callers_new();
	grouping->intern = intern_new(LABEL_BYTES);
	if (!grouping->intern)
		err_set(e, ERR_NOMEM, "no memory for groups");
	if (!grouping->intern ||
	    group_rules_take(&grouping->acknowledge, acknowledge, e) != 0) {
		grouping_free(grouping);
		return NULL;
	}
	return grouping;
}

void grouping_reset(struct grouping *grouping)
{
	for (int by = 0; by < GROUP_BY_COUNT; by++)
		entry_table_release(&grouping->tables[by]);
	entry_table_release(&grouping->sites);
	grouping->nr_growths = 0;
	presence_reset(grouping->presence);
	callers_reset(grouping->callers);
	timer_trends_reset(grouping->timers);
	grouping->nr_before = 0;
	grouping->sample = 0;
}

void grouping_free(struct grouping *grouping)
{
	if (!grouping)
		return;
	grouping_reset(grouping);
	group_rules_free(&grouping->acknowledge);
	group_rules_free(&grouping->suppress);
	timer_trends_free(grouping->timers);
	presence_free(grouping->presence);
	callers_free(grouping->callers);
	intern_free(grouping->intern);
	free(grouping->before);
	free(grouping->now);
	free(grouping->index);
	free(grouping);
}

void grouping_set_least(struct grouping *grouping, int64_t least_ns)
{
	grouping->least_ns = least_ns;
}

static uint64_t hash_labels(const struct grouping *grouping, const struct task *task)
{
	uint64_t hash = grouping->seed;

	if (task->nr_labels == 0)
		return 0;
	for (size_t i = 0; i < task->nr_labels && i < GROUP_LABELS; i++) {
		const struct label *label = &task->labels[i];

		hash = hash_bytes(hash, label->key, strnlen(label->key, LABEL_TEXT_MAX));
		hash = hash_bytes(hash, label->text,
				  strnlen(label->text, LABEL_TEXT_MAX));
	}
	return hash | 1;
}

/* A frame takes two parts of a key: they hold its position in the code. */
static void key_frame(struct group_key *key, size_t at, const struct frame *frame)
{
	if (!frame)
		return;
	key->text[2 * at] = frame->function;
	key->text[2 * at + 1] = frame->file;
	key->number[at] = frame->function ? (uint64_t)frame->line : frame->address;
}

/* A stopped task keeps its site, because nothing is known about it until it continues. */
static bool has_site(const struct task *task)
{
	return state_blocks(task->state) && task->state != STATE_STOPPED &&
	       !(task->flags & TASK_SUSPECT);
}

static uint32_t find_site(struct grouping *grouping, const struct task *task)
{
	struct group_key key;

	memset(&key, 0, sizeof(key));
	key_frame(&key, 0, task_top_frame(task));
	key_frame(&key, 1, task_creator_frame(task));
	/* Line numbers are small, so the class fits beside one. */
	key.number[0] ^= (uint64_t)(state_info(task->state)->class + 1) << 56;
	return entry_find(grouping, &grouping->sites, &key, true);
}

static void find_groups(struct grouping *grouping, const struct task *task,
			struct member *member)
{
	struct group_key key;

	memset(&key, 0, sizeof(key));
	key.text[0] = task->stack;
	key.number[0] = task->stack ? 0 : 1 + (uint64_t)task->state;
	member->groups[GROUP_STACK] =
		entry_find(grouping, &grouping->tables[GROUP_STACK], &key, false);
	memset(&key, 0, sizeof(key));
	key_frame(&key, 0, task_creator_frame(task));
	key.text[2] = task_more(task)->ancestry;
	member->groups[GROUP_CREATOR] =
		entry_find(grouping, &grouping->tables[GROUP_CREATOR], &key, false);
	memset(&key, 0, sizeof(key));
	key.number[0] = task->state;
	member->groups[GROUP_STATE] =
		entry_find(grouping, &grouping->tables[GROUP_STATE], &key, false);
	for (size_t i = 0; i < GROUP_LABELS; i++) {
		uint32_t *group = &member->groups[GROUP_LABEL + i];
		const struct label *label = &task->labels[i];

		*group = GROUP_NONE;
		if (i >= task->nr_labels)
			continue;
		memset(&key, 0, sizeof(key));
		key.text[0] = intern_text(grouping->intern, label->key,
					  strnlen(label->key, LABEL_TEXT_MAX));
		key.text[1] = intern_text(grouping->intern, label->text,
					  strnlen(label->text, LABEL_TEXT_MAX));
		*group =
			entry_find(grouping, &grouping->tables[GROUP_LABEL], &key, false);
	}
}

static struct entry_table *table_of(struct grouping *grouping, size_t which)
{
	return &grouping->tables[which < GROUP_LABEL ? which : GROUP_LABEL];
}

/* Records the oldest stuck task or, if there is none, the oldest long one. Its evidence
 * becomes that of the group. */
static void count_word(struct entry *entry, const struct task *task, uint32_t number,
		       uint32_t weight)
{
	bool stuck = task->flags & TASK_STUCK, first;

	if (!stuck && !(task->flags & TASK_LONG))
		return;
	first = stuck ? entry->stuck == 0 : entry->stuck == 0 && entry->is_long == 0;
	if (first || ((stuck || entry->stuck == 0) && task->since_ns < entry->word_ns)) {
		entry->word = number;
		entry->word_ns = task->since_ns;
	}
	if (stuck)
		entry->stuck += weight;
	else
		entry->is_long += weight;
}

static void count_in(struct entry *entry, const struct grouping *grouping,
		     const struct task *task, uint32_t number, uint32_t weight)
{
	bool older = task->since_ns > 0 &&
		     (entry->since_ns == 0 || task->since_ns < entry->since_ns);

	if (entry->count == 0) {
		entry->stack = task->stack;
		entry->created_by = task->created_by;
		entry->ancestry = task_more(task)->ancestry;
		entry->state = (uint8_t)task->state;
	}
	if (entry->count == 0 || older) {
		entry->example = number;
		entry->since_ns = task->since_ns;
	}
	entry->mixed_stacks |= entry->stack != task->stack;
	entry->mixed_creators |= entry->created_by != task->created_by ||
				 entry->ancestry != task_more(task)->ancestry;
	entry->mixed_states |= entry->state != (uint8_t)task->state;
	entry->count += weight;
	count_word(entry, task, number, weight);
	entry->sample = grouping->sample;
}

/* Go's runtime has words for waits that nothing can end. The first goroutine of a program
 * is often parked on a nil channel on purpose. */
static uint8_t proofs_of_raw(const struct task *task)
{
	uint8_t proofs = 0;

	if (!task->raw)
		return 0;
	if (strstr(task->raw, "(nil chan)") && task->id != 1)
		proofs |= PROOF_NIL_CHANNEL;
	if (strstr(task->raw, "leaked"))
		proofs |= PROOF_RUNTIME;
	return proofs;
}

static uint32_t proofs_of(const struct task *task, const struct member *member)
{
	return member->said | (task->flags & TASK_DEADLOCK ? PROOF_DEADLOCK : 0u) |
	       (task->flags & TASK_UNREACHABLE ? PROOF_UNREACHABLE : 0u);
}

static void leave_site(struct grouping *grouping, const struct member *member)
{
	struct entry *site;

	if (member->site == GROUP_NONE)
		return;
	site = grouping->sites.list[member->site];
	site->left += member->survivor ? member->weight : 0;
	if (member->survivor && site->growth)
		group_growth_leave(grouping, site, member);
	site->elders.left += member->elder ? member->weight : 0;
}

static void join_site(struct grouping *grouping, struct member *member)
{
	member->site = member->here;
	member->pending = GROUP_NONE;
	member->joined_ns = grouping->last_ns;
	/* Tasks that are there at the first sample have not arrived. */
	member->survivor = member->elder = grouping->sample == 1;
}

/* A task moves to another site once it has been seen there for a while, and not at its
 * own. */
static void move_site(struct grouping *grouping, struct member *member,
		      const struct member *before)
{
	member->pending = before->pending;
	member->pending_ns = before->pending_ns;
	if (member->here == GROUP_NONE)
		return;
	if (member->here == before->site) {
		member->pending = GROUP_NONE;
	} else if (member->here != before->pending) {
		member->pending = member->here;
		member->pending_ns = grouping->last_ns;
	} else if (grouping->last_ns - member->pending_ns >= grouping->survive_ns) {
		leave_site(grouping, before);
		join_site(grouping, member);
		member->joined_ns = before->pending_ns;
	}
}

/* Returns the time of the sample before the one at time_ns. */
static int64_t previous_sample_ns(const struct grouping *grouping, int64_t time_ns)
{
	uint32_t known =
		grouping->sample < GROUP_SAMPLES ? grouping->sample : GROUP_SAMPLES;
	uint32_t low = grouping->sample - known, high = grouping->sample;

	/* Find the first sample that is not earlier. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (grouping->samples_ns[middle % GROUP_SAMPLES] < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low > grouping->sample - known
		       ? grouping->samples_ns[(low - 1) % GROUP_SAMPLES]
		       : time_ns - (grouping->last_ns - grouping->first_ns) /
					   (grouping->sample > 1 ? grouping->sample - 1
								 : 1);
}

static void note_arrival(const struct grouping *grouping, struct entry *site,
			 int64_t time_ns, uint32_t count)
{
	struct trend_arrival arrival = {previous_sample_ns(grouping, time_ns), time_ns,
					count};

	if (count > 0 && site->trend)
		trend_arrive(site->trend, grouping->last_ns, &arrival);
}

/* A task that has stayed long enough is counted from now on. Changes of its weight are
 * counted too. */
static void count_stay(struct grouping *grouping, struct member *member,
		       const struct member *before, const struct task *task)
{
	struct entry *site = grouping->sites.list[member->site];
	int64_t stay_ns = grouping->last_ns - member->joined_ns;
	uint32_t more = 0, less = 0;

	if (before && before->site == member->site) {
		more = member->weight > before->weight ? member->weight - before->weight
						       : 0;
		less = member->weight < before->weight ? before->weight - member->weight
						       : 0;
	}
	site->sample = grouping->sample;
	site->came += member->survivor ? more : 0;
	note_arrival(grouping, site, grouping->last_ns, member->survivor ? more : 0);
	group_growth_arrive(site, grouping->last_ns, member->survivor ? more : 0, NULL);
	site->left += member->survivor ? less : 0;
	site->elders.came += member->elder ? more : 0;
	site->elders.left += member->elder ? less : 0;
	if (!member->survivor && before && stay_ns >= grouping->survive_ns) {
		member->survivor = true;
		site->came += member->weight;
		note_arrival(grouping, site, member->joined_ns, member->weight);
		group_growth_arrive(site, member->joined_ns, member->weight, task);
		if (member->joined_ns > site->joined_ns)
			site->joined_ns = member->joined_ns;
	}
	if (!member->elder && before && stay_ns >= grouping->elder_ns) {
		member->elder = true;
		site->elders.came += member->weight;
	}
	site->elders.count += member->elder ? member->weight : 0;
}

static void settle_site(struct grouping *grouping, struct member *member,
			const struct member *before, const struct task *task)
{
	member->pending = GROUP_NONE;
	if (!before || before->site == GROUP_NONE) {
		join_site(grouping, member);
	} else {
		member->site = before->site;
		member->joined_ns = before->joined_ns;
		member->survivor = before->survivor;
		member->elder = before->elder;
		move_site(grouping, member, before);
	}
	if (member->pending != GROUP_NONE)
		grouping->sites.list[member->pending]->sample = grouping->sample;
	if (member->site != GROUP_NONE)
		count_stay(grouping, member, before, task);
}

static void move_groups(struct grouping *grouping, const struct member *member,
			const struct member *before)
{
	for (size_t i = 0; i < MEMBER_GROUPS; i++) {
		struct entry_table *table = table_of(grouping, i);

		if (before && before->groups[i] == member->groups[i])
			continue;
		if (before && before->groups[i] != GROUP_NONE)
			table->list[before->groups[i]]->left += before->weight;
		if (member->groups[i] != GROUP_NONE && grouping->sample > 1 &&
		    !(before && grouping->renewed && i >= GROUP_LABEL))
			table->list[member->groups[i]]->came += member->weight;
	}
}

static void take_task(struct grouping *grouping, const struct task *task, uint32_t number)
{
	struct member *member = &grouping->now[number];
	struct member *before = group_find_before(grouping, task);
	uint32_t proofs;

	*member = (struct member){
		.id = task->id,
		.serial = task->serial,
		.kind = (uint8_t)task->kind,
		.state = (uint8_t)task->state,
		.stack = task->stack,
		.created_by = task->created_by,
		.ancestry = task_more(task)->ancestry,
		.raw = task->raw,
		.labels = hash_labels(grouping, task),
		.weight = task_weight(task),
	};
	if (before && before->taken) /* the same id twice: treat it as new */
		before = NULL;
	if (before)
		before->taken = true;
	if (before && before->stack == member->stack && before->state == member->state &&
	    before->created_by == member->created_by &&
	    before->ancestry == member->ancestry && before->labels == member->labels &&
	    before->groups[GROUP_STACK] != GROUP_NONE) {
		memcpy(member->groups, before->groups, sizeof(member->groups));
		member->here = has_site(task) ? before->here : GROUP_NONE;
	} else {
		find_groups(grouping, task, member);
		member->here = GROUP_NONE;
	}
	member->said =
		before && before->raw == task->raw ? before->said : proofs_of_raw(task);
	if (member->here == GROUP_NONE && has_site(task))
		member->here = find_site(grouping, task);
	move_groups(grouping, member, before);
	settle_site(grouping, member, before, task);
	for (size_t i = 0; i < MEMBER_GROUPS; i++)
		if (member->groups[i] != GROUP_NONE)
			count_in(table_of(grouping, i)->list[member->groups[i]], grouping,
				 task, number, member->weight);
		else if (i < GROUP_LABEL + task->nr_labels)
			table_of(grouping, i)->others++;
	proofs = proofs_of(task, member);
	if (member->site != GROUP_NONE && (member->survivor || proofs)) {
		struct entry *site = grouping->sites.list[member->site];

		count_in(site, grouping, task, number, member->weight);
		site->proofs |= proofs;
		site->proven += proofs ? member->weight : 0;
	}
}

static void take_gone(struct grouping *grouping)
{
	for (size_t i = 0; i < grouping->nr_before; i++) {
		const struct member *member = &grouping->before[i];

		if (member->taken)
			continue;
		for (size_t n = 0; n < MEMBER_GROUPS; n++)
			if (member->groups[n] != GROUP_NONE)
				table_of(grouping, n)->list[member->groups[n]]->left +=
					member->weight;
		leave_site(grouping, member);
	}
}

static bool make_members(struct grouping *grouping, size_t count)
{
	struct member *members;

	if (count <= grouping->cap_now && grouping->cap_now <= 4 * count + 64)
		return true;
	count += count / 4 + 16;
	members = malloc(count * sizeof(*members));
	if (!members)
		return false;
	free(grouping->now);
	grouping->now = members;
	grouping->cap_now = count;
	return true;
}

static bool is_another_process(const struct grouping *grouping,
			       const struct snapshot_target *target)
{
	int64_t later_ns = target->start_real_ns - grouping->start_real_ns;

	return (target->pid > 0 && grouping->pid > 0 && target->pid != grouping->pid) ||
	       (target->start_real_ns != 0 && grouping->start_real_ns != 0 &&
		(later_ns > RESTART_NS || later_ns < -RESTART_NS));
}

/*
 * A URL does not reveal that the process has been replaced. But goroutines are then
 * numbered from 1 again: most of them are new, and most of the new ones have small
 * numbers.
 */
static bool counts_anew(struct grouping *grouping, const struct snapshot *snapshot)
{
	uint64_t highest = 0;
	size_t fresh = 0, low = 0;

	for (size_t i = 0; i < grouping->nr_before; i++)
		if (grouping->before[i].kind == TASK_GOROUTINE &&
		    grouping->before[i].id > highest)
			highest = grouping->before[i].id;
	for (size_t i = 0; i < snapshot->nr_tasks; i++) {
		const struct task *task = &snapshot->tasks[i];

		if (task->kind != TASK_GOROUTINE || group_find_before(grouping, task))
			continue;
		fresh++;
		low += task->id < highest / 2;
	}
	return fresh * 2 > snapshot->nr_tasks && low * 2 > fresh;
}

/* If each request has its own label, the table of texts would grow without end. Snapshots
 * have copies of the texts, and the groups of labels start over. */
static void renew_labels(struct grouping *grouping)
{
	struct intern *fresh;

	grouping->renewed = intern_bytes(grouping->intern) > LABEL_RENEW;
	fresh = grouping->renewed ? intern_new(LABEL_BYTES) : NULL;
	if (!fresh) {
		grouping->renewed = false;
		return;
	}
	intern_free(grouping->intern);
	grouping->intern = fresh;
	entry_table_release(&grouping->tables[GROUP_LABEL]);
	for (size_t i = 0; i < grouping->nr_before; i++) {
		struct member *member = &grouping->before[i];

		member->labels = 0;
		for (size_t n = GROUP_LABEL; n < MEMBER_GROUPS; n++)
			member->groups[n] = GROUP_NONE;
	}
}

static void begin_sample(struct grouping *grouping, const struct snapshot *snapshot)
{
	grouping->at_before = 0;
	grouping->indexed = false;
	if (grouping->sample > 0 &&
	    (snapshot->mono_ns < grouping->last_ns ||
	     is_another_process(grouping, &snapshot->target) ||
	     (snapshot->target.pid == 0 && !snapshot->members &&
	      snapshot->target.start_real_ns == 0 && counts_anew(grouping, snapshot))))
		grouping_reset(grouping);
	grouping->pid = snapshot->target.pid;
	grouping->start_real_ns = snapshot->target.start_real_ns;
	if (grouping->sample++ == 0)
		grouping->first_ns = snapshot->mono_ns;
	grouping->last_ns = snapshot->mono_ns;
	grouping->samples_ns[(grouping->sample - 1) % GROUP_SAMPLES] = snapshot->mono_ns;
	grouping->elder_ns = (grouping->last_ns - grouping->first_ns) / STAY_PARTS;
	grouping->survive_ns = grouping->elder_ns < SURVIVE_MOST_NS ? grouping->elder_ns
								    : SURVIVE_MOST_NS;
	grouping->at_before = 0;
	grouping->indexed = false;
	renew_labels(grouping);
	for (int by = 0; by < GROUP_BY_COUNT; by++)
		entry_begin_sample(&grouping->tables[by]);
	entry_begin_sample(&grouping->sites);
}

void grouping_update(struct grouping *grouping, struct snapshot *snapshot)
{
	struct member *swap;
	size_t capacity;

	snapshot->groups = NULL;
	if (!make_members(grouping, snapshot->nr_tasks)) {
		grouping_reset(grouping);
		return;
	}
	begin_sample(grouping, snapshot);
	for (size_t i = 0; i < snapshot->nr_tasks; i++)
		take_task(grouping, &snapshot->tasks[i], (uint32_t)i);
	take_gone(grouping);
	swap = grouping->before;
	capacity = grouping->cap_before;
	grouping->before = grouping->now;
	grouping->cap_before = grouping->cap_now;
	grouping->nr_before = snapshot->nr_tasks;
	grouping->now = swap;
	grouping->cap_now = capacity;
	group_growth_update(grouping);
	group_publish(grouping, snapshot);
}
