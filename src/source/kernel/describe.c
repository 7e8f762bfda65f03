/* SPDX-License-Identifier: MIT */
/* Copies what the kernel says about a process into a snapshot. */
#include "source/kernel/kernel.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "source/proc/pages.h"

void kernel_wait_to_task(const struct kernel_wait *wait, struct snapshot *out,
			 struct task *task)
{
	task->state = wait->state;
	task->raw = wait->raw;
	task->waits.kind = wait->kind;
	task->waits.address = wait->address;
	task->waits.fd = wait->fd;
	task->waits.owner_tid = wait->owner_tid;
	if (wait->owner_pid != wait_more(task)->owner_pid)
		waits_edit(&task->waits, &out->arena)->owner_pid = wait->owner_pid;
	task->waits.limited = wait->limited;
	task->waits.reads = wait->reads;
	task->waits.writes = wait->writes;
	task->waits.accepted = wait->accepted;
	task->waits.text = NULL;
	if (!wait->kind)
		return;
	char limit[KERNEL_TEXT_MAX];

	if (*kernel_limit_text(wait, limit))
		task->waits.text = arena_printf(&out->arena, "%s%s%s", wait->text,
						wait->text[0] ? ", " : "", limit);
	else
		task->waits.text =
			arena_strndup(&out->arena, wait->text, sizeof(wait->text));
	if (!task->waits.text)
		task->waits.text = "";
}

/* The kernel lets other users see only that the threads exist, and their names. */
static void describe_denied(const struct kernel *kernel, char *out, size_t size)
{
	const struct passwd *owner = getpwuid(kernel->facts.uid);

	if (geteuid() == 0)
		snprintf(out, size,
			 "even root cannot see what the threads of process %d wait for: "
			 "a container or a security module forbids it",
			 (int)kernel->process.pid);
	else if (kernel->facts.uid == geteuid())
		snprintf(out, size,
			 "the kernel lets only root see what the threads of process %d "
			 "wait for: run grmon-c as root",
			 (int)kernel->process.pid);
	else
		snprintf(out, size,
			 "process %d belongs to %s: to see what its threads wait for, "
			 "run grmon-c as that user or as root, for example with sudo",
			 (int)kernel->process.pid,
			 owner ? owner->pw_name : "another user");
}

bool kernel_denied(pid_t pid, char *why, size_t size)
{
	struct kernel kernel;
	bool denied;

	if (kernel_open(&kernel, pid, NULL))
		return false;
	denied = kernel.denied;
	if (denied)
		describe_denied(&kernel, why, size);
	kernel_close(&kernel);
	return denied;
}

static void note_denied(const struct kernel *kernel, struct snapshot *out)
{
	char text[ERR_TEXT_MAX];

	describe_denied(kernel, text, sizeof(text));
	snapshot_note(out, "%s", text);
}

void kernel_notes(const struct kernel *kernel, struct snapshot *out)
{
	if (kernel->denied)
		note_denied(kernel, out);
	else if (kernel->mute)
		snapshot_note(out,
			      "the memory of %d does not answer, so stacks, names and "
			      "lock owners are missing",
			      (int)kernel->process.pid);
	else if (kernel->memory_denied)
		snapshot_note(
			out,
			"the memory of process %d cannot be read, so stacks and lock "
			"owners are missing: run grmon-c as root, or set "
			"kernel.yama.ptrace_scope to 0",
			(int)kernel->process.pid);
	if (pages_dead(kernel->pages) > 0)
		snapshot_note(out,
			      "the memory of %d does not answer in %zu place%s, so what "
			      "is stored there is missing",
			      (int)kernel->process.pid, pages_dead(kernel->pages),
			      pages_dead(kernel->pages) == 1 ? "" : "s");
	if (kernel->facts.foreign)
		snapshot_note(out,
			      "process %d is a 32-bit program: its system calls are not "
			      "decoded",
			      (int)kernel->process.pid);
}

void kernel_describe(const struct kernel *kernel, int64_t start_real_ns,
		     const char *sources, struct snapshot *out)
{
	const char *name = arena_strndup(&out->arena, kernel->facts.comm,
					 sizeof(kernel->facts.comm));

	out->target.pid = kernel->process.pid;
	out->target.name = name ? name : "";
	out->target.sources = sources;
	out->target.start_real_ns = start_real_ns;
}
