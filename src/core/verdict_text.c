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
		return "waits for a read lock";
	case STATE_RWLOCK_WRITE:
		return "waits for a write lock";
	case STATE_FLOCK:
		return "waits for a file lock";
	case STATE_CHAN_SEND:
		return "sends without a receiver";
	case STATE_IO_WRITE:
		return "writes to a peer that does not read";
	case STATE_CONNECT:
		return "connects to a peer that does not answer";
	case STATE_DISK:
		return "waits for a disk or a file system";
	case STATE_FSYNC:
		return "waits for a file to be flushed to its device";
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
	char owner[TASK_ID_MAX];

	if (task->waits.owner_tid > 0 && wait_more(task)->owner_pid > 0 &&
	    is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX,
			 "%s held by thread %d of process %d, for %s", words,
			 (int)task->waits.owner_tid, (int)wait_more(task)->owner_pid,
			 age);
	else if ((task->waits.owner_tid > 0 || wait_more(task)->owner_goid > 0 ||
		  wait_more(task)->owner_cid > 0) &&
		 is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX, "%s held by %s, for %s", words,
			 task_format_owner(task, owner), age);
	else if (wait_more(task)->owner_pid > 0 && is_lock(task->state))
		snprintf(out, VERDICT_TEXT_MAX, "%s held by process %d, for %s", words,
			 (int)wait_more(task)->owner_pid, age);
	else
		snprintf(out, VERDICT_TEXT_MAX, "%s, for %s", words, age);
}

/* Not every file that says that a task is stuck or idle also has the evidence. */
static void explain_without(const struct task *task, const char *age, char *out)
{
	bool said = task->flags & (TASK_IDLE | TASK_LONG | TASK_STUCK);

	snprintf(out, VERDICT_TEXT_MAX, "%s%s%s%s", said && *age ? "for " : "",
		 said ? age : "", said && *age ? "; " : "",
		 said ? "the evidence is not in the file" : "");
}

static const char *fixed_words(enum why why)
{
	switch (why) {
	case WHY_STATE:
		return "tasks in this state are at rest";
	case WHY_POOL:
		return "a place where a pool or a main loop waits for work";
	case WHY_LOOP:
		return "waits in its own main loop";
	case WHY_FIRST:
		return "the main task, which waits for its workers";
	case WHY_REQUEST:
		return "waits for the next request on a connection that the peer has "
		       "opened";
	case WHY_TURN:
		return "waits for its turn: the holder of the lock waits for work";
	case WHY_NAMED:
		return "named by --stuck";
	case WHY_DEADLOCK:
		return "in a deadlock: no task that could end the wait can continue";
	case WHY_PROOF:
		return "nothing alive can reach what it waits on";
	case WHY_RUNTIME:
		return "the runtime reports it as leaked";
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

	clock_format_duration(age_ns, age);
	clock_format_duration(evidence->most_ns, most);
	switch (evidence->why) {
	case WHY_NOTHING:
		explain_without(task, age_ns < 0 ? "" : age, out);
		break;
	case WHY_SHARED:
		snprintf(out, VERDICT_TEXT_MAX,
			 "%" PRIu32
			 " tasks wait here for the same object: a pool at rest",
			 evidence->number);
		break;
	case WHY_SIBLINGS:
		snprintf(out, VERDICT_TEXT_MAX,
			 "one of %" PRIu32
			 " threads with this stack; has waited since it started",
			 evidence->number);
		break;
	case WHY_RETURNS:
		snprintf(out, VERDICT_TEXT_MAX,
			 "has returned to this wait %" PRIu32 " times", evidence->number);
		break;
	case WHY_LONG:
		snprintf(out, VERDICT_TEXT_MAX,
			 "has waited %s for an event; unknown whether it is at rest",
			 age);
		break;
	case WHY_HELD:
		explain_held(task, age, out);
		break;
	case WHY_HISTORY:
		snprintf(out, VERDICT_TEXT_MAX,
			 "the %" PRIu32
			 " waits that ended here took at most %s; this one %s",
			 evidence->number, most, age);
		break;
	case WHY_COUNTED:
		snprintf(out, VERDICT_TEXT_MAX,
			 "the agent counted %" PRIu32 " earlier waits of %s on average; "
			 "this one %s",
			 evidence->number, most, age);
		break;
	default:
		snprintf(out, VERDICT_TEXT_MAX, "%s", fixed_words(evidence->why));
	}
	return out;
}
