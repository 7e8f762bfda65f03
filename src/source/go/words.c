/* SPDX-License-Identifier: MIT */
/* Uses texts only: the number of a reason differs between Go versions, its text hardly
 * does. */
#include "source/go/words.h"

#include <string.h>

#include "base/array.h"
#include "base/text.h"

static const struct {
	const char *prefix;
	enum task_state state;
	enum go_object object;
} meanings[] = {
	{"chan receive", STATE_CHAN_RECV, GO_OBJECT_CHAN},
	{"chan send", STATE_CHAN_SEND, GO_OBJECT_CHAN},
	{"select (no cases)", STATE_SELECT, GO_OBJECT_NONE},
	{"select", STATE_SELECT, GO_OBJECT_SELECT},
	{"IO wait", STATE_POLL, GO_OBJECT_FD},
	{"sleep", STATE_SLEEP, GO_OBJECT_NONE},
	{"sync.Mutex.Lock", STATE_MUTEX, GO_OBJECT_LOCK},
	{"sync.RWMutex.RLock", STATE_RWLOCK_READ, GO_OBJECT_LOCK},
	{"sync.RWMutex.Lock", STATE_RWLOCK_WRITE, GO_OBJECT_LOCK},
	{"sync.Cond.Wait", STATE_COND, GO_OBJECT_LOCK},
	{"sync.WaitGroup.Wait", STATE_WAITGROUP, GO_OBJECT_LOCK},
	{"semacquire", STATE_SEMAPHORE, GO_OBJECT_LOCK},
	{"synctest.", STATE_WAITGROUP, GO_OBJECT_NONE},
	{"GC ", STATE_GC, GO_OBJECT_NONE},
	{"garbage collection", STATE_GC, GO_OBJECT_NONE},
	{"wait for GC cycle", STATE_GC, GO_OBJECT_NONE},
	{"force gc", STATE_GC, GO_OBJECT_NONE},
	{"finalizer wait", STATE_GC, GO_OBJECT_NONE},
	{"cleanup wait", STATE_GC, GO_OBJECT_NONE},
	{"stopping the world", STATE_GC, GO_OBJECT_NONE},
	{"flushing proc caches", STATE_GC, GO_OBJECT_NONE},
	{"dumping heap", STATE_GC, GO_OBJECT_NONE},
	{"preempted", STATE_RUNNABLE, GO_OBJECT_NONE},
	{"debug call", STATE_STOPPED, GO_OBJECT_NONE},
	{"timer goroutine (idle)", STATE_SLEEP, GO_OBJECT_NONE},
	{"GOMAXPROCS updater (idle)", STATE_SLEEP, GO_OBJECT_NONE},
};

void go_reason_explain(struct go_reason *reason)
{
	reason->state = STATE_UNKNOWN;
	reason->object = GO_OBJECT_NONE;
	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++) {
		if (!text_starts_with(reason->text, meanings[i].prefix))
			continue;
		reason->state = meanings[i].state;
		reason->object = meanings[i].object;
		break;
	}
	/* A nil channel has no other users. */
	if (strstr(reason->text, "(nil chan)"))
		reason->object = GO_OBJECT_NONE;
}

/* Functions that determine what a wait is for, regardless of the runtime's reason. */
static const struct {
	enum task_state from;
	const char *function;
	enum task_state state;
} stack_meanings[] = {
	{STATE_POLL, "internal/poll.(*FD).Accept", STATE_ACCEPT},
	{STATE_POLL, "internal/poll.(*FD).Read", STATE_IO_READ},
	{STATE_POLL, "internal/poll.(*FD).RawRead", STATE_IO_READ},
	{STATE_POLL, "internal/poll.(*FD).Pread", STATE_IO_READ},
	{STATE_POLL, "internal/poll.(*FD).Write", STATE_IO_WRITE},
	{STATE_POLL, "internal/poll.(*FD).RawWrite", STATE_IO_WRITE},
	{STATE_POLL, "internal/poll.(*FD).Pwrite", STATE_IO_WRITE},
	{STATE_POLL, "internal/poll.SendFile", STATE_IO_WRITE},
	{STATE_POLL, "internal/poll.Splice", STATE_IO_WRITE},
	{STATE_POLL, "net.(*netFD).connect", STATE_CONNECT},
	{STATE_SEMAPHORE, "sync.(*WaitGroup).Wait", STATE_WAITGROUP},
	/* Go 1.4 to 1.8 */
	{STATE_SEMAPHORE, "sync.(*Cond).Wait", STATE_COND},
	{STATE_SEMAPHORE, "sync.runtime_Syncsemacquire", STATE_COND},
	{STATE_SEMAPHORE, "sync.(*RWMutex).RLock", STATE_RWLOCK_READ},
	{STATE_SEMAPHORE, "sync.(*RWMutex).Lock", STATE_RWLOCK_WRITE},
	{STATE_SEMAPHORE, "sync.(*Mutex).lockSlow", STATE_MUTEX},
	{STATE_SEMAPHORE, "sync.(*Mutex).Lock", STATE_MUTEX},
	/* A writer first takes a mutex and then waits for the readers. */
	{STATE_MUTEX, "sync.(*RWMutex).Lock", STATE_RWLOCK_WRITE},
	{STATE_SYSCALL, "os/signal.signal_recv", STATE_SIGNAL_WAIT},
	{STATE_SYSCALL, "os.(*Process).blockUntilWaitable", STATE_WAIT_CHILD},
	{STATE_SYSCALL, "os.(*Process).pidfdWait", STATE_WAIT_CHILD},
};

#define STACK_LOOK 12u

enum task_state go_stack_state(const struct stack *stack, enum task_state from)
{
	size_t count = ARRAY_COUNT(stack_meanings);

	if (!stack || (from != STATE_POLL && from != STATE_SEMAPHORE &&
		       from != STATE_MUTEX && from != STATE_SYSCALL))
		return from;
	for (size_t i = 0; i < stack->nr_frames && i < STACK_LOOK; i++) {
		const char *function = stack->frames[i].function;

		for (size_t k = 0; function && k < count; k++) {
			size_t length = strlen(stack_meanings[k].function);

			if (stack_meanings[k].from == from &&
			    strncmp(function, stack_meanings[k].function, length) == 0)
				return stack_meanings[k].state;
		}
	}
	return from;
}
