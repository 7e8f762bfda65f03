/* SPDX-License-Identifier: MIT */
/* Finds the lock that a futex belongs to and its holder from the layouts of glibc: a
 * pthread_mutex_t is __lock, __count, __owner, __nusers, __kind; a rwlock has
 * __cur_writer at offset 24. */
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source/kernel/kernel.h"

#define CALL_FUTEX_JOIN (FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME)
#define CALL_LOCK_PI2   13
#define MUTEX_KINDS     0x3ffu /* defined bits of __kind */
#define MUTEX_ROBUST    0x10u
#define MUTEX_SHARED    0x80u
#define MUTEX_WORDS     5
#define RWLOCK_WORDS    8
/* Locks of libc contain a long and are aligned accordingly. The upper half of a pointer,
 * which may look like a live tid, is then never in the place of an owner. */
#define LOCK_ALIGNMENT  sizeof(long)
#define FUTEXES_KEPT    256u
/* Distance from the tid in glibc's struct pthread to the head of the robust list. */
#define TID_TO_ROBUST   16u
#define SMALL_TID       300

struct kernel_futexes {
	struct kernel_futex {
		int64_t at_ns; /* time of the poll that read it; 0 if unused */
		long nr;
		uint64_t args[4];
		struct kernel_wait wait;
	} kept[FUTEXES_KEPT];
};

/* Returns our id of the owner, a thread of this process or, if the lock is shared, of
 * another one. */
static pid_t live_owner(struct kernel *kernel, uint64_t address, uint32_t inner,
			bool shared, pid_t *owner_pid)
{
	*owner_pid = 0;
	if (inner == 0 || inner > INT32_MAX)
		return 0;
	pid_t tid = kernel_outer_tid(kernel, (pid_t)inner);

	if (kernel_tid_lives(kernel, tid))
		return tid;
	if (!shared)
		return 0;
	tid = kernel_outer_any(kernel, (pid_t)inner, owner_pid);
	/* The tid may have been written in another namespace, where it denotes another
	 * thread. */
	if (tid && kernel_shares(kernel, address, *owner_pid))
		return tid;
	*owner_pid = 0;
	return 0;
}

static pid_t mutex_owner(struct kernel *kernel, uint64_t address, pid_t *owner_pid)
{
	uint32_t words[MUTEX_WORDS];

	if (!address || address % LOCK_ALIGNMENT ||
	    !kernel_memory_exact(kernel, address, words, sizeof(words)) ||
	    words[0] == 0 || (words[4] & ~MUTEX_KINDS))
		return 0;
	return live_owner(kernel, address, words[2], (words[4] & MUTEX_SHARED) != 0,
			  owner_pid);
}

static pid_t rwlock_owner(struct kernel *kernel, uint64_t address, pid_t *owner_pid)
{
	uint32_t words[RWLOCK_WORDS];

	/* Two words of flags, both futexes (0 to 3), padding, the owner, and the shared
	 * flag. */
	if (!address || address % LOCK_ALIGNMENT ||
	    !kernel_memory_exact(kernel, address, words, sizeof(words)) || words[2] > 3 ||
	    words[3] > 3 || words[4] || words[5] || words[7] > 1)
		return 0;
	return live_owner(kernel, address, words[6], words[7] != 0, owner_pid);
}

pid_t kernel_lock_owner(struct kernel *kernel, enum task_state state, uint64_t address,
			pid_t *owner_pid)
{
	pid_t owner = 0;

	*owner_pid = 0;
	if (state == STATE_MUTEX)
		owner = mutex_owner(kernel, address, owner_pid);
	else if (state != STATE_JOIN)
		return rwlock_owner(kernel, address, owner_pid);
	return owner ? owner : kernel_musl_owner(kernel, state, address);
}

void kernel_owner_text(pid_t tid, pid_t pid, char *out, size_t size)
{
	struct process owner = process_named(pid);
	char name[PROC_COMM_MAX] = "";
	size_t used;

	if (!pid) {
		snprintf(out, size, ", held by t%d", (int)tid);
		return;
	}
	if (process_thread_text(&owner, pid, THREAD_NAME, name, sizeof(name)) > 0)
		name[strcspn(name, "\n")] = '\0';
	used = (size_t)snprintf(out, size, ", held by %s%s%d", name, name[0] ? " " : "",
				(int)pid);
	if (tid != pid && used < size)
		snprintf(out + used, size - used, " (t%d)", (int)tid);
}

/* The lock and the call must agree on whether the lock is shared: what resembles a shared
 * lock is not one if the call was process-private. */
static bool rwlock_fits(struct kernel *kernel, uint64_t address, bool shared)
{
	uint32_t words[RWLOCK_WORDS];

	return kernel_memory_exact(kernel, address, words, sizeof(words)) &&
	       (words[RWLOCK_WORDS - 1] != 0) == shared;
}

static void explain_rwlock(struct kernel *kernel, pid_t tid, uint64_t address,
			   bool shared, struct kernel_wait *out)
{
	/* __wrphase_futex and __writers_futex are at offsets 8 and 12 of the lock. */
	for (uint64_t offset = 8; offset <= 12; offset += 4) {
		pid_t owner = address > offset ? rwlock_owner(kernel, address - offset,
							      &out->owner_pid)
					       : 0;

		if (!owner || owner == tid ||
		    !rwlock_fits(kernel, address - offset, shared)) {
			out->owner_pid = 0;
			continue;
		}
		out->state = offset == 8 ? STATE_RWLOCK_READ : STATE_RWLOCK_WRITE;
		out->kind = "rwlock";
		out->address = address - offset;
		out->owner_tid = owner;
		return;
	}
}

/* The word of a robust mutex is its owner and the waiters bit. All ones is a parked
 * thread of Rust. */
static bool is_robust(struct kernel *kernel, uint64_t address, uint32_t word)
{
	uint32_t words[MUTEX_WORDS];

	return (word & FUTEX_WAITERS) && (word & FUTEX_TID_MASK) && word != UINT32_MAX &&
	       kernel_memory_exact(kernel, address, words, sizeof(words)) &&
	       !(words[4] & ~MUTEX_KINDS) && (words[4] & MUTEX_ROBUST);
}

/* A join waits on the tid of a thread, which the kernel clears; its timeout may use any
 * clock. Waits for locks in shared memory look the same, with values up to 2. */
static bool is_join(uint32_t op, uint32_t value)
{
	return (op == CALL_FUTEX_JOIN || op == FUTEX_WAIT_BITSET) && value > 2 &&
	       value <= INT32_MAX;
}

/*
 * Returns the thread whose tid libc stores at address, or 0. The thread's robust list,
 * which the kernel knows, directly follows it. A word of a shared lock may equal a tid by
 * chance, since tids are small in a pid namespace.
 */
static pid_t joined_thread(struct kernel *kernel, uint64_t address, pid_t inner)
{
	pid_t tid = kernel_outer_tid(kernel, inner);
	uint64_t head = 0;
	size_t bytes = 0;

	if (!kernel_tid_lives(kernel, tid))
		return 0;
	if (syscall(SYS_get_robust_list, tid, &head, &bytes) == 0 && head)
		return head == address + TID_TO_ROBUST ? tid : 0;
	return inner > SMALL_TID ? tid : 0;
}

static void explain_futex(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			  struct kernel_wait *out)
{
	uint64_t address = call->args[0];
	uint32_t op = (uint32_t)call->args[1];
	uint32_t command = op & (uint32_t)FUTEX_CMD_MASK;
	uint32_t value = (uint32_t)call->args[2];
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	uint32_t word = 0;
	pid_t joined;
	bool known = kernel_memory_exact(kernel, address, &word, sizeof(word));

	out->kind = "futex";
	out->address = address;
	out->limited = call->args[3] != 0;
	if (command == FUTEX_LOCK_PI || command == CALL_LOCK_PI2 ||
	    (known && word == value && is_robust(kernel, address, word))) {
		out->state = STATE_MUTEX;
		out->kind = "mutex";
		if (known)
			out->owner_tid =
				live_owner(kernel, address, word & FUTEX_TID_MASK, shared,
					   &out->owner_pid);
	} else if (known && is_join(op, value) && word == value &&
		   (joined = joined_thread(kernel, address, (pid_t)value))) {
		out->state = STATE_JOIN;
		out->kind = "thread";
		out->owner_tid = joined;
		snprintf(out->text, sizeof(out->text), "t%d", (int)out->owner_tid);
		return;
	} else if (known && word == 2 && value == 2) {
		out->owner_tid = mutex_owner(kernel, address, &out->owner_pid);
		if (out->owner_tid) {
			out->state = STATE_MUTEX;
			out->kind = "mutex";
		}
	} else if (known && command == FUTEX_WAIT_BITSET) {
		explain_rwlock(kernel, tid, address, shared, out);
	}
	out->owner_changes = strcmp(out->kind, "futex") != 0;
	size_t used = (size_t)snprintf(out->text, sizeof(out->text), "%s 0x%llx",
				       out->kind, (unsigned long long)out->address);

	if (out->owner_tid)
		kernel_owner_text(out->owner_tid, out->owner_pid, out->text + used,
				  sizeof(out->text) - used);
}

void kernel_share_futexes(struct kernel *kernel)
{
	if (!kernel->futexes)
		kernel->futexes = calloc(1, sizeof(*kernel->futexes));
}

static bool is_same_wait(const struct kernel_futex *kept, const struct proc_call *call)
{
	return kept->nr == call->nr && kept->args[0] == call->args[0] &&
	       kept->args[1] == call->args[1] && kept->args[2] == call->args[2] &&
	       kept->args[3] == call->args[3];
}

void kernel_explain_futex(struct kernel *kernel, pid_t tid, const struct proc_call *call,
			  struct kernel_wait *out)
{
	struct kernel_futex *kept;

	if (!kernel->futexes) {
		explain_futex(kernel, tid, call, out);
		return;
	}
	/* Locks are often adjacent, so the low bits alone would put many of them into one
	 * slot. */
	kept = &kernel->futexes->kept[(call->args[0] ^ call->args[0] >> 8 ^
				       call->args[0] >> 16) /
				      4 % FUTEXES_KEPT];
	if (kept->at_ns == kernel->now_ns && is_same_wait(kept, call)) {
		*out = kept->wait;
		return;
	}
	explain_futex(kernel, tid, call, out);
	/* Not cached for a rwlock: whether the waiter itself is the holder differs for
	 * each waiter. */
	if (strcmp(out->kind, "rwlock") == 0)
		return;
	kept->at_ns = kernel->now_ns;
	kept->nr = call->nr;
	memcpy(kept->args, call->args, sizeof(kept->args));
	kept->wait = *out;
}
