/* SPDX-License-Identifier: MIT */
/* The evidence in words. Only formatted on request. */
#include "core/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *const why_names[WHY_COUNT] = {
	[WHY_NOTHING] = "",        [WHY_STATE] = "state",     [WHY_POOL] = "pool",
	[WHY_SHARED] = "shared",   [WHY_LOOP] = "loop",       [WHY_SIBLINGS] = "siblings",
	[WHY_RETURNS] = "returns", [WHY_FIRST] = "first",     [WHY_REQUEST] = "request",
	[WHY_TURN] = "turn",       [WHY_LONG] = "long",       [WHY_HELD] = "held",
	[WHY_HISTORY] = "history", [WHY_NAMED] = "named",     [WHY_DEADLOCK] = "deadlock",
	[WHY_PROOF] = "proof",     [WHY_RUNTIME] = "runtime", [WHY_COUNTED] = "counted",
};

const char *verdict_why_name(enum why why)
{
	return (unsigned int)why < WHY_COUNT ? why_names[why] : "";
}

enum why verdict_why_by_name(const char *name)
{
	for (int i = 1; i < WHY_COUNT; i++)
		if (strcmp(why_names[i], name) == 0)
			return (enum why)i;
	return WHY_NOTHING;
}

/* Returns for example "waits for a mutex"; used if the holder is unknown. */
static const char *held_words(enum task_state state)
{
	switch (state) {
	case STATE_RWLOCK_READ:
		return "waits to read-lock a lock";
	case STATE_RWLOCK_WRITE:
		return "waits to write-lock a lock";
	case STATE_FLOCK:
		return "waits for a file lock";
	case STATE_CHAN_SEND:
		return "sends what nobody receives";
	case STATE_IO_WRITE:
		return "writes what nobody reads";
	case STATE_CONNECT:
		return "connects to what does not answer";
	case STATE_DISK:
		return "waits for a disk or a file system";
	case STATE_FSYNC:
		return "waits until a file is on its device";
	case STATE_DNS:
		return "waits for a name server";
	default:
		return "waits for a mutex";
	}
}

static bool is_lock(enum task_state state)
{
	return state == STATE_MUTEX || state == STATE_RWLOCK_READ ||
	       state == STATE_RWLOCK_WRITE || state == STATE_FLOCK;
}

static void explain_held(const struct task *task, const char *age, char *out)
{
	const char *words = held_words(task->state);

	if (task->waits.owner_tid > 0 && task->waits.owner_pid > 0 &&
	    is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX,
			 "%s that thread %d of process %d holds, for %s", words,
			 (int)task->waits.owner_tid, (int)task->waits.owner_pid, age);
	else if (task->waits.owner_tid > 0 && is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX, "%s that t%d holds, for %s", words,
			 (int)task->waits.owner_tid, age);
	else if (task->waits.owner_pid > 0 && is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX, "%s that process %d holds, for %s", words,
			 (int)task->waits.owner_pid, age);
	else
		snprintf(out, VERDICT_TEXT_MAX, "%s, for %s", words, age);
}

static const char *fixed_words(enum why why)
{
	switch (why) {
	case WHY_STATE:
		return "its state is one of rest";
	case WHY_POOL:
		return "a place where a pool or a main loop rests";
	case WHY_LOOP:
		return "waits in its own main loop";
	case WHY_FIRST:
		return "the first one, which waits for those that do the work";
	case WHY_REQUEST:
		return "waits for the next request of a connection that the peer has "
		       "made";
	case WHY_TURN:
		return "waits for its turn: who has it waits for work";
	case WHY_NAMED:
		return "named by --stuck";
	case WHY_DEADLOCK:
		return "in a deadlock: nobody who could end the wait ever will";
	case WHY_PROOF:
		return "nothing alive can reach what it waits on";
	case WHY_RUNTIME:
		return "the runtime itself has found that it is leaked";
	default:
		return "";
	}
}

const char *verdict_explain(const struct task *task, int64_t now_ns,
			    char out[VERDICT_TEXT_MAX])
{
	const struct evidence *evidence = &task->evidence;
	int64_t age_ns = task_age_ns(task, now_ns);
	char age[CLOCK_DURATION_MAX], most[CLOCK_DURATION_MAX];

	clock_format_duration(age_ns < 0 ? 0 : age_ns, age);
	clock_format_duration(evidence->most_ns, most);
	switch (evidence->why) {
	case WHY_SHARED:
		snprintf(out, VERDICT_TEXT_MAX,
			 "%" PRIu32 " wait at this place for the same object: a pool at "
			 "rest",
			 evidence->number);
		break;
	case WHY_SIBLINGS:
		snprintf(out, VERDICT_TEXT_MAX,
			 "%" PRIu32
			 " threads with this stack; it has waited since it began",
			 evidence->number);
		break;
	case WHY_RETURNS:
		snprintf(out, VERDICT_TEXT_MAX,
			 "has come back to this wait %" PRIu32 " times",
			 evidence->number);
		break;
	case WHY_LONG:
		snprintf(out, VERDICT_TEXT_MAX,
			 "waits for an event, for %s; nothing says whether it is at rest",
			 age);
		break;
	case WHY_HELD:
		explain_held(task, age, out);
		break;
	case WHY_HISTORY:
		snprintf(out, VERDICT_TEXT_MAX,
			 "at most %s here in %" PRIu32 " waits that ended; now %s", most,
			 evidence->number, age);
		break;
	case WHY_COUNTED:
		snprintf(out, VERDICT_TEXT_MAX,
			 "%s on average in the %" PRIu32 " waits before, counted by the "
			 "agent; now %s",
			 most, evidence->number, age);
		break;
	default:
		snprintf(out, VERDICT_TEXT_MAX, "%s", fixed_words(evidence->why));
	}
	return out;
}
