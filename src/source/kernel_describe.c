/* SPDX-License-Identifier: MIT */
/* What the kernel says of a process, as a snapshot has it. */
#include "source/kernel.h"

void kernel_wait_to_task(const struct kernel_wait *wait, struct snapshot *out,
			 struct task *task)
{
	task->state = wait->state;
	task->raw = wait->raw;
	task->waits.kind = wait->kind;
	task->waits.address = wait->address;
	task->waits.fd = wait->fd;
	task->waits.owner_tid = wait->owner_tid;
	task->waits.owner_pid = wait->owner_pid;
	task->waits.limited = wait->limited;
	task->waits.reads = wait->reads;
	task->waits.writes = wait->writes;
	task->waits.accepted = wait->accepted;
	task->waits.text = NULL;
	if (!wait->kind)
		return;
	char limit[KERNEL_TEXT_MAX];

	(void)kernel_limit_text(wait, limit);
	task->waits.text = arena_printf(&out->arena, "%s%s%s", wait->text,
					wait->text[0] && limit[0] ? ", " : "", limit);
	if (!task->waits.text)
		task->waits.text = "";
}
