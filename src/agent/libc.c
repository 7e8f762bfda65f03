/* SPDX-License-Identifier: MIT */
/* The libc functions behind libgrmon's wrappers. */
#include "agent/libc.h"

#include <dlfcn.h>
#include <errno.h>

#include "agent/resolve.h"
#include "agent/sanitizer.h"

void *agent_libc(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/*
 * Creates the server's thread without the library's own pthread_create() wrapper. Under
 * ThreadSanitizer the sanitizer's wrapper is still used, because it must know every
 * thread that runs instrumented code.
 */
int agent_create_server(pthread_t *thread, const pthread_attr_t *attributes,
			void *(*routine)(void *))
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

#ifdef AGENT_THREAD_SANITIZED
	*(void **)&create = dlsym(RTLD_DEFAULT, "pthread_create");
#else
	*(void **)&create = real_libc(REAL_pthread_create);
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
