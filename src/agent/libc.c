/* SPDX-License-Identifier: MIT */
/* The libc functions behind libgrmon's wrappers. */
#include "agent/libc.h"

#include <dlfcn.h>
#include <errno.h>

#include "agent/sanitizer.h"

void *agent_libc(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

agent_create_fn agent_libc_create(void)
{
	agent_create_fn real = __atomic_load_n(&agent.create, __ATOMIC_RELAXED);

	if (AGENT_UNLIKELY(!real)) {
		*(void **)&real = agent_libc("pthread_create");
		__atomic_store_n(&agent.create, real, __ATOMIC_RELAXED);
	}
	return real;
}

/*
 * Creates the server's thread without the library's own pthread_create() wrapper. Under
 * ThreadSanitizer the sanitizer's wrapper is still used, because it must know every
 * thread that runs instrumented code.
 */
int agent_create_server(pthread_t *thread, const pthread_attr_t *attributes,
			void *(*routine)(void *))
{
	agent_create_fn create = agent_libc_create();

#ifdef AGENT_THREAD_SANITIZED
	*(void **)&create = dlsym(RTLD_DEFAULT, "pthread_create");
#endif
	return create ? create(thread, attributes, routine, NULL) : EAGAIN;
}

void agent_join_server(pthread_t thread)
{
	int (*join)(pthread_t, void **);

#ifdef AGENT_THREAD_SANITIZED
	*(void **)&join = dlsym(RTLD_DEFAULT, "pthread_join");
#else
	*(void **)&join = agent_libc("pthread_join");
#endif
	if (join)
		join(thread, NULL);
}
