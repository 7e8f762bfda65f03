/* SPDX-License-Identifier: MIT */
/*
 * The constructor, and the calls with which a program starts, stops and queries the
 * agent. A program that requests the agent (it is linked with it, calls grmon_start() or
 * sets GRMON_SOCKET=1) gets a server thread and a socket. A program that merely has it
 * preloaded gets neither.
 */
#include "agent/attach.h"
#include "agent/filter.h"
#include "agent/memfd.h"
#include "agent/region.h"
#include "agent/server.h"
#include "agent/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_SONAME "libgrmon.so"

static bool start_is(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && strcmp(is, value) == 0;
}

/* Reads a directory name from the environment. A name that is too long is ignored. */
static void start_folder(char *folder, size_t bytes, const char *name)
{
	const char *value = secure_getenv(name);

	if (value && value[0] == '/' && strlen(value) < bytes)
		agent_copy_text(folder, value, bytes);
}

/*
 * GRMON_CHILDREN=0 also applies after exec. The first process stores its pid in the
 * environment, and a process that finds a different pid there does not publish.
 */
static bool start_is_child(void)
{
	char pid[16];
	const char *root = getenv("GRMON_ROOT_PID");

	snprintf(pid, sizeof(pid), "%d", (int)agent_own_pid());
	if (root)
		return strcmp(root, pid) != 0;
	setenv("GRMON_ROOT_PID", pid, 1);
	return false;
}

/* Sets *found if a loaded object lists this library among its dependencies. */
static int start_needs_us(struct dl_phdr_info *info, size_t bytes, void *found)
{
	const ElfW(Dyn) *dynamic = NULL;
	const char *strings = NULL;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic = (const ElfW(Dyn) *)(info->dlpi_addr +
						      info->dlpi_phdr[i].p_vaddr);
	for (const ElfW(Dyn) *entry = dynamic; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_STRTAB)
			strings = (const char *)entry->d_un.d_ptr;
	/* The kernel's own object is not relocated and has no dependencies. */
	if (!strings || (uintptr_t)strings < info->dlpi_addr)
		return 0;
	for (const ElfW(Dyn) *entry = dynamic; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_NEEDED &&
		    strncmp(strings + entry->d_un.d_val, START_SONAME,
			    sizeof(START_SONAME) - 1) == 0) {
			*(bool *)found = true;
			return 1;
		}
	return 0;
}

/* Returns whether this library is part of the program, or a dependency of the program or
 * of one of its libraries. */
static bool start_is_linked(void)
{
	Dl_info ours;
	bool found = false;

	if (!dladdr((void *)&agent, &ours) || !ours.dli_fname ||
	    !strstr(ours.dli_fname, START_SONAME))
		return true;
	dl_iterate_phdr(start_needs_us, &found);
	return found;
}

static const char *start_problem(void)
{
	if (start_is("GRMON_DISABLE", "1"))
		return "disabled by GRMON_DISABLE";
	if (agent.no_children && start_is_child())
		return "disabled for child processes by GRMON_CHILDREN=0";
	return agent_region_first();
}

__attribute__((constructor)) static void start_constructor(void)
{
	int saved = errno;
	const char *problem;

	agent.preloaded = !start_is_linked();
	agent.no_children = start_is("GRMON_CHILDREN", "0");
	agent.filtered = agent_filter_inherited() ? AGENT_FILTER_INHERITED : 0;
	agent.serves = !agent.preloaded || start_is("GRMON_SOCKET", "1");
	problem = start_problem();
	if (problem) {
		agent_set_status(problem);
		errno = saved;
		return;
	}
	start_folder(agent.socket_dir, sizeof(agent.socket_dir), "GRMON_SOCKET_DIR");
	start_folder(agent.runtime_dir, sizeof(agent.runtime_dir), "XDG_RUNTIME_DIR");
	agent_thread_setup();
	agent_set_status("publishing");
	agent.off = 0;
	agent_attach();
	if (agent.serves)
		agent_thread_watch_main();
	errno = saved;
}

const char *grmon_status(void)
{
	return __atomic_load_n(&agent.status, __ATOMIC_ACQUIRE);
}

/* Applies the options, which a caller built with an older or newer header may have
 * provided. */
static int start_options(const struct grmon_options *options)
{
	const char *folder = NULL;

	if (!options)
		return GRMON_OK;
	if (options->size < sizeof(options->size))
		return GRMON_EINVAL;
	if (options->size >=
	    offsetof(struct grmon_options, socket_dir) + sizeof(options->socket_dir))
		folder = options->socket_dir;
	if (!folder)
		return GRMON_OK;
	if (strlen(folder) >= sizeof(agent.socket_dir))
		return GRMON_EINVAL;
	if (agent.control && agent_load(&agent.control->server) == AGENT_SERVER_NONE)
		agent_copy_text(agent.socket_dir, folder, sizeof(agent.socket_dir));
	return GRMON_OK;
}

int grmon_start(const struct grmon_options *options)
{
	int saved = errno;
	int rc = start_options(options);

	if (rc != GRMON_OK)
		goto out;
	rc = GRMON_ENOSLOT;
	if (!agent_region_ready())
		goto out;
	agent_attach();
	agent.serves = true;
	agent_thread_watch_main();
	rc = agent_server_ensure() ? GRMON_OK : GRMON_ENOMEM;
out:
	errno = saved;
	return rc;
}

void grmon_stop(void)
{
	int saved = errno;

	if (!agent_load(&agent.off)) {
		agent_store(&agent.off, 1);
		agent_set_status("stopped by grmon_stop()");
		if (agent_load(agent.live) != 0)
			__atomic_fetch_or(&agent.header->flags, WIRE_STOPPED,
					  __ATOMIC_RELEASE);
		__atomic_store_n(&agent.control->generation, 0, __ATOMIC_RELEASE);
		agent_server_stop();
		if (!agent_load(&agent.filtered))
			agent_fd_close();
	}
	errno = saved;
}
