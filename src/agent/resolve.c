/* SPDX-License-Identifier: MIT */
/*
 * Looks up the real functions with dlsym(RTLD_NEXT). An optional library may be visible
 * only to a plugin that was opened with RTLD_LOCAL. Its calls reach this library, which
 * is in the global scope. The real function is then looked up from the plugin and
 * remembered per call site until an object is unloaded.
 */
#include "agent/resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum real_kind {
	KIND_ERRNO,
	KIND_CODE,
	KIND_GLIB,
	KIND_APR,
	KIND_ZMQ,
	KIND_NNG,
	KIND_DILL
};

/* Names and kinds by enum real_id. No pointers, which would be written to when the library
 * is loaded: each page that a process has written to makes its fork() slower. */
static const char names[] =
#define REAL_ERRNO(name)             #name "\0"
#define REAL_CODE(name)              #name "\0"
#define REAL_OPTIONAL(library, name) #name "\0"
#include "agent/wraps.def"
	;
static const uint8_t kinds[REAL_COUNT] = {
#define REAL_ERRNO(name)             KIND_ERRNO,
#define REAL_CODE(name)              KIND_CODE,
#define REAL_OPTIONAL(library, name) KIND_##library,
#include "agent/wraps.def"
};

/* If one of these libraries is loaded at program start, its functions are resolved once
 * and kept. */
static const char *const library_names[] = {
	[KIND_GLIB] = "libglib-2.0", [KIND_APR] = "libaprutil", [KIND_ZMQ] = "libzmq",
	[KIND_NNG] = "libnng",       [KIND_DILL] = "libdill",
};
#define LIBRARY_NAMES (sizeof(library_names) / sizeof(library_names[0]))

/* On the page of the agent's other words, and not with the tables that are rarely used. */
__attribute__((section(".data"))) void *real_table[REAL_COUNT];
__attribute__((section(".data"))) uint32_t real_tid_offset;

static long missing_errno(void)
{
	errno = ENOSYS;
	return -1;
}

static long missing_code(void)
{
	return ENOSYS;
}

static void *missing_null(void)
{
	errno = ENOSYS;
	return NULL;
}

static const char *real_name(enum real_id id)
{
	const char *name = names;

	for (int before = 0; before < (int)id; before++)
		name += strlen(name) + 1;
	return name;
}

static void *real_missing(enum real_id id)
{
	switch (kinds[id]) {
	case KIND_CODE:
	case KIND_APR:
		return (void *)missing_code;
	case KIND_GLIB:
		return (void *)missing_null;
	default:
		return (void *)missing_errno;
	}
}

/* dlsym() that does not leave an error message for the program's own dlerror(). */
static void *quiet_dlsym(void *handle, const char *name)
{
	int saved = errno;
	void *real = dlsym(handle, name);

	if (!real)
		dlerror();
	errno = saved;
	return real;
}

bool real_same_object(const void *a, const void *b)
{
	Dl_info one, other;

	return dladdr(a, &one) && dladdr(b, &other) && one.dli_fbase == other.dli_fbase;
}

/* Returns the next definition, even if it is a sanitizer's, which would otherwise miss
 * the call. */
static void *real_next(const char *name)
{
	void *next = quiet_dlsym(RTLD_NEXT, name);

#if defined(__GLIBC__) && defined(__x86_64__)
	/* Before glibc 2.36, RTLD_NEXT could return the condition variable functions of
	 * glibc 2.2. */
	if (strcmp(name, "pthread_cond_wait") == 0 ||
	    strcmp(name, "pthread_cond_timedwait") == 0) {
		void *real = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

		if (real && (!next || real_same_object(next, real)))
			return real;
	}
#endif
	return next;
}

void *real_resolve(enum real_id id)
{
	void *real = real_next(real_name(id));

	/* A missing function is not remembered, because its library may be loaded
	 * later. */
	if (!real)
		return real_missing(id);
	__atomic_store_n(&real_table[id], real, __ATOMIC_RELAXED);
	return real;
}

static int find_libraries(struct dl_phdr_info *info, size_t bytes, void *found)
{
	bool *has = found;

	for (size_t i = 0; i < LIBRARY_NAMES; i++)
		if (library_names[i] && strstr(info->dlpi_name, library_names[i]))
			has[i] = true;
	return 0;
}

/* Runs before the constructors of programs and of libraries without constructor
 * priorities. */
__attribute__((constructor(101))) static void real_start(void)
{
	bool has[LIBRARY_NAMES] = {false};
	const uint32_t *tid;

	dl_iterate_phdr(find_libraries, has);
	for (int id = 0; id < REAL_COUNT; id++) {
		if (real_table[id] || (kinds[id] > KIND_CODE && !has[kinds[id]]))
			continue;
		real_resolve((enum real_id)id);
	}
	/* The values that libthread_db reads: bits, elements, offset of the tid in struct
	 * pthread. */
	tid = quiet_dlsym(RTLD_NEXT, "_thread_db_pthread_tid");
	if (tid && tid[0] == 32 && tid[1] == 1)
		real_tid_offset = tid[2];
}

/* The function to which a plugin's call site was bound. seq is odd while the rest is
 * written. */
struct site {
	uint32_t seq;
	uint32_t id;
	const void *call_site;
	unsigned long long unloaded;
	void *real;
};
#define SITES 256
static struct site sites[SITES];

static struct site *site_of(enum real_id id, const void *call_site)
{
	uint64_t hash = ((uint64_t)(uintptr_t)call_site ^ (uint64_t)id << 48) *
			0x9e3779b97f4a7c15ull;

	return &sites[hash >> 56];
}

/* The fields are accessed in order by acquire and release operations, since
 * ThreadSanitizer does not support fences. */
static void *site_get(enum real_id id, const void *call_site, unsigned long long unloaded)
{
	struct site *site = site_of(id, call_site);
	uint32_t seq = __atomic_load_n(&site->seq, __ATOMIC_ACQUIRE);
	bool same = __atomic_load_n(&site->id, __ATOMIC_ACQUIRE) == (uint32_t)id &&
		    __atomic_load_n(&site->call_site, __ATOMIC_ACQUIRE) == call_site &&
		    __atomic_load_n(&site->unloaded, __ATOMIC_ACQUIRE) == unloaded;
	void *real = __atomic_load_n(&site->real, __ATOMIC_ACQUIRE);

	if (!same || (seq & 1) || __atomic_load_n(&site->seq, __ATOMIC_RELAXED) != seq)
		return NULL;
	return real;
}

static void site_put(enum real_id id, const void *call_site, unsigned long long unloaded,
		     void *real)
{
	struct site *site = site_of(id, call_site);
	uint32_t seq = __atomic_load_n(&site->seq, __ATOMIC_RELAXED);

	/* Another thread is writing here. Its entry is kept, and this one is not
	 * stored. */
	if ((seq & 1) || !__atomic_compare_exchange_n(&site->seq, &seq, seq + 1, false,
						      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&site->id, (uint32_t)id, __ATOMIC_RELEASE);
	__atomic_store_n(&site->call_site, call_site, __ATOMIC_RELEASE);
	__atomic_store_n(&site->unloaded, unloaded, __ATOMIC_RELEASE);
	__atomic_store_n(&site->real, real, __ATOMIC_RELEASE);
	__atomic_store_n(&site->seq, seq + 2, __ATOMIC_RELEASE);
}

static int count_unloaded(struct dl_phdr_info *info, size_t bytes, void *count)
{
	*(unsigned long long *)count = info->dlpi_subs;
	return 1;
}

static bool is_ours(const void *address)
{
	Dl_info mine, theirs;

	return dladdr((void *)real_table, &mine) && dladdr(address, &theirs) &&
	       mine.dli_fbase == theirs.dli_fbase;
}

/* Looks the function up from one loaded object and its dependencies. */
static void *real_from(const char *object, const char *name)
{
	void *handle = dlopen(object, RTLD_NOLOAD | RTLD_LAZY);
	void *real;

	if (!handle) {
		dlerror();
		return NULL;
	}
	real = quiet_dlsym(handle, name);
	dlclose(handle);
	return real && !is_ours(real) ? real : NULL;
}

#define OBJECT_PATH_MAX 4096
struct object_wanted {
	unsigned index;
	unsigned seen;
	char path[OBJECT_PATH_MAX];
};

static int find_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct object_wanted *wanted = context;

	if (wanted->seen++ != wanted->index)
		return 0;
	/* A path that is too long is skipped; the text stays empty. */
	if (strlen(info->dlpi_name) < sizeof(wanted->path))
		memcpy(wanted->path, info->dlpi_name, strlen(info->dlpi_name) + 1);
	return 1;
}

/* The names are copied first, because dlopen() under the lock of dl_iterate_phdr() could
 * deadlock. */
static void *real_anywhere(const char *name)
{
	struct object_wanted wanted = {.index = 0};

	for (;; wanted.index++) {
		wanted.seen = 0;
		wanted.path[0] = '\0';
		if (dl_iterate_phdr(find_object, &wanted) == 0)
			return NULL;
		void *real = wanted.path[0] ? real_from(wanted.path, name) : NULL;
		if (real)
			return real;
	}
}

void *real_resolve_for(enum real_id id, const void *call_site)
{
	unsigned long long unloaded = 0;
	const char *name = real_name(id);
	int saved = errno;
	Dl_info caller;
	void *real;

	dl_iterate_phdr(count_unloaded, &unloaded);
	real = site_get(id, call_site, unloaded);
	if (real)
		return real;
	real = quiet_dlsym(RTLD_NEXT, name);
	if (!real && dladdr(call_site, &caller) && caller.dli_fname)
		real = real_from(caller.dli_fname, name);
	if (!real)
		real = real_anywhere(name);
	errno = saved;
	if (!real)
		return real_missing(id);
	site_put(id, call_site, unloaded, real);
	return real;
}
