/* SPDX-License-Identifier: MIT */
/* Remembers the other ends of waits from sample to sample: a service has thousands of
 * threads that wait on a pipe or a socket and do not run. */
#include "source/peers/holders_private.h"

static struct known_end *end_of(struct holders *holders, const struct task *task)
{
	return &holders->ends[(uint32_t)task->tid % HOLDERS_ENDS];
}

static bool is_known(const struct known_end *end, const struct task *task, bool writes)
{
	return end->tid == task->tid && end->fd == task->waits.fd &&
	       end->writes == writes && task->switches && end->switches == task->switches;
}

void holders_of_end(struct holders *holders, pid_t pid, const struct task *task,
		    struct peers_found *found)
{
	bool writes = task->state == STATE_IO_WRITE || task->waits.writes;
	struct known_end *end = end_of(holders, task);

	if (is_known(end, task, writes) &&
	    peers_keep(holders->peers, !end->found.complete) == end->index) {
		*found = end->found;
		return;
	}
	peers_find(holders->peers, pid, task->waits.fd, writes, found);
	*end = (struct known_end){.tid = task->tid,
				  .fd = task->waits.fd,
				  .switches = task->switches,
				  .index = peers_keep(holders->peers, false),
				  .writes = writes,
				  .found = *found};
}

pid_t holders_end_thread(struct holders *holders, const struct snapshot *snapshot,
			 pid_t pid, const struct task *task, pid_t other)
{
	bool writes = task->state == STATE_IO_WRITE || task->waits.writes;
	struct known_end *end = end_of(holders, task);
	pid_t thread;

	/* With a single target there are few of them. */
	if (snapshot->nr_members && end->named && is_known(end, task, writes))
		return end->thread;
	thread = holders_thread(holders, snapshot, pid, task, other);
	if (is_known(end, task, writes) && holders->nr_probes < HOLDERS_PROBES) {
		end->named = true;
		end->thread = thread;
	}
	return thread;
}
