/* SPDX-License-Identifier: MIT */
/*
 * Determines which goroutine holds a lock in C. The lock's word names a thread, and
 * goroutines change threads between two calls. What a thread holds belongs to the
 * goroutine on it only if that goroutine is locked to the thread, if the call in progress
 * is the first one ever made on the thread, or if its function has made the same call
 * directly before.
 */
#include "source/go/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define M_WORDS     128u
#define M_FIRST     16u /* stacks and registers come before it */
#define CALL_OPCODE 0xe8
#define CALL_BYTES  5u
#define CODE_MAX    65536u

/* runtime.m: ncgocall, the number of calls so far; ncgo, calls in progress;
 * cgoCallersUse; cgoCallers. */
static bool is_first_call(const uint64_t *words, uint64_t before)
{
	return words[0] == before + 1 && words[1] == 1 && words[2] >= 4096 &&
	       (words[2] & 7) == 0 && words[2] >> 47 == 0;
}

bool go_owner_sure(struct memory *mem, const struct go_entry *entry, pid_t tid)
{
	/* On the first thread, the runtime itself makes one call at startup. */
	uint64_t words[M_WORDS], before = tid == mem->process.pid;
	const struct go_more *more = go_entry_more(entry);
	size_t nr, found = 0;

	if (more->locked)
		return true;
	if (entry->status != GO_STATUS_SYSCALL || !more->m)
		return false;
	nr = memory_read_some(mem, more->m, words, sizeof(words)) / 8;
	for (size_t i = M_FIRST; i + 3 <= nr; i++)
		found += is_first_call(words + i, before);
	return found == 1;
}

static bool is_stub(struct go_module *modules, uint64_t address)
{
	const struct go_module *module = go_module_of(modules, address);
	struct go_func func;

	return module && go_func_find(&module->table, address, &func) &&
	       func.entry == address &&
	       strstr(go_func_name(&module->table, func.name), "._Cfunc_");
}

/* Returns the target of a call instruction, or 0 if it is not one. */
static uint64_t call_target(const uint8_t *code, uint64_t address)
{
	int32_t offset;

	if (code[0] != CALL_OPCODE)
		return 0;
	memcpy(&offset, code + 1, sizeof(offset));
	return address + CALL_BYTES + (uint64_t)(int64_t)offset;
}

/* Returns the return address of the call into C, or 0. */
static uint64_t c_call(const struct stack *stack)
{
	for (size_t i = 0; stack && i + 1 < stack->nr_frames; i++)
		if (stack->frames[i].function &&
		    strstr(stack->frames[i].function, "._Cfunc_"))
			return stack->frames[i + 1].address;
	return 0;
}

bool go_owner_repeats(struct go_stacks *stacks, const struct stack *stack)
{
	uint64_t back = c_call(stack), target, found = 0;
	const struct go_module *module = back ? go_module_of(stacks->module, back) : NULL;
	struct go_func func;
	uint8_t *code;
	size_t bytes;

	if (!module || !go_func_find(&module->table, back, &func) ||
	    back - func.entry < 2 * CALL_BYTES || back - func.entry > CODE_MAX)
		return false;
	bytes = back - func.entry;
	code = malloc(bytes);
	if (!code || !memory_read(stacks->mem, func.entry, code, bytes)) {
		free(code);
		return false;
	}
	target = call_target(code + bytes - CALL_BYTES, back - CALL_BYTES);
	if (target && is_stub(stacks->module, target))
		for (size_t i = bytes - 2 * CALL_BYTES + 1; i-- > 0 && !found;) {
			uint64_t other = call_target(code + i, func.entry + i);

			if (other && is_stub(stacks->module, other))
				found = other;
		}
	free(code);
	return found && found == target;
}

/* Returns the text with the last occurrence of one id replaced by another. */
static const char *replace_id(const char *text, const char *from, const char *to,
			      struct snapshot *out)
{
	const char *at = NULL, *changed;
	size_t bytes = strlen(from);

	for (const char *next = text; (next = strstr(next, from)); next += bytes)
		if (!byte_is_digit(next[bytes]))
			at = next;
	changed = at ? arena_printf(&out->arena, "%.*s%s%s", (int)(at - text), text, to,
				    at + bytes)
		     : NULL;
	return changed ? changed : text;
}

void go_owner_name(const struct go_on_thread *on, struct snapshot *out, struct task *task)
{
	struct waits_on *waits = &task->waits;
	char thread[TASK_ID_MAX], goroutine[TASK_ID_MAX + 16];

	task_format_owner(task, thread);
	if (on->sure) {
		waits_edit(waits, &out->arena)->owner_goid = on->goid;
		task_format_owner(task, goroutine);
		waits->text = replace_id(waits->text, thread, goroutine, out);
		return;
	}
	if (task->tid == on->tid) {
		snprintf(goroutine, sizeof(goroutine), "its own thread %s", thread);
		waits->text = replace_id(waits->text, thread, goroutine, out);
	}
	/* Another goroutine may have taken the lock on that thread, so do not report a
	 * deadlock. */
	if (task->kind == TASK_THREAD)
		waits->owner_tid = 0;
}
