/* SPDX-License-Identifier: MIT */
/* Counts for each function the steps at which it ran, and judges how surprising that is. */
#include "core/growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/growth_private.h"

#define STEPS_LEAST  3
#define SHARE_LEAST  5    /* at least one step in five */
#define CHANCE_MOST  0.01 /* that any function looks like this by chance */
#define AS_GOOD      2.0  /* powers of ten between suspects that are told together */
#define RARELY_LEAST 0.5  /* a function on stacks for more of the time says nothing */
#define JUDGE_EVERY  16u  /* samples, if there was no step */

struct growth *growth_new(void)
{
	return calloc(1, sizeof(struct growth));
}

void growth_free(struct growth *growth)
{
	free(growth);
}

uint32_t growth_steps(const struct growth *growth)
{
	return growth->nr_steps - growth->nr_void;
}

static void count_bits(uint32_t *counts, const uint64_t *bits, int change)
{
	for (uint32_t word = 0; word < PRESENCE_WORDS; word++)
		for (uint64_t left = bits[word]; left; left &= left - 1)
			counts[word * 64 + (uint32_t)__builtin_ctzll(left)] +=
				(uint32_t)change;
}

/* Counts a sample as part of a step. */
static void count_inside(struct growth *growth, const struct presence *presence,
			 uint32_t sample)
{
	const uint64_t *bits = presence_bits(presence, sample);

	if (!bits)
		return;
	growth->inside_samples++;
	count_bits(growth->inside, bits, 1);
}

/* Sets the functions that were present from one sample to the other without a pause. */
static void lasting(const struct presence *presence, uint32_t from, uint32_t to,
		    uint64_t out[PRESENCE_WORDS])
{
	memset(out, 0xff, PRESENCE_WORDS * sizeof(*out));
	for (uint32_t sample = from; sample <= to; sample++) {
		const uint64_t *bits = presence_bits(presence, sample);

		for (uint32_t word = 0; bits && word < PRESENCE_WORDS; word++)
			out[word] &= bits[word];
	}
}

static void begin_step(struct growth *growth, const struct presence *presence,
		       uint32_t sample)
{
	const uint64_t *now = presence_bits(presence, sample);
	const uint64_t *before = presence_bits(presence, sample - 1);
	struct growth_step *step = growth_step_at(growth, growth->nr_steps);
	uint32_t oldest = presence_sample(presence) > PRESENCE_SAMPLES
				  ? presence_sample(presence) - PRESENCE_SAMPLES + 1
				  : 1;
	uint32_t last = growth->nr_steps > 0
				? growth_step_at(growth, growth->nr_steps - 1)->last
				: 0;

	*step = (struct growth_step){.first = sample, .last = sample};
	for (uint32_t word = 0; word < PRESENCE_WORDS; word++)
		step->ran[word] = now[word] | (before ? before[word] : 0);
	if (last > 0) {
		lasting(presence, last > oldest ? last : oldest, sample - 1, step->same);
		for (uint32_t word = 0; word < PRESENCE_WORDS; word++)
			step->same[word] &= step->ran[word];
	}
	count_inside(growth, presence, sample - 1);
	count_inside(growth, presence, sample);
	growth->nr_steps++;
	growth->nr_void++;
}

/* The step counts while its size is not 0. */
static void resize_step(struct growth *growth, struct growth_step *step, uint32_t size)
{
	int change = (size > 0) - (step->size > 0);

	step->size = size;
	if (change == 0)
		return;
	count_bits(growth->hits, step->ran, change);
	count_bits(growth->same_run, step->same, change);
	growth->nr_void -= (uint32_t)change;
}

static void count_added(struct growth *growth, uint32_t sample, uint32_t size)
{
	struct growth_added *added = &growth->added[sample % GROWTH_ADDED];

	if (added->sample < sample)
		*added = (struct growth_added){sample, 0};
	if (added->sample == sample)
		added->size += size;
}

void growth_add(struct growth *growth, const struct presence *presence, uint32_t sample,
		uint32_t size)
{
	struct growth_step *last;

	if (!presence_bits(presence, sample))
		return;
	count_added(growth, sample, size);
	growth->total += size;
	last = growth->nr_steps > 0 ? growth_step_at(growth, growth->nr_steps - 1) : NULL;
	if (!last || sample > last->last + GROWTH_RESTS) {
		begin_step(growth, presence, sample);
		last = growth_step_at(growth, growth->nr_steps - 1);
	}
	for (; last->last < sample; last->last++)
		count_inside(growth, presence, last->last + 1);
	resize_step(growth, last, last->size + size);
}

void growth_remove(struct growth *growth, uint32_t sample, uint32_t size)
{
	struct growth_added *added = &growth->added[sample % GROWTH_ADDED];
	uint32_t kept = growth->nr_steps < GROWTH_STEPS ? growth->nr_steps : GROWTH_STEPS;

	growth->total -= growth->total < size ? growth->total : size;
	if (added->sample == sample)
		added->size -= added->size < size ? added->size : size;
	for (uint32_t i = 1; i <= kept; i++) {
		struct growth_step *step = growth_step_at(growth, growth->nr_steps - i);

		if (sample < step->first || sample > step->last)
			continue;
		resize_step(growth, step, step->size > size ? step->size - size : 0);
		return;
	}
}

/* Returns the logarithm of the probability of at least `hits` in these trials. */
static double log10_chance(uint32_t hits, uint32_t trials, double rate)
{
	double sum = 0, first = 0;

	for (uint32_t i = hits; i <= trials; i++) {
		double term = lgamma(trials + 1.0) - lgamma(i + 1.0) -
			      lgamma(trials - i + 1.0) + i * log(rate) +
			      (trials - i) * log1p(-rate);

		if (i == hits)
			first = term;
		sum += exp(term - first);
		if (i > hits && term < first - 40)
			break;
	}
	return (first + log(sum)) / M_LN10;
}

/* A lower bound of the same that is quick to compute. */
static double log10_chance_least(uint32_t hits, uint32_t trials, double rate)
{
	double share = (double)hits / trials;
	double distance = share * log(share / rate);

	if (hits < trials)
		distance += (1 - share) * log((1 - share) / (1 - rate));
	return -(trials * distance + log(trials + 1.0)) / M_LN10;
}

/* The steps at which the function ran, each run of it counted once, against how often two
 * samples in a row have it at all. Returns 0 if that is no surprise: if the logarithm of
 * its chance is above most. */
static double judge(const struct growth *growth, const struct presence *presence,
		    uint32_t id, double most)
{
	const struct presence_function *function = presence_function(presence, id);
	uint32_t hits = growth->hits[id] - growth->same_run[id];
	uint32_t trials = growth_steps(growth) - growth->same_run[id];
	double rate = ((double)function->samples + function->runs + 1) /
		      ((double)presence_sample(presence) + 2);
	double chance;

	if (hits < STEPS_LEAST || growth->hits[id] * SHARE_LEAST < growth_steps(growth) ||
	    rate >= RARELY_LEAST || hits <= rate * trials ||
	    log10_chance_least(hits, trials, rate) > most)
		return 0;
	chance = log10_chance(hits, trials, rate);
	return chance <= most ? chance : 0;
}

static bool is_on(const struct stack *stack, const char *function)
{
	for (size_t i = 0; stack && i < stack->nr_frames; i++)
		if (stack->frames[i].function == function)
			return true;
	return false;
}

/* A function on a stack with an own function of the group belongs to its tasks before they
 * wait; and what creates them runs whenever they come. */
static bool is_of_group(const struct presence_function *function,
			const struct growth_own *own)
{
	const struct stack *stack = function->stack;

	if (is_on(own->created_by, function->name))
		return true;
	for (size_t i = 0; own->stack && i < stack->nr_frames; i++)
		if (stack->frames[i].function &&
		    is_on(own->stack, stack->frames[i].function) &&
		    frame_role(&stack->frames[i]) == FRAME_OWN)
			return true;
	return false;
}

static bool is_of_any(const struct presence_function *function,
		      const struct growth_own *own, size_t nr_own)
{
	for (size_t i = 0; i < nr_own; i++)
		if (is_of_group(function, &own[i]))
			return true;
	return false;
}

static void find_frames(const struct presence_function *function, struct suspect *suspect)
{
	const struct stack *stack = function->stack;

	suspect->frame = suspect->inner = NULL;
	for (size_t i = stack->nr_frames; i-- > 0;) {
		const struct frame *frame = &stack->frames[i];

		if (!suspect->frame && frame->function == function->name)
			suspect->frame = frame;
		else if (suspect->frame && frame_role(frame) == FRAME_OWN)
			suspect->inner = frame;
	}
}

struct candidate {
	uint32_t id;
	double chance; /* logarithm */
};

/* Returns whether the second one calls the first one, as far as was seen. */
static bool is_called_by(const struct presence *presence, uint32_t inner, uint32_t outer)
{
	const struct presence_function *in = presence_function(presence, inner);
	const struct presence_function *out = presence_function(presence, outer);
	bool found = false;

	for (size_t i = 0; i < in->stack->nr_frames; i++) {
		if (in->stack->frames[i].function == in->name)
			found = true;
		else if (found && in->stack->frames[i].function == out->name)
			return true;
	}
	return false;
}

/* Keeps the best ones, in order. Of functions on one stack that are as good as each other,
 * only the outermost one is kept. */
static void keep(const struct presence *presence, struct candidate *list, uint32_t *count,
		 struct candidate found)
{
	uint32_t at;

	for (uint32_t i = 0; i < *count; i++)
		if (fabs(list[i].chance - found.chance) <= AS_GOOD) {
			if (is_called_by(presence, found.id, list[i].id))
				return;
			if (is_called_by(presence, list[i].id, found.id)) {
				list[i] = found;
				return;
			}
		}
	if (*count == GROWTH_SUSPECTS && list[*count - 1].chance <= found.chance)
		return;
	at = *count == GROWTH_SUSPECTS ? *count - 1 : (*count)++;
	for (; at > 0 && list[at - 1].chance > found.chance; at--)
		list[at] = list[at - 1];
	list[at] = found;
}

static void find_suspects(struct growth *growth, const struct presence *presence,
			  const struct growth_own *own, size_t nr_own)
{
	uint32_t nr = presence_functions(presence), count = 0;
	double most = nr > 0 ? log10(CHANCE_MOST / nr) : 0;
	struct candidate list[GROWTH_SUSPECTS];

	growth->nr_suspects = 0;
	growth->judged_steps = growth_steps(growth);
	growth->judged_sample = presence_sample(presence);
	for (uint32_t id = 0; id < nr; id++) {
		double chance = judge(growth, presence, id, most);

		if (chance == 0 ||
		    is_of_any(presence_function(presence, id), own, nr_own))
			continue;
		keep(presence, list, &count, (struct candidate){id, chance});
	}
	for (uint32_t i = 0; i < count && list[i].chance <= list[0].chance + AS_GOOD; i++)
		growth->suspects[growth->nr_suspects++] = (uint16_t)list[i].id;
}

void growth_suspects(struct growth *growth, const struct presence *presence,
		     const struct growth_own *own, size_t nr_own, struct suspects *out)
{
	memset(out, 0, sizeof(*out));
	out->functions = presence_functions(presence);
	out->steps = growth_steps(growth);
	out->otherwise = presence_sample(presence) - growth->inside_samples;
	if (growth->judged_steps != growth_steps(growth) ||
	    presence_sample(presence) - growth->judged_sample >= JUDGE_EVERY)
		find_suspects(growth, presence, own, nr_own);
	for (uint32_t i = 0; i < growth->nr_suspects; i++) {
		struct suspect *suspect = &out->list[out->count++];
		uint32_t id = growth->suspects[i];

		find_frames(presence_function(presence, id), suspect);
		suspect->steps = growth->hits[id];
		suspect->otherwise =
			presence_function(presence, id)->samples - growth->inside[id];
	}
}
