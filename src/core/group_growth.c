/* SPDX-License-Identifier: MIT */
/* What ran when the sites of this session grew, and which of their leaks are one. */
#include <stdlib.h>
#include <string.h>

#include "core/group_private.h"
#include "core/pool.h"

#define GROWTHS_MAX  64u
#define RELATED_MAX  64u /* leaks that are compared with each other */
#define PARTS_MAX    8u  /* whose functions are left out */
#define RELATE_EVERY 8u  /* samples */

void group_growth_arrive(struct entry *site, int64_t time_ns, uint32_t count,
			 const struct task *task)
{
	struct arrived *arrived = &site->arrived[0];

	if (count == 0 || !site->trend)
		return;
	/* Hardly ever do tasks of more than two samples begin to count at once. */
	if (arrived->size > 0 && arrived->time_ns != time_ns)
		arrived = &site->arrived[1];
	if (arrived->size == 0)
		arrived->time_ns = time_ns;
	arrived->size += count;
	if (site->growth && task)
		growth_note(site->growth, task);
}

void group_growth_leave(const struct grouping *grouping, struct entry *site,
			const struct member *member)
{
	growth_remove(site->growth, presence_at(grouping->presence, member->joined_ns),
		      member->weight);
}

/* Takes the memory of the site that has gained least, if that is less than this one has. */
static struct growth *take_least(struct grouping *grouping, const struct entry *site)
{
	int64_t gained = (int64_t)site->trend->came - (int64_t)site->trend->left;
	struct entry *least = NULL;
	int64_t lost = 0;

	for (uint32_t i = 0; i < grouping->sites.count; i++) {
		struct entry *other = grouping->sites.list[i];
		int64_t net;

		if (!other || !other->growth || other->trend->score > 0)
			continue;
		net = (int64_t)other->trend->came - (int64_t)other->trend->left;
		if (!least || net < lost) {
			least = other;
			lost = net;
		}
	}
	if (!least || lost >= gained)
		return NULL;
	growth_free(least->growth);
	least->growth = NULL;
	return growth_new();
}

static void provide_growth(struct grouping *grouping, struct entry *site, bool *evicted)
{
	if (grouping->nr_growths < GROWTHS_MAX) {
		site->growth = growth_new();
		grouping->nr_growths += site->growth != NULL;
	} else if (!*evicted) {
		site->growth = take_least(grouping, site);
		*evicted = true;
	}
}

static void note_stacks(struct grouping *grouping)
{
	const struct entry_table *stacks = &grouping->tables[GROUP_STACK];
	const struct entry_table *creators = &grouping->tables[GROUP_CREATOR];

	for (uint32_t i = 0; i < stacks->count; i++) {
		struct entry *entry = stacks->list[i];

		if (!entry || entry->count == 0 || !entry->stack)
			continue;
		presence_add(grouping->presence, &entry->seen, entry->stack);
		if (grouping->callers)
			callers_add(grouping->callers, &entry->calls, entry->stack,
				    entry->created_by);
	}
	for (uint32_t i = 0; i < creators->count; i++) {
		struct entry *entry = creators->list[i];

		if (entry && entry->came > 0 && entry->created_by)
			presence_add(grouping->presence, &entry->seen, entry->created_by);
	}
}

void group_growth_update(struct grouping *grouping)
{
	bool evicted = false;

	if (!grouping->presence)
		return;
	presence_begin(grouping->presence, grouping->last_ns);
	if (grouping->callers)
		callers_begin(grouping->callers);
	note_stacks(grouping);
	presence_end(grouping->presence);
	for (uint32_t i = 0; i < grouping->sites.count; i++) {
		struct entry *site = grouping->sites.list[i];

		for (size_t n = 0; site && n < 2 && site->arrived[n].size > 0; n++) {
			if (!site->growth)
				provide_growth(grouping, site, &evicted);
			if (site->growth && grouping->callers && site->count > 0)
				callers_want(grouping->callers, site->created_by);
			if (site->growth)
				growth_add(site->growth, grouping->presence,
					   presence_at(grouping->presence,
						       site->arrived[n].time_ns),
					   site->arrived[n].size);
		}
	}
}

void group_growth_drop(struct grouping *grouping, struct entry *site)
{
	grouping->nr_growths -= site->growth != NULL;
	growth_free(site->growth);
	site->growth = NULL;
}

/* A leak with its site, while they are related to each other. */
struct related {
	struct leak *leak;
	struct entry *site;
	uint32_t root; /* index of the first one of those that grow in step */
};

static uint32_t list_related(struct grouping *grouping, const struct groups *groups,
			     struct related *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < grouping->sites.count && count < RELATED_MAX; i++) {
		struct entry *site = grouping->sites.list[i];

		if (!site || site->leaks == 0 || !site->growth)
			continue;
		list[count] =
			(struct related){&groups->leaks[site->leaks - 1], site, count};
		count++;
	}
	return count;
}

static bool is_made_by_own(const struct leak *leak)
{
	const struct frame *creator = stack_top_frame(leak->created_by);

	return creator && frame_role(creator) == FRAME_OWN;
}

static void relate_pairs(struct grouping *grouping, struct related *list, uint32_t count)
{
	uint32_t settled =
		presence_at(grouping->presence, grouping->last_ns - grouping->survive_ns);

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = i + 1; j < count; j++)
			growth_meet(list[i].site->growth, list[i].site->serial,
				    list[j].site->growth, list[j].site->serial,
				    grouping->presence, settled > 1 ? settled - 1 : 0,
				    !is_made_by_own(list[i].leak) ||
					    !is_made_by_own(list[j].leak));
}

static uint32_t root_of(struct related *list, uint32_t i)
{
	while (list[i].root != i)
		i = list[i].root;
	return i;
}

/* The nearer to the program's own code, the lower. Tasks that wait for what others send
 * or ask come last. */
static int distance(const struct leak *leak, const struct snapshot *snapshot)
{
	const struct frame *top = stack_top_frame(leak->stack);
	int rests = pool_rests(&snapshot->tasks[leak->example], NULL) ? 3 : 0;

	if (top && frame_role(top) == FRAME_OWN)
		return rests;
	return rests + (is_made_by_own(leak) ? 1 : 2);
}

static bool leads(const struct leak *a, const struct leak *b,
		  const struct snapshot *snapshot)
{
	int near = distance(a, snapshot), other = distance(b, snapshot);

	if (a->finding.verdict != b->finding.verdict)
		return a->finding.verdict > b->finding.verdict;
	return near != other ? near < other : a->serial < b->serial;
}

static void join(struct related *list, uint32_t count, const struct snapshot *snapshot)
{
	for (uint32_t root = 0; root < count; root++) {
		struct related *lead = NULL;

		if (list[root].root != root)
			continue;
		for (uint32_t i = root; i < count; i++)
			if (root_of(list, i) == root &&
			    (!lead || leads(list[i].leak, lead->leak, snapshot)))
				lead = &list[i];
		for (uint32_t i = root; i < count; i++) {
			if (root_of(list, i) != root || &list[i] == lead)
				continue;
			list[i].leak->lead = lead->leak->serial;
			lead->leak->nr_parts++;
			growth_met(list[i].site->growth, lead->site->serial,
				   &list[i].leak->relation);
		}
	}
}

void group_growth_relate(struct grouping *grouping, const struct snapshot *snapshot,
			 const struct groups *groups)
{
	struct related list[RELATED_MAX];
	uint32_t count;

	if (!grouping->presence || groups->nr_leaks == 0)
		return;
	count = list_related(grouping, groups, list);
	if (count != grouping->nr_related || grouping->sample % RELATE_EVERY == 0)
		relate_pairs(grouping, list, count);
	grouping->nr_related = count;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = i + 1; j < count; j++) {
			uint32_t one = root_of(list, i), other = root_of(list, j);

			if (one != other &&
			    growth_met(list[i].site->growth, list[j].site->serial, NULL))
				list[one < other ? other : one].root =
					one < other ? one : other;
		}
	join(list, count, snapshot);
}

static void suspect(struct grouping *grouping, struct entry *site,
		    const struct groups *groups, struct leak *leak)
{
	struct growth_own own[1 + PARTS_MAX] = {{leak->stack, leak->created_by}};
	size_t nr = 1;

	for (size_t i = 0; leak->nr_parts > 0 && i < groups->nr_leaks && nr < PARTS_MAX;
	     i++)
		if (groups->leaks[i].lead == leak->serial)
			own[nr++] = (struct growth_own){groups->leaks[i].stack,
							groups->leaks[i].created_by};
	growth_suspects(site->growth, grouping->presence, own, nr, &leak->suspects);
}

void group_growth_suspect(struct grouping *grouping, const struct groups *groups)
{
	for (uint32_t i = 0; grouping->presence && i < grouping->sites.count; i++) {
		struct entry *site = grouping->sites.list[i];
		struct leak *leak =
			site && site->leaks ? &groups->leaks[site->leaks - 1] : NULL;

		if (leak && !leak->lead && site->growth)
			suspect(grouping, site, groups, leak);
	}
}

void group_growth_publish(const struct grouping *grouping, struct snapshot *snapshot,
			  struct groups *groups)
{
	const struct caller *list =
		grouping->callers ? callers_list(grouping->callers, &groups->nr_callers)
				  : NULL;
	struct caller *copy;

	if (!list || groups->nr_callers == 0)
		return;
	copy = arena_alloc(&snapshot->arena, groups->nr_callers * sizeof(*copy));
	if (copy)
		memcpy(copy, list, groups->nr_callers * sizeof(*copy));
	else
		groups->nr_callers = 0;
	groups->callers = copy;
}
