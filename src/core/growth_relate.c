/* SPDX-License-Identifier: MIT */
/*
 * Whether two groups grow in step. Steps coincide if they begin at nearly the same sample.
 * If tasks arrive all the time there are no steps, and the arrivals in short parts of the
 * time are compared: those of two leaks vary by chance, each for itself. A constant pace
 * that is the same to within a task is only taken for one leak if the program's own code
 * creates the tasks of one of the groups at most.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/growth_private.h"
#include "core/object.h"

#define MATCHES_LEAST  4u
#define MATCHES_SHARE  0.8  /* of the steps of each, and of those whose sizes agree */
#define TOGETHER_SHARE 0.6  /* of the tasks of each: those that come in steps of both */
#define APART_MOST     2u   /* samples between the beginnings of steps that coincide */
#define SIZE_AGREES    0.25 /* fraction of a size; or one task */
#define CHANCE_MOST    1e-4 /* that steps coincide by chance */
#define PART_SAMPLES   4u
#define PARTS_LEAST    8u
#define REST_MOST      0.25 /* fraction of the variance that the other does not explain */
#define VARY_LEAST     0.1 /* variance, as a fraction of the mean: a constant pace has less */
#define PACE_SAMPLES   60u
#define PACE_TASKS     24
#define PACE_APART     2.0   /* tasks by which equal paces may differ at any time */
#define PACE_SHARE     0.005 /* the same since the groups are followed */
#define SHARED_LEAST   3u    /* different creators or objects */
#define CREATORS_SHARE 0.5   /* of the creators of both */
#define OBJECTS_SHARE  0.08  /* of their objects: each waits for several */

static void sketch_put(struct growth_sketch *sketch, uint64_t value)
{
	uint64_t hash = hash_mix(value, 0x9e3779b97f4a7c15ull);
	uint32_t at = sketch->count;

	while (at > 0 && sketch->list[at - 1] > hash)
		at--;
	if ((at > 0 && sketch->list[at - 1] == hash) || at == GROWTH_SKETCH)
		return;
	if (sketch->count < GROWTH_SKETCH)
		sketch->count++;
	memmove(&sketch->list[at + 1], &sketch->list[at],
		(sketch->count - at - 1) * sizeof(sketch->list[0]));
	sketch->list[at] = hash;
}

/* Estimates which fraction of both sets they have in common. */
static bool sketches_agree(const struct growth_sketch *a, const struct growth_sketch *b,
			   double share)
{
	uint32_t i = 0, j = 0, all = 0, common = 0;

	while (all < GROWTH_SKETCH && i < a->count && j < b->count) {
		all++;
		if (a->list[i] == b->list[j]) {
			common++;
			i++;
			j++;
		} else if (a->list[i] < b->list[j]) {
			i++;
		} else {
			j++;
		}
	}
	all += a->count - i + b->count - j;
	if (all > GROWTH_SKETCH)
		all = GROWTH_SKETCH;
	return common >= SHARED_LEAST && common >= share * all;
}

void growth_note(struct growth *growth, const struct task *task)
{
	uint64_t objects[OBJECTS_MAX];
	size_t count = objects_of(task, objects);

	/* Ids are those of a process if the target is several. */
	uint64_t kind = (uint64_t)task->kind + ((uint64_t)task->pid << 8);

	if (task->creator_id)
		sketch_put(&growth->creators, hash_mix(task->creator_id, kind));
	sketch_put(&growth->ids, hash_mix(task->id, kind));
	for (size_t i = 0; i < count; i++)
		sketch_put(&growth->objects, objects[i]);
}

static bool creators_agree(const struct growth *a, const struct growth *b)
{
	return sketches_agree(&a->creators, &b->creators, CREATORS_SHARE) ||
	       sketches_agree(&a->creators, &b->ids, CREATORS_SHARE) ||
	       sketches_agree(&a->ids, &b->creators, CREATORS_SHARE);
}

struct match {
	uint32_t a, b;  /* steps in the time that both remember */
	uint32_t count; /* that coincide */
	uint32_t from, to;
	double sizes[GROWTH_STEPS][2];
	double alone[2], together[2]; /* sums of sizes */
};

/* Returns the number of the first step from this one on that counts. */
static uint32_t next_step(const struct growth *growth, uint32_t number)
{
	if (growth->nr_steps > GROWTH_STEPS && number < growth->nr_steps - GROWTH_STEPS)
		number = growth->nr_steps - GROWTH_STEPS;
	while (number < growth->nr_steps && growth_step(growth, number)->size == 0)
		number++;
	return number;
}

/* Counts a step that only one of them has, if both remember the time. */
static void take_alone(struct match *m, int which, const struct growth_step *step)
{
	m->to = step->first;
	if (step->first + APART_MOST < m->from)
		return;
	*(which ? &m->b : &m->a) += 1;
	m->alone[which] += step->size;
}

/* Pairs the steps of both, in order. */
static void match_steps(const struct growth *a, const struct growth *b, struct match *m)
{
	uint32_t i = next_step(a, 0), j = next_step(b, 0);

	memset(m, 0, sizeof(*m));
	if (i == a->nr_steps || j == b->nr_steps)
		return;
	m->from = growth_step(a, i)->first;
	if (growth_step(b, j)->first > m->from)
		m->from = growth_step(b, j)->first;
	while (i < a->nr_steps && j < b->nr_steps) {
		const struct growth_step *one = growth_step(a, i);
		const struct growth_step *other = growth_step(b, j);

		if (one->first > other->first + APART_MOST) {
			take_alone(m, 1, other);
			j = next_step(b, j + 1);
		} else if (other->first > one->first + APART_MOST) {
			take_alone(m, 0, one);
			i = next_step(a, i + 1);
		} else {
			m->sizes[m->count][0] = one->size;
			m->sizes[m->count++][1] = other->size;
			m->together[0] += one->size;
			m->together[1] += other->size;
			m->a++;
			m->b++;
			m->to = one->first;
			i = next_step(a, i + 1);
			j = next_step(b, j + 1);
		}
	}
	for (; i < a->nr_steps; i = next_step(a, i + 1))
		take_alone(m, 0, growth_step(a, i));
	for (; j < b->nr_steps; j = next_step(b, j + 1))
		take_alone(m, 1, growth_step(b, j));
}

static int compare_ratio(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool sizes_agree(const struct match *m)
{
	double ratios[GROWTH_STEPS], ratio;
	uint32_t agree = 0;

	if (m->count == 0)
		return false;
	for (uint32_t i = 0; i < m->count; i++)
		ratios[i] = m->sizes[i][0] / m->sizes[i][1];
	qsort(ratios, m->count, sizeof(ratios[0]), compare_ratio);
	ratio = ratios[m->count / 2];
	for (uint32_t i = 0; i < m->count; i++) {
		double one = m->sizes[i][0], other = ratio * m->sizes[i][1];

		agree += fabs(one - other) <=
			 fmax(fmax(1, ratio), SIZE_AGREES * fmax(one, other));
	}
	return agree >= MATCHES_SHARE * m->count;
}

/* One may have smaller steps besides, as when something is used again instead of being
 * made: then most of its tasks must come in those of the other, and all in proportion. */
static bool is_proportional(const struct match *m)
{
	double one = m->together[0] + m->alone[0], other = m->together[1] + m->alone[1];
	double ratio = m->together[0] / m->together[1];

	return m->together[0] >= TOGETHER_SHARE * one &&
	       m->together[1] >= TOGETHER_SHARE * other &&
	       fabs(one - ratio * other) <= fmax(fmax(1, ratio), SIZE_AGREES * one);
}

static bool steps_coincide(const struct match *m)
{
	double span = (double)m->to - m->from + 1;
	uint32_t least = m->a < m->b ? m->a : m->b, most = m->a > m->b ? m->a : m->b;
	double chance = fmin(1, most * (2.0 * APART_MOST + 1) / span);

	return m->count >= MATCHES_LEAST && m->count >= MATCHES_SHARE * least &&
	       is_proportional(m) && sizes_agree(m) &&
	       m->count * log10(chance) <= log10(CHANCE_MOST);
}

static uint32_t added_at(const struct growth *growth, uint32_t sample)
{
	const struct growth_added *added = &growth->added[sample % GROWTH_ADDED];

	return added->sample == sample ? added->size : 0;
}

#define PARTS_MAX (GROWTH_ADDED / PART_SAMPLES)

/* The arrivals of both in parts of the time. */
struct parts {
	uint32_t count;
	double came[PARTS_MAX][2], mean[2];
	double spans[PARTS_MAX], span; /* in nanoseconds */
};

static void take_parts(const struct growth *a, const struct growth *b,
		       const struct presence *presence, uint32_t settled,
		       struct parts *parts)
{
	uint32_t from = settled > GROWTH_ADDED - PART_SAMPLES
				? settled - GROWTH_ADDED + PART_SAMPLES + 1
				: 2;

	memset(parts, 0, sizeof(*parts));
	for (; from + PART_SAMPLES <= settled + 1; from += PART_SAMPLES) {
		double *came = parts->came[parts->count];

		for (uint32_t i = from; i < from + PART_SAMPLES; i++) {
			came[0] += added_at(a, i);
			came[1] += added_at(b, i);
		}
		parts->mean[0] += came[0];
		parts->mean[1] += came[1];
		parts->spans[parts->count] =
			(double)(presence_time(presence, from + PART_SAMPLES - 1) -
				 presence_time(presence, from - 1));
		parts->span += parts->spans[parts->count++];
	}
	parts->mean[0] /= parts->count ? parts->count : 1;
	parts->mean[1] /= parts->count ? parts->count : 1;
}

/* Parts that are longer have more arrivals, which is no sign; nor is it if their length
 * does not matter. Returns the lesser of the variances that are left. */
static double variance(const struct parts *parts, int which)
{
	double even = 0, timed = 0;

	for (uint32_t i = 0; i < parts->count; i++) {
		double came = parts->came[i][which], mean = parts->mean[which];
		double of_span = mean * parts->count * parts->spans[i] / parts->span;

		even += (came - mean) * (came - mean);
		timed += (came - of_span) * (came - of_span);
	}
	return fmin(even, timed) / parts->count;
}

static bool arrivals_vary_together(const struct growth *a, const struct growth *b,
				   const struct presence *presence, uint32_t settled)
{
	struct parts parts;
	double ratio, one, other, rest = 0;

	take_parts(a, b, presence, settled, &parts);
	if (parts.count < PARTS_LEAST || parts.mean[0] < 1 || parts.mean[1] < 1)
		return false;
	ratio = parts.mean[0] / parts.mean[1];
	one = variance(&parts, 0);
	other = variance(&parts, 1);
	for (uint32_t i = 0; i < parts.count; i++) {
		double difference = parts.came[i][0] - ratio * parts.came[i][1];

		rest += difference * difference / parts.count;
	}
	return one >= VARY_LEAST * parts.mean[0] && other >= VARY_LEAST * parts.mean[1] &&
	       rest <= REST_MOST * fmin(one, ratio * ratio * other);
}

/* The numbers of tasks that came differ by a small factor, the same at any time. */
static bool paces_agree(const struct growth *a, const struct growth *b, uint32_t settled)
{
	uint32_t from = settled >= GROWTH_ADDED ? settled - GROWTH_ADDED + 1 : 2;
	double one[GROWTH_ADDED], other[GROWTH_ADDED], ratio, most;
	uint32_t count = 0, risen = 0;

	for (uint32_t i = from; i <= settled; i++, count++) {
		uint32_t came = added_at(a, i), beside = added_at(b, i);

		risen += came > 0 && beside > 0;
		one[count] = came + (count > 0 ? one[count - 1] : 0);
		other[count] = beside + (count > 0 ? other[count - 1] : 0);
	}
	if (count < PACE_SAMPLES || risen * 2 < count || one[count - 1] < PACE_TASKS ||
	    other[count - 1] < PACE_TASKS)
		return false;
	ratio = one[count - 1] > other[count - 1]
			? round(one[count - 1] / other[count - 1])
			: 1 / round(other[count - 1] / one[count - 1]);
	most = PACE_APART * fmax(1, ratio);
	for (uint32_t i = 0; i < count; i++)
		if (fabs(one[i] - ratio * other[i]) > most)
			return false;
	return fabs((double)a->total - ratio * (double)b->total) <=
	       fmax(2 * most, PACE_SHARE * (double)a->total);
}

bool growth_relate(const struct growth *a, const struct growth *b,
		   const struct presence *presence, uint32_t settled, bool alike,
		   struct growth_relation *out)
{
	struct match match;

	memset(out, 0, sizeof(*out));
	out->creators = creators_agree(a, b);
	out->objects = sketches_agree(&a->objects, &b->objects, OBJECTS_SHARE);
	if (growth_steps(a) == 0 || growth_steps(b) == 0)
		return false;
	match_steps(a, b, &match);
	if (steps_coincide(&match))
		out->steps = match.count;
	out->together = out->creators || out->objects || out->steps > 0 ||
			arrivals_vary_together(a, b, presence, settled);
	out->pace = !out->together && alike && paces_agree(a, b, settled);
	out->together |= out->pace;
	return out->together;
}

/* Returns whether their steps are known well enough, and do not coincide. */
static bool growth_apart(const struct growth *a, const struct growth *b)
{
	struct match match;
	uint32_t most;

	if (growth_steps(a) == 0 || growth_steps(b) == 0)
		return false;
	match_steps(a, b, &match);
	most = match.a > match.b ? match.a : match.b;
	return most >= 2 * MATCHES_LEAST && match.count * 2 < most;
}

static struct growth_mate *find_mate(struct growth *growth, uint64_t serial)
{
	for (uint32_t i = 0; i < GROWTH_MATES; i++)
		if (growth->mates[i].serial == serial)
			return &growth->mates[i];
	return NULL;
}

static void set_mate(struct growth *growth, uint64_t serial,
		     const struct growth_relation *relation)
{
	struct growth_mate *mate = find_mate(growth, serial);

	if (!mate && relation->together)
		mate = find_mate(growth, 0);
	if (mate)
		*mate = (struct growth_mate){relation->together ? serial : 0, *relation};
}

void growth_meet(struct growth *a, uint64_t serial_a, struct growth *b, uint64_t serial_b,
		 const struct presence *presence, uint32_t settled, bool alike)
{
	struct growth_mate *before = find_mate(a, serial_b);
	struct growth_relation relation;

	if (!growth_relate(a, b, presence, settled, alike, &relation) && before &&
	    !before->relation.pace && !growth_apart(a, b))
		return;
	set_mate(a, serial_b, &relation);
	set_mate(b, serial_a, &relation);
}

bool growth_met(const struct growth *growth, uint64_t serial, struct growth_relation *out)
{
	for (uint32_t i = 0; i < GROWTH_MATES; i++) {
		if (growth->mates[i].serial != serial)
			continue;
		if (out)
			*out = growth->mates[i].relation;
		return true;
	}
	return false;
}
