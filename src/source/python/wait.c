/* SPDX-License-Identifier: MIT */
/* The outermost function of the standard library that the program has called says what the
 * thread waits for, if the innermost one waits as that function does. */
#include "source/python/wait.h"

#include <stdio.h>

#include "base/hash.h"
#include "source/python/gil.h"
#include "source/python/wait_rules.h"

#define FRAMES_MOST 32u

/* The opcode with which a with statement enters its context, by release from 3.8 on; 0 if
 * it has none of its own. */
static const uint8_t opcode_with[] = {143, 143, 143, 53, 53, 2, 0, 0};

/* Whether the kernel's answer fits that of a rule. */
static bool call_fits(enum task_state kernel, enum task_state state)
{
	switch (state) {
	case STATE_IO_READ:
		return kernel == STATE_IO_READ || kernel == STATE_POLL;
	case STATE_IO_WRITE:
		return kernel == STATE_IO_WRITE || kernel == STATE_POLL;
	case STATE_WAIT_CHILD:
		return kernel == STATE_WAIT_CHILD || kernel == STATE_SLEEP;
	case STATE_DNS:
		return kernel == STATE_POLL || kernel == STATE_IO_READ ||
		       kernel == STATE_CONNECT;
	case STATE_CHAN_RECV:
		return kernel == STATE_IO_READ || kernel == STATE_POLL;
	default:
		return false;
	}
}

/* The outermost rule among the functions between the wait and the program's own code. */
static bool apply_rules(struct python *python, const struct python_frame *frames,
			uint32_t nr, const struct python_blocked *blocked,
			enum python_how how, struct python_wait *out)
{
	const struct python_frame *frame = NULL;
	const struct python_rule *found = NULL;

	for (uint32_t i = 0; i < nr && i < FRAMES_MOST && frames[i].code->library; i++) {
		const struct python_rule *rule =
			python_rule_find(python, &frames[i], how);

		if (rule && how == PYTHON_BY_LOCK && i > 0 && rule->how != PYTHON_BY_ANY)
			continue;
		if (rule && (how == PYTHON_BY_CONDITION || how == PYTHON_BY_LOCK ||
			     call_fits(blocked->state, rule->state))) {
			found = rule;
			frame = &frames[i];
		}
	}
	if (!found)
		return false;
	out->state = found->state;
	/* The kernel knows the descriptor, and the child if it is the one that waits. */
	if (how != PYTHON_BY_CALL ||
	    (found->object == PYTHON_OBJECT_CHILD && blocked->state != STATE_WAIT_CHILD))
		python_wait_describe(python, frame, found->object, out);
	return true;
}

/* A condition has a lock of its own for each waiter. It also takes the lock that it was
 * made for again, and that is no wait for the condition. */
static bool waits_for_condition(struct python *python, const struct python_frame *frame,
				uint64_t key)
{
	struct python_lock lock;

	return python_is_call(python, frame, "threading.py", "Condition.wait") &&
	       python_lock_read(python, python_frame_variable(python, frame, "waiter"),
				&lock) &&
	       lock.key == key;
}

static bool enters_with(struct python *python, const struct python_frame *frame)
{
	const struct python_layout *layout = &python->reader.layout;
	uint64_t address = frame->position;
	uint8_t opcode = 0, wanted = opcode_with[layout->minor - PYTHON_MINOR_FIRST];

	/* Up to 3.10 the instructions are a bytes object. */
	if (layout->minor <= 10) {
		if (!python_word(&python->reader,
				 frame->code->address +
					 (uint64_t)layout->code_instructions,
				 &address))
			return false;
		address += 32 + frame->instruction;
	}
	return wanted && memory_read(&python->reader.mem, address, &opcode, 1) &&
	       opcode == wanted;
}

static void explain_lock(struct python *python, const struct python_thread *thread,
			 uint64_t key, struct python_wait *out)
{
	struct python_lock lock;
	size_t used;

	if (!python_lock_find(python, thread, key, &lock) || lock.free)
		return;
	out->state = STATE_MUTEX;
	out->kind = "mutex";
	out->address = lock.object;
	out->owner = lock.holder;
	used = (size_t)snprintf(out->text, sizeof(out->text), "%s 0x%llx",
				lock.kind == PYTHON_RLOCK ? "rlock" : "lock",
				(unsigned long long)lock.object);
	if (lock.holder)
		kernel_owner_text(lock.holder, 0, out->text + used,
				  sizeof(out->text) - used);
	else
		snprintf(out->text + used, sizeof(out->text) - used, ", holder unknown");
	out->vague = lock.kind == PYTHON_LOCK && !lock.holder &&
		     !enters_with(python, &python->frames[thread->first_frame]);
}

static uint64_t turn_of(const struct python_gil *gil)
{
	return hash_mix(gil->address ^ (uint64_t)gil->holder, gil->changes);
}

static void explain_gil(const struct python_gil *gil, struct python_wait *out)
{
	size_t used;

	out->state = STATE_MUTEX;
	out->kind = WAITS_GIL;
	out->address = gil->address;
	out->owner = gil->holder;
	out->gil = true;
	out->turn = turn_of(gil);
	used = (size_t)snprintf(out->text, sizeof(out->text), "Python GIL");
	if (gil->holder)
		kernel_owner_text(gil->holder, 0, out->text + used,
				  sizeof(out->text) - used);
}

void python_wait_again(const struct python *python, uint64_t turn,
		       struct python_wait *out)
{
	for (size_t i = 0; i < python->nr_gils; i++)
		if (python->gils[i].holder && turn_of(&python->gils[i]) == turn)
			explain_gil(&python->gils[i], out);
}

void python_wait_find(struct python *python, const struct python_thread *thread,
		      const struct python_blocked *blocked, struct python_wait *out)
{
	const struct python_frame *frames = python->frames + thread->first_frame;
	const struct python_gil *gil =
		blocked->futex ? python_gil_at(python, blocked->address) : NULL;
	uint64_t key;

	memset(out, 0, sizeof(*out));
	out->state = STATE_UNKNOWN;
	if (gil) {
		explain_gil(gil, out);
		return;
	}
	if (thread->nr_frames == 0 || thread->moved)
		return;
	if (!blocked->futex) {
		apply_rules(python, frames, thread->nr_frames, blocked, PYTHON_BY_CALL,
			    out);
		return;
	}
	key = python_lock_key(python, blocked->address);
	if (key && waits_for_condition(python, &frames[0], key))
		apply_rules(python, frames, thread->nr_frames, blocked,
			    PYTHON_BY_CONDITION, out);
	else if (!apply_rules(python, frames, thread->nr_frames, blocked, PYTHON_BY_LOCK,
			      out) &&
		 !python_wait_simple_queue(python, &frames[0], blocked->address, out) &&
		 key)
		explain_lock(python, thread, key, out);
}
