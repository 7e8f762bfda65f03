/* SPDX-License-Identifier: MIT */
/* Tasks are first sorted by stack and creator: there are few different ones. */
#include "core/wayback.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/object.h"

#define PLACES       4096u /* of tasks outside the group, that differ */
#define PLACES_MAX   (PLACES / 2)
#define OBJECTS      16384u /* of members */
#define OBJECTS_HELD (OBJECTS / 2)
#define PARENTS_MAX  16u

struct place {
	const struct stack *stack, *created_by; /* stack is NULL if it is free */
	uint64_t creator; /* of one of them: the id of the task that created it, or 0 */
	pid_t pid;        /* of the same one */
	uint32_t tasks;
};

struct search {
	const struct snapshot *snapshot;
	struct wayback_of of;
	struct place places[PLACES]; /* open addressing */
	uint32_t nr_places, parents;
	uint64_t objects[OBJECTS]; /* open addressing; 0 if free */
	uint32_t nr_objects;
};

static bool is_member(const struct wayback_of *of, const struct task *task)
{
	return of->group ? group_has(of->group, task) : leak_has(of->leak, task);
}

static const struct stack *creator_of(const struct wayback_of *of)
{
	return of->group ? of->group->created_by : of->leak->created_by;
}

static void put_place(struct search *search, const struct task *task)
{
	size_t at =
		hash_mix((uintptr_t)task->stack, (uintptr_t)task->created_by) % PLACES;

	while (search->places[at].stack &&
	       (search->places[at].stack != task->stack ||
		search->places[at].created_by != task->created_by))
		at = (at + 1) % PLACES;
	if (!search->places[at].stack) {
		if (search->nr_places == PLACES_MAX)
			return;
		search->nr_places++;
		search->places[at] = (struct place){task->stack, task->created_by,
						    task->creator_id, task->pid, 0};
	}
	search->places[at].tasks += task_weight(task);
}

static size_t object_slot(const struct search *search, uint64_t object)
{
	size_t at = hash_mix(object, 11) % OBJECTS;

	while (search->objects[at] && search->objects[at] != object)
		at = (at + 1) % OBJECTS;
	return at;
}

static void put_objects(struct search *search, const struct task *task)
{
	uint64_t objects[OBJECTS_MAX];
	size_t count = objects_of(task, objects);

	for (size_t i = 0; i < count && search->nr_objects < OBJECTS_HELD; i++) {
		size_t at = object_slot(search, objects[i]);

		search->nr_objects += search->objects[at] == 0;
		search->objects[at] = objects[i];
	}
}

/* Adds to the place with this frame. The last place of a full list counts what is left
 * over, in `more`. */
static void add_place(struct way_place *list, uint32_t *count, uint32_t most,
		      const struct frame *frame, uint32_t tasks, uint32_t *more)
{
	for (uint32_t i = 0; i < *count; i++)
		if (list[i].frame == frame ||
		    (list[i].frame->function == frame->function &&
		     list[i].frame->file == frame->file &&
		     list[i].frame->line == frame->line)) {
			list[i].tasks += tasks;
			return;
		}
	if (*count < most)
		list[(*count)++] = (struct way_place){frame, tasks};
	else if (more)
		*more += tasks;
}

static void add_chain(struct wayback *out, const struct task *task)
{
	const struct ancestry *ancestry = task_more(task)->ancestry;

	for (size_t i = 0; ancestry && i < ancestry->nr; i++) {
		const struct frame *frame = stack_top_frame(ancestry->stacks[i]);

		if (!frame || !frame->function || frame_role(frame) != FRAME_OWN)
			continue;
		add_place(out->chains, &out->nr_chains, WAYBACK_CHAINS, frame,
			  task_weight(task), &out->more_chains);
		return;
	}
}

static void take_tasks(struct search *search, struct wayback *out)
{
	const struct snapshot *s = search->snapshot;

	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];

		if (!is_member(&search->of, task)) {
			if (task->stack)
				put_place(search, task);
			continue;
		}
		put_objects(search, task);
		add_chain(out, task);
	}
}

static void find_shared(const struct search *search, struct wayback *out)
{
	const struct snapshot *s = search->snapshot;

	for (size_t i = 0; search->nr_objects > 0 && i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];
		const struct frame *frame = stack_top_frame(task->stack);
		uint64_t objects[OBJECTS_MAX];
		size_t count = frame && frame->function ? objects_of(task, objects) : 0;
		bool shares = false;

		for (size_t n = 0; n < count && !shares; n++)
			shares = search->objects[object_slot(search, objects[n])] != 0;
		if (shares && !is_member(&search->of, task))
			add_place(out->shared, &out->nr_shared, WAYBACK_SHARED, frame,
				  task_weight(task), NULL);
	}
}

/* A call that was found, or the creation of a task in which the maker runs. */
struct found {
	struct way_call call;
	bool creates, of_type;
};

#define FOUND_MAX 64u

struct finds {
	struct found list[FOUND_MAX];
	uint32_t count;
};

static void add_find(struct finds *finds, const struct found *found)
{
	for (uint32_t i = 0; i < finds->count; i++) {
		struct found *have = &finds->list[i];

		if (have->creates != found->creates || have->of_type != found->of_type ||
		    have->call.frame->function != found->call.frame->function ||
		    have->call.frame->line != found->call.frame->line)
			continue;
		have->call.tasks += found->call.tasks;
		if (found->call.samples > have->call.samples)
			have->call.samples = found->call.samples;
		return;
	}
	if (finds->count < FOUND_MAX)
		finds->list[finds->count++] = *found;
}

/* Returns the innermost frame with this function, or with a method of this type; the
 * number of frames if there is none. */
static size_t find_function(const struct stack *stack, const char *function,
			    const char *type)
{
	char other[CALLERS_TYPE_MAX];

	for (size_t i = 0; i < stack->nr_frames; i++)
		if (stack->frames[i].function == function)
			return i;
	for (size_t i = 0; type[0] && i < stack->nr_frames; i++)
		if (strcmp(callers_type(stack->frames[i].function, other), type) == 0)
			return i;
	return stack->nr_frames;
}

/* If the task that created one of these is still in the function that did, or in a method
 * of its type, returns the frame that called it. */
static const struct frame *parent_frame(struct search *search, const struct place *place,
					const struct frame *creator)
{
	const struct snapshot *s = search->snapshot;
	char type[CALLERS_TYPE_MAX];

	if (place->creator == 0 || search->parents == PARENTS_MAX || !creator ||
	    !creator->function || frame_role(creator) == FRAME_OWN)
		return NULL;
	search->parents++;
	callers_type(creator->function, type);
	for (size_t i = 0; i < s->nr_tasks; i++) {
		const struct task *task = &s->tasks[i];

		if (task->id == place->creator && task->pid == place->pid &&
		    task->kind == TASK_GOROUTINE && task->stack)
			return callers_own(
				task->stack,
				find_function(task->stack, creator->function, type));
	}
	return NULL;
}

static void find_on(struct search *search, const struct place *place,
		    const struct frame *maker, const char *type, struct finds *finds)
{
	const struct stack *stack = place->stack;
	struct found found = {.call = {.tasks = place->tasks}};
	const struct frame *creator = stack_top_frame(place->created_by);
	size_t at = find_function(stack, maker->function, type);

	if (at == stack->nr_frames)
		return;
	found.of_type = stack->frames[at].function != maker->function;
	found.call.frame = callers_own(stack, at);
	if (!found.call.frame)
		found.call.frame = parent_frame(search, place, creator);
	if (!found.call.frame && creator && creator->function &&
	    creator->function != maker->function) {
		found.call.frame = creator;
		found.creates = true;
	}
	if (found.call.frame)
		add_find(finds, &found);
}

static void find_calls(struct search *search, const struct frame *maker,
		       struct finds *finds)
{
	const struct groups *groups = search->snapshot->groups;
	char type[CALLERS_TYPE_MAX];

	callers_type(maker->function, type);
	finds->count = 0;
	for (size_t i = 0; i < PLACES; i++)
		if (search->places[i].stack)
			find_on(search, &search->places[i], maker, type, finds);
	for (size_t i = 0; groups && i < groups->nr_callers; i++) {
		const struct caller *caller = &groups->callers[i];
		struct found found = {{caller->frame, 0, caller->samples},
				      caller->creates,
				      caller->of_type};

		if (caller->maker == maker->function)
			add_find(finds, &found);
	}
}

static bool is_more(const struct way_call *a, const struct way_call *b)
{
	return a->tasks != b->tasks ? a->tasks > b->tasks : a->samples > b->samples;
}

static void keep_call(struct way_step *step, const struct way_call *call)
{
	uint32_t at = step->nr_calls;

	while (at > 0 && is_more(call, &step->calls[at - 1]))
		at--;
	step->more_calls += step->nr_calls == WAYBACK_CALLS;
	if (at == WAYBACK_CALLS)
		return;
	if (step->nr_calls < WAYBACK_CALLS)
		step->nr_calls++;
	memmove(&step->calls[at + 1], &step->calls[at],
		(step->nr_calls - at - 1) * sizeof(step->calls[0]));
	step->calls[at] = *call;
}

/* Takes the calls of one kind. Returns the most frequent one, or NULL. */
static const struct way_call *take_calls(const struct finds *finds, bool creates,
					 bool of_type, struct way_step *step)
{
	const struct way_call *most = NULL;

	for (uint32_t i = 0; i < finds->count; i++) {
		const struct found *found = &finds->list[i];

		if (found->creates != creates || found->of_type != of_type)
			continue;
		if (step)
			keep_call(step, &found->call);
		if (!most || is_more(&found->call, most))
			most = &found->call;
	}
	return most;
}

static bool was_step(const struct wayback *out, const struct frame *maker)
{
	for (uint32_t i = 0; i < out->nr_steps; i++)
		if (out->steps[i].maker->function == maker->function)
			return true;
	return false;
}

/* Calls of the maker itself come first, then what created the tasks in which it runs, then
 * calls of methods of its type. */
static void find_steps(struct search *search, const struct frame *maker,
		       struct wayback *out)
{
	struct finds finds;

	while (maker && maker->function && out->nr_steps < WAYBACK_STEPS &&
	       !was_step(out, maker)) {
		struct way_step *step = &out->steps[out->nr_steps++];
		const struct way_call *creates;

		step->maker = maker;
		find_calls(search, maker, &finds);
		if (take_calls(&finds, false, false, step))
			return;
		creates = take_calls(&finds, true, false, NULL);
		if (creates && !was_step(out, creates->frame)) {
			step->created = *creates;
			maker = creates->frame;
			continue;
		}
		step->of_type = take_calls(&finds, false, true, step) != NULL;
		if (step->of_type || frame_role(maker) == FRAME_OWN)
			return;
		creates = take_calls(&finds, true, true, NULL);
		if (!creates)
			return;
		step->of_type = true;
		step->created = *creates;
		maker = creates->frame;
	}
}

void wayback_find(const struct snapshot *snapshot, struct wayback_of of,
		  struct wayback *out)
{
	struct search *search = calloc(1, sizeof(*search));
	const struct frame *maker = stack_top_frame(creator_of(&of));

	memset(out, 0, sizeof(*out));
	if (!search)
		return;
	search->snapshot = snapshot;
	search->of = of;
	take_tasks(search, out);
	find_shared(search, out);
	find_steps(search, maker, out);
	out->followed = of.leak ? of.leak->finding.came > 0
				: of.group->leak && of.group->leak->finding.came > 0;
	free(search);
}
