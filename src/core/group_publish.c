/* SPDX-License-Identifier: MIT */
/* Publishes the counts in the snapshot: sites are judged, and each group gets the verdict
 * of the worst site that one of its tasks is in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"
#include "core/group_private.h"

#define LEAKS_MAX 256u

static uint32_t copy_ring(const struct trend_ring *ring, int64_t *begin_ns,
			  int64_t *step_ns, uint32_t *out)
{
	for (uint32_t i = 0; i < ring->count; i++)
		out[i] = ring->buckets[i].last;
	*begin_ns = ring->begin_ns;
	*step_ns = ring->step_ns;
	return ring->count;
}

/* Copies the last jumps of about the size of a step, as many as there are steps. */
static void copy_steps(struct leak *leak, const struct trend *trend)
{
	uint32_t size = leak->finding.step_size, left = leak->finding.nr_steps;
	uint32_t count = trend->nr_jumps + (trend->burst.size > 0);

	/* For quick steps, each arrival is one. */
	for (uint32_t i = trend->nr_arrivals; leak->finding.quick && i-- > 0 && left > 0;)
		leak->steps_ns[--left] = trend->arrivals[i].time_ns;
	for (uint32_t i = count; i-- > 0 && left > 0;) {
		const struct trend_jump *jump =
			i < trend->nr_jumps ? &trend->jumps[i] : &trend->burst;

		if (jump->size * 2 >= size && jump->size <= size * 2)
			leak->steps_ns[--left] = jump->time_ns;
	}
}

static void fill_leak(struct leak *leak, const struct entry *site,
		      const struct snapshot *snapshot,
		      const struct trend_finding *finding)
{
	const struct task *task = &snapshot->tasks[site->example];

	leak->serial = site->serial;
	leak->stack = task->stack;
	leak->created_by = task->created_by;
	leak->ancestry = task_more(task)->ancestry;
	leak->mixed_creators = site->mixed_creators;
	leak->state = (enum task_state)site->state;
	leak->example = site->example;
	leak->count = site->count;
	leak->stuck = site->stuck;
	leak->proofs = site->proofs;
	leak->proven = site->proven;
	leak->since_ns = site->since_ns;
	leak->finding = *finding;
	leak->nr_spark = copy_ring(&site->trend->whole, &leak->spark_begin_ns,
				   &leak->spark_step_ns, leak->spark);
	copy_steps(leak, site->trend);
}

static struct leak *add_leak(struct snapshot *snapshot, struct leak **list, size_t *count)
{
	if (!*list)
		*list = arena_alloc(&snapshot->arena, LEAKS_MAX * sizeof(**list));
	return *list && *count < LEAKS_MAX ? &(*list)[(*count)++] : NULL;
}

static void publish_leak(struct grouping *grouping, struct snapshot *snapshot,
			 struct groups *groups, struct entry *site,
			 const struct trend_finding *finding)
{
	const struct task *task = &snapshot->tasks[site->example];
	struct leak *leak;
	bool known;

	if (group_rules_match(&grouping->suppress, task, snapshot->mono_ns))
		return;
	known = group_rules_match(&grouping->acknowledge, task, snapshot->mono_ns);
	leak = known ? add_leak(snapshot, &groups->known, &groups->nr_known)
		     : add_leak(snapshot, &groups->leaks, &groups->nr_leaks);
	if (!leak)
		return;
	fill_leak(leak, site, snapshot, finding);
	site->leaks = known ? 0 : (uint32_t)groups->nr_leaks;
}

static void judge_sites(struct grouping *grouping, struct snapshot *snapshot,
			struct groups *groups)
{
	for (uint32_t i = 0; i < grouping->sites.count; i++) {
		struct entry *site = grouping->sites.list[i];
		struct trend_finding finding = {0};
		struct trend_flow flow;

		if (!site)
			continue;
		flow = (struct trend_flow){site->count, site->came, site->left,
					   site->joined_ns};
		trend_push(site->trend, snapshot->mono_ns, &flow, &site->elders);
		groups->nr_judged += site->count > 0;
		if (site->trend->came > 0 || site->trend->score > 0)
			trend_judge(site->trend, grouping->least_ns, &finding);
		if (site->proofs) {
			finding.verdict = VERDICT_PROOF;
			finding.score = 100;
		}
		if (finding.verdict != VERDICT_NONE && site->count > 0)
			publish_leak(grouping, snapshot, groups, site, &finding);
	}
}

/* Orders proofs first, then by score, then by count. */
static bool is_worse(const struct leak *a, const struct leak *b)
{
	if (a->finding.verdict != b->finding.verdict)
		return a->finding.verdict > b->finding.verdict;
	if (a->finding.score > b->finding.score + 0.5 ||
	    b->finding.score > a->finding.score + 0.5)
		return a->finding.score > b->finding.score;
	return a->count > b->count;
}

static void mark_groups(struct grouping *grouping, struct snapshot *snapshot,
			const struct groups *groups)
{
	for (size_t i = 0; i < grouping->nr_before; i++) {
		const struct member *member = &grouping->before[i];
		const struct entry *site = member->site == GROUP_NONE
						   ? NULL
						   : grouping->sites.list[member->site];

		if (!site || site->leaks == 0)
			continue;
		if (member->here == member->site &&
		    groups->leaks[site->leaks - 1].finding.verdict >= VERDICT_LEAK)
			snapshot->tasks[i].flags |= TASK_LEAK;
		for (size_t n = 0; n < MEMBER_GROUPS; n++) {
			struct entry_table *table =
				&grouping->tables[n < GROUP_LABEL ? n : GROUP_LABEL];
			struct entry *entry = member->groups[n] == GROUP_NONE
						      ? NULL
						      : table->list[member->groups[n]];

			if (entry && (entry->leaks == 0 ||
				      is_worse(&groups->leaks[site->leaks - 1],
					       &groups->leaks[entry->leaks - 1])))
				entry->leaks = site->leaks;
		}
	}
}

static int compare_leaks(const void *a, const void *b)
{
	return is_worse(a, b) ? -1 : is_worse(b, a);
}

/* Moves the parts of a leak behind it. */
static void put_parts_behind(struct snapshot *snapshot, struct leak *leaks, size_t count)
{
	struct leak *copy = arena_alloc(&snapshot->arena, count * sizeof(*copy));
	size_t used = 0;

	if (!copy)
		return;
	memcpy(copy, leaks, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		if (copy[i].lead)
			continue;
		leaks[used++] = copy[i];
		for (size_t j = 0; copy[i].nr_parts > 0 && j < count; j++)
			if (copy[j].lead == copy[i].serial)
				leaks[used++] = copy[j];
	}
}

bool leak_is_deadlock(const struct leak *leak)
{
	return leak->proofs == PROOF_DEADLOCK && leak->finding.per_second <= 0 &&
	       leak->proven >= leak->count;
}

size_t groups_leaks(const struct groups *groups, enum verdict least)
{
	size_t count = 0;

	for (size_t i = 0; groups && i < groups->nr_leaks; i++)
		count += !groups->leaks[i].lead &&
			 groups->leaks[i].finding.verdict >= least &&
			 !leak_is_deadlock(&groups->leaks[i]);
	return count;
}

static const char *copy_text(struct arena *arena, const char *text)
{
	const char *copy = arena_strndup(arena, text, strlen(text));

	return copy ? copy : "";
}

static void publish_entry(struct grouping *grouping, struct snapshot *snapshot,
			  struct entry *entry, struct group *group, enum group_by by)
{
	const struct groups *groups = snapshot->groups;

	*group = (struct group){
		.by = by,
		.serial = entry->serial,
		.stack = entry->stack,
		.created_by = entry->created_by,
		.ancestry = entry->ancestry,
		.state = (enum task_state)entry->state,
		.example = entry->example,
		.count = entry->count,
		.stuck = entry->stuck,
		.is_long = entry->is_long,
		.word = entry->word,
		.first = entry->first,
		.since_ns = entry->since_ns,
		.came = entry->all_came,
		.left = entry->all_left,
		.per_minute = trend_per_minute(&entry->ring, snapshot->mono_ns),
		.mixed_states = entry->mixed_states,
		.mixed_stacks = entry->mixed_stacks,
		.mixed_creators = entry->mixed_creators,
	};
	if (by == GROUP_LABEL) {
		group->label_key = copy_text(&snapshot->arena, entry->key.text[0]);
		group->label_text = copy_text(&snapshot->arena, entry->key.text[1]);
	}
	if (entry->count > 0) {
		const struct task *task = &snapshot->tasks[entry->example];

		group->stack = task->stack;
		group->created_by = task->created_by;
		group->ancestry = task_more(task)->ancestry;
		group->state = task->state;
		group->acknowledged =
			grouping_acknowledges(grouping, task, snapshot->mono_ns);
	}
	if (entry->leaks > 0) {
		group->leak = &groups->leaks[entry->leaks - 1];
		group->verdict = group->leak->finding.verdict;
		group->score = group->leak->finding.score;
	}
	group->nr_spark = copy_ring(&entry->ring, &group->spark_begin_ns,
				    &group->spark_step_ns, group->spark);
}

static void publish_table(struct grouping *grouping, struct snapshot *snapshot,
			  struct groups *groups, enum group_by by)
{
	struct entry_table *table = &grouping->tables[by];
	struct group *list = arena_alloc(
		&snapshot->arena, (size_t)table->count * sizeof(*list) + sizeof(*list));

	groups->others[by] = table->others;
	for (uint32_t i = 0; i < table->count; i++) {
		struct entry *entry = table->list[i];

		if (!entry)
			continue;
		entry->all_came += entry->came;
		entry->all_left += entry->left;
		if (grouping->sample == 1)
			entry->first = entry->count;
		trend_ring_push(&entry->ring, snapshot->mono_ns, entry->count,
				entry->came, entry->left);
		if (list && (entry->count > 0 || entry->sample == grouping->sample))
			publish_entry(grouping, snapshot, entry,
				      &list[groups->count[by]++], by);
	}
	groups->list[by] = list;
}

static void explain_leaks(struct snapshot *snapshot, struct groups *groups)
{
	for (size_t i = 0; i < groups->nr_leaks; i++)
		leak_explain(&groups->leaks[i], groups, snapshot);
	for (size_t i = 0; i < groups->nr_known; i++)
		leak_explain(&groups->known[i], groups, snapshot);
}

void group_publish(struct grouping *grouping, struct snapshot *snapshot)
{
	struct groups *groups = arena_alloc(&snapshot->arena, sizeof(*groups));
	struct timers *timers;

	if (!groups)
		return;
	grouping_begin_acknowledging(grouping, snapshot);
	timers = timer_trends_update(grouping->timers, snapshot, grouping->least_ns);
	group_rules_forgive(grouping, timers, snapshot->mono_ns);
	groups->watched_ns = grouping->last_ns - grouping->first_ns;
	groups->least_ns = grouping->least_ns;
	judge_sites(grouping, snapshot, groups);
	group_growth_relate(grouping, snapshot, groups);
	group_growth_suspect(grouping, groups);
	timers_join(timers, groups, snapshot);
	group_growth_publish(grouping, snapshot, groups);
	explain_leaks(snapshot, groups);
	mark_groups(grouping, snapshot, groups);
	snapshot->groups = groups;
	for (int by = 0; by < GROUP_BY_COUNT; by++)
		publish_table(grouping, snapshot, groups, (enum group_by)by);
	if (groups->nr_leaks < 2)
		return;
	/* The groups point to their leaks, so a copy is sorted and the leaks are found by
	 * serial. */
	struct leak *sorted =
		arena_alloc(&snapshot->arena, groups->nr_leaks * sizeof(struct leak));

	if (!sorted)
		return;
	memcpy(sorted, groups->leaks, groups->nr_leaks * sizeof(*sorted));
	qsort(sorted, groups->nr_leaks, sizeof(*sorted), compare_leaks);
	put_parts_behind(snapshot, sorted, groups->nr_leaks);
	groups->leaks = sorted;
}

/* Returns NULL if there is none. */
static const struct leak *leak_by_serial(const struct groups *groups, uint64_t serial)
{
	for (size_t i = 0; i < groups->nr_leaks; i++)
		if (groups->leaks[i].serial == serial)
			return &groups->leaks[i];
	return NULL;
}

static void add_term(char *out, size_t size, const char *name, const char *value)
{
	size_t used = strlen(out);

	if (used + strlen(name) + 2 * strlen(value) + 8 > size)
		return;
	used += (size_t)snprintf(out + used, size - used, "%s%s=\"", used ? " " : "",
				 name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			out[used++] = '\\';
		out[used++] = *value;
	}
	out[used++] = '"';
	out[used] = '\0';
}

static void make_filter(const struct group *group, const struct snapshot *snapshot,
			bool lines, char *out, size_t size)
{
	static const enum column_id of_stack[] = {COLUMN_FUNCTION, COLUMN_LOCATION};
	const struct task *task = group->count > 0 && group->example < snapshot->nr_tasks
					  ? &snapshot->tasks[group->example]
					  : NULL;
	char cell[COLUMN_TEXT_MAX], key[160];

	out[0] = '\0';
	if (group->by == GROUP_LABEL) {
		snprintf(key, sizeof(key), "label.%s", group->label_key);
		add_term(out, size, key, group->label_text);
	} else if (group->by == GROUP_STATE || !task) {
		snprintf(out, size, "state=%s", state_info(group->state)->name);
	} else if (group->by == GROUP_CREATOR) {
		add_term(out, size, column_info(COLUMN_CREATED)->key,
			 column_format(COLUMN_CREATED, task, 0, cell));
	} else {
		snprintf(out, size, "state=%s", state_info(group->state)->name);
		for (size_t i = 0; i < (lines ? 2 : 1); i++) {
			const char *text = column_format(of_stack[i], task, 0, cell);

			if (text[0])
				add_term(out, size, column_info(of_stack[i])->key, text);
		}
	}
}

void group_filter(const struct group *group, const struct snapshot *snapshot, char *out,
		  size_t size)
{
	make_filter(group, snapshot, true, out, size);
}

void group_rule(const struct group *group, const struct snapshot *snapshot, char *out,
		size_t size)
{
	make_filter(group, snapshot, false, out, size);
}

static struct leak *copy_leaks(struct arena *arena, const struct leak *from,
			       size_t *count)
{
	struct leak *copy = arena_alloc(arena, (*count + 1) * sizeof(*copy));

	if (!copy)
		*count = 0;
	for (size_t i = 0; i < *count; i++) {
		copy[i] = from[i];
		copy[i].limit =
			from[i].limit ? arena_strndup(arena, from[i].limit, 200) : NULL;
		copy[i].evidence = arena_strndup(arena, from[i].evidence, 2000);
		if (!copy[i].evidence)
			copy[i].evidence = "";
	}
	return copy;
}

static void copy_callers(struct arena *arena, struct groups *groups)
{
	struct caller *copy =
		arena_alloc(arena, (groups->nr_callers + 1) * sizeof(*copy));

	if (!copy)
		groups->nr_callers = 0;
	else if (groups->nr_callers > 0)
		memcpy(copy, groups->callers, groups->nr_callers * sizeof(*copy));
	groups->callers = copy;
}

void groups_copy(struct snapshot *snapshot, const struct snapshot *from)
{
	struct arena *arena = &snapshot->arena;
	struct groups *copy;

	snapshot->groups = NULL;
	copy = from->groups ? arena_alloc(arena, sizeof(*copy)) : NULL;
	if (!copy)
		return;
	*copy = *from->groups;
	copy->leaks = copy_leaks(arena, from->groups->leaks, &copy->nr_leaks);
	copy->known = copy_leaks(arena, from->groups->known, &copy->nr_known);
	copy_callers(arena, copy);
	for (int by = 0; by < GROUP_BY_COUNT; by++) {
		copy->list[by] =
			arena_alloc(arena, (copy->count[by] + 1) * sizeof(struct group));
		if (!copy->list[by])
			copy->count[by] = 0;
		for (size_t i = 0; i < copy->count[by]; i++) {
			struct group *group = &copy->list[by][i];

			*group = from->groups->list[by][i];
			if (by == GROUP_LABEL) {
				group->label_key = copy_text(arena, group->label_key);
				group->label_text = copy_text(arena, group->label_text);
			}
			if (group->leak)
				group->leak = leak_by_serial(copy, group->leak->serial);
		}
	}
	snapshot->groups = copy;
}
