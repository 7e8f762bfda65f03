/* SPDX-License-Identifier: MIT */
/* Field offsets differ between releases, so none are hard-coded. The JVM itself publishes
 * where to find its list of threads, a thread's pending monitor and a monitor's owner. */
#include "source/java/hotspot.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "source/symbols/private.h"

#define ENTRIES_MAX 16384u
#define ENTRY_MAX   128u /* bytes of a table entry */
#define NAME_MAX    64u
#define THREADS_MAX 20000u
#define AGAIN_POLLS 64u
#define NOT_THERE   UINT64_MAX
#define LOCKS_MAX   16u
#define OWNER_LISTED                                                                     \
	1 /* the owner is recorded in its own list of locks, not in the monitor */

enum field {
	LIST, /* address of the pointer to the thread list */
	LIST_LENGTH,
	LIST_THREADS,
	OS_THREAD,
	OS_THREAD_ID,
	PENDING,
	OWNER,
	STACK_BASE,
	STACK_SIZE,
	OWNER_ID,
	OBJECT,
	LOCKS,
	LOCKS_TOP,
	LOCKS_FIRST,
	NR_FIELDS,
	NR_NEEDED = STACK_BASE,
};

static const struct {
	enum field field;
	const char *type, *name;
} fields[] = {
	{LIST, "ThreadsSMRSupport", "_java_thread_list"},
	{LIST_LENGTH, "ThreadsList", "_length"},
	{LIST_THREADS, "ThreadsList", "_threads"},
	{OS_THREAD, "JavaThread", "_osthread"},
	{OS_THREAD, "Thread", "_osthread"},
	{OS_THREAD_ID, "OSThread", "_thread_id"},
	{PENDING, "JavaThread", "_current_pending_monitor"},
	{PENDING, "Thread", "_current_pending_monitor"},
	{OWNER, "ObjectMonitor", "_owner"},
	{STACK_BASE, "JavaThread", "_stack_base"},
	{STACK_BASE, "Thread", "_stack_base"},
	{STACK_SIZE, "JavaThread", "_stack_size"},
	{STACK_SIZE, "Thread", "_stack_size"},
	{OWNER_ID, "JavaThread", "_monitor_owner_id"},
	{OBJECT, "ObjectMonitor", "_object"},
	{LOCKS, "JavaThread", "_lock_stack"},
	{LOCKS_TOP, "LockStack", "_top"},
	{LOCKS_FIRST, "LockStack", "_base[0]"},
};

struct java_thread {
	uint64_t address;
	pid_t tid;                                 /* in our pid namespace */
	uint64_t stack_base, stack_size, owner_id; /* 0 if unknown */
};

struct hotspot {
	struct kernel *kernel;
	struct symbols *symbols;
	bool known; /* the offsets were read */
	unsigned wait_polls;
	uint64_t offsets[NR_FIELDS];
	struct java_thread *threads;
	size_t nr_threads, cap_threads;
	int64_t threads_at_ns; /* time of the poll that listed them */
};

struct hotspot *hotspot_new(struct kernel *kernel, struct symbols *symbols)
{
	struct hotspot *hotspot = calloc(1, sizeof(*hotspot));

	if (hotspot) {
		hotspot->kernel = kernel;
		hotspot->symbols = symbols;
	}
	return hotspot;
}

void hotspot_free(struct hotspot *hotspot)
{
	if (!hotspot)
		return;
	free(hotspot->threads);
	free(hotspot);
}

static bool read_word(struct hotspot *hotspot, uint64_t address, uint64_t *word)
{
	return address > 4096 &&
	       kernel_memory_exact(hotspot->kernel, address, word, sizeof(*word));
}

static bool read_name(struct hotspot *hotspot, uint64_t address, char out[NAME_MAX])
{
	ssize_t got = address > 4096
			      ? kernel_memory(hotspot->kernel, address, out, NAME_MAX - 1)
			      : 0;

	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* The members of a table entry; `parts` and `names` are indexed by this. */
enum part { TYPE_NAME, FIELD_NAME, IS_STATIC, OFFSET, ADDRESS, NR_PARTS };

static void take_entry(struct hotspot *hotspot, const uint8_t *entry,
		       const uint64_t parts[NR_PARTS])
{
	char type[NAME_MAX], name[NAME_MAX];
	uint64_t words[NR_PARTS];
	int32_t is_static;

	for (int i = 0; i < NR_PARTS; i++)
		if (i != IS_STATIC)
			memcpy(&words[i], entry + parts[i], sizeof(words[i]));
	memcpy(&is_static, entry + parts[IS_STATIC], sizeof(is_static));
	if (!read_name(hotspot, words[TYPE_NAME], type))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		if (strcmp(type, fields[i].type) != 0)
			continue;
		if (!read_name(hotspot, words[FIELD_NAME], name))
			return;
		if (strcmp(name, fields[i].name) == 0)
			hotspot->offsets[fields[i].field] =
				is_static ? words[ADDRESS] : words[OFFSET];
	}
}

static bool read_table(struct hotspot *hotspot)
{
	static const char *const names[NR_PARTS] = {
		"gHotSpotVMStructEntryTypeNameOffset",
		"gHotSpotVMStructEntryFieldNameOffset",
		"gHotSpotVMStructEntryIsStaticOffset",
		"gHotSpotVMStructEntryOffsetOffset",
		"gHotSpotVMStructEntryAddressOffset",
	};
	static const char library[] = "libjvm.so";
	uint64_t parts[NR_PARTS], stride, table, type;
	uint8_t entry[ENTRY_MAX];

	if (!read_word(hotspot,
		       symbols_address(hotspot->symbols, library, "gHotSpotVMStructs"),
		       &table) ||
	    !read_word(hotspot,
		       symbols_address(hotspot->symbols, library,
				       "gHotSpotVMStructEntryArrayStride"),
		       &stride) ||
	    stride < 8 || stride > sizeof(entry))
		return false;
	for (int i = 0; i < NR_PARTS; i++)
		if (!read_word(hotspot,
			       symbols_address(hotspot->symbols, library, names[i]),
			       &parts[i]) ||
		    parts[i] > stride - 8)
			return false;
	for (int i = 0; i < NR_FIELDS; i++)
		hotspot->offsets[i] = NOT_THERE;
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		if (!kernel_memory_exact(hotspot->kernel, table + i * stride, entry,
					 (size_t)stride))
			return false;
		memcpy(&type, entry + parts[TYPE_NAME], sizeof(type));
		if (!type)
			break;
		take_entry(hotspot, entry, parts);
	}
	for (int i = 0; i < NR_NEEDED; i++)
		if (hotspot->offsets[i] == NOT_THERE)
			return false;
	return true;
}

/* Reads a field that some releases lack; returns 0 for those. */
static uint64_t optional_word(struct hotspot *hotspot, uint64_t thread, enum field field)
{
	uint64_t word = 0;

	if (hotspot->offsets[field] != NOT_THERE)
		read_word(hotspot, thread + hotspot->offsets[field], &word);
	return word;
}

static void list_threads(struct hotspot *hotspot)
{
	const uint64_t *offsets = hotspot->offsets;
	uint64_t list, array, address, os_thread;
	uint32_t length = 0, id;

	hotspot->threads_at_ns = hotspot->kernel->now_ns;
	hotspot->nr_threads = 0;
	if (!read_word(hotspot, offsets[LIST], &list) || list < 4096 ||
	    !kernel_memory_exact(hotspot->kernel, list + offsets[LIST_LENGTH], &length,
				 sizeof(length)) ||
	    length == 0 || length > THREADS_MAX ||
	    !read_word(hotspot, list + offsets[LIST_THREADS], &array))
		return;
	if (!array_reserve(&hotspot->threads, &hotspot->cap_threads, length))
		return;
	for (uint32_t i = 0; i < length; i++) {
		if (!read_word(hotspot, array + 8ull * i, &address) ||
		    !read_word(hotspot, address + offsets[OS_THREAD], &os_thread) ||
		    !kernel_memory_exact(hotspot->kernel,
					 os_thread + offsets[OS_THREAD_ID], &id,
					 sizeof(id)) ||
		    id == 0 || id > INT32_MAX)
			continue;
		hotspot->threads[hotspot->nr_threads++] = (struct java_thread){
			.address = address,
			.tid = kernel_outer_tid(hotspot->kernel, (pid_t)id),
			.stack_base = optional_word(hotspot, address, STACK_BASE),
			.stack_size = optional_word(hotspot, address, STACK_SIZE),
			.owner_id = optional_word(hotspot, address, OWNER_ID),
		};
	}
}

/* The owner field holds a thread, an address on a thread's stack or, in releases with
 * virtual threads, an id that Java assigns. */
static bool is_owner(const struct java_thread *thread, uint64_t owner)
{
	if (thread->owner_id)
		return owner == thread->owner_id;
	return owner == thread->address ||
	       (owner < thread->stack_base &&
		thread->stack_base - owner <= thread->stack_size);
}

/* Returns true if the object is on the thread's list of locked objects. */
static bool has_locked(struct hotspot *hotspot, const struct java_thread *thread,
		       uint64_t object)
{
	const uint64_t *offsets = hotspot->offsets;
	uint64_t start = thread->address + offsets[LOCKS], locked[LOCKS_MAX];
	uint32_t top;
	ssize_t got;

	/* The top is an offset from the start of the thread. */
	if (!kernel_memory_exact(hotspot->kernel, start + offsets[LOCKS_TOP], &top,
				 sizeof(top)) ||
	    top < offsets[LOCKS] + offsets[LOCKS_FIRST])
		return false;
	size_t bytes = (size_t)(top - offsets[LOCKS] - offsets[LOCKS_FIRST]);

	got = kernel_memory(hotspot->kernel, start + offsets[LOCKS_FIRST], locked,
			    bytes < sizeof(locked) ? bytes : sizeof(locked));
	for (ssize_t i = 0; i < got / 8; i++)
		if (locked[i] == object)
			return true;
	return false;
}

static pid_t find_locker(struct hotspot *hotspot, uint64_t monitor, pid_t waiter)
{
	uint64_t handle, object;

	for (int i = OBJECT; i <= LOCKS_FIRST; i++)
		if (hotspot->offsets[i] == NOT_THERE)
			return 0;
	if (!read_word(hotspot, monitor + hotspot->offsets[OBJECT], &handle) ||
	    !read_word(hotspot, handle, &object) || !object)
		return 0;
	for (size_t i = 0; i < hotspot->nr_threads; i++)
		if (hotspot->threads[i].tid != waiter &&
		    has_locked(hotspot, &hotspot->threads[i], object))
			return hotspot->threads[i].tid;
	return 0;
}

static pid_t find_owner(struct hotspot *hotspot, uint64_t monitor, uint64_t owner,
			pid_t waiter)
{
	if (owner == OWNER_LISTED)
		return find_locker(hotspot, monitor, waiter);
	for (size_t i = 0; owner && i < hotspot->nr_threads; i++)
		if (hotspot->threads[i].tid != waiter &&
		    is_owner(&hotspot->threads[i], owner))
			return hotspot->threads[i].tid;
	return 0;
}

static bool is_ready(struct hotspot *hotspot)
{
	if (!hotspot->known) {
		/* The JVM may still be starting, or the library may not be libjvm. */
		if (hotspot->wait_polls-- > 0)
			return false;
		hotspot->wait_polls = AGAIN_POLLS;
		hotspot->known = read_table(hotspot);
	}
	if (hotspot->known && hotspot->threads_at_ns != hotspot->kernel->now_ns)
		list_threads(hotspot);
	return hotspot->known;
}

uint64_t hotspot_monitor(struct hotspot *hotspot, pid_t tid, pid_t *owner)
{
	const struct java_thread *waiter = NULL;
	uint64_t monitor = 0, word = 0, again = 0;

	*owner = 0;
	if (!hotspot || !is_ready(hotspot))
		return 0;
	for (size_t i = 0; i < hotspot->nr_threads && !waiter; i++)
		if (hotspot->threads[i].tid == tid)
			waiter = &hotspot->threads[i];
	if (!waiter ||
	    !read_word(hotspot, waiter->address + hotspot->offsets[PENDING], &monitor) ||
	    !read_word(hotspot, monitor + hotspot->offsets[OWNER], &word))
		return 0;
	pid_t holder = find_owner(hotspot, monitor, word, tid);

	/* The thread may have entered since, and the monitor may have another owner. */
	if (!read_word(hotspot, waiter->address + hotspot->offsets[PENDING], &again) ||
	    again != monitor)
		return 0;
	*owner = holder;
	return monitor;
}
