/* SPDX-License-Identifier: MIT */
/* Which processes words mean: forms, cgroups and containers as different managers name
 * them, and trees of real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/mman.h>

#include "../../../src/source/words.c"

#include "source_child.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool in_cgroup(const char *text, enum word_kind kind, const char *is)
{
	char copy[CGROUP_MAX];

	snprintf(copy, sizeof(copy), "%s", text);
	return cgroup_text_fits(copy, kind, is);
}

static void cgroups(void **state)
{
	(void)state;
	assert_true(in_cgroup("0::/a/b\n", WORD_CGROUP, "/a/b"));
	assert_true(in_cgroup("0::/a/b/c\n", WORD_CGROUP, "/a/b"));
	assert_true(in_cgroup("0::/a/b\n", WORD_CGROUP, "/a/b/"));
	assert_true(in_cgroup("0::/a/b\n", WORD_CGROUP, "/"));
	assert_false(in_cgroup("0::/a/bc\n", WORD_CGROUP, "/a/b"));
	assert_false(in_cgroup("0::/a\n", WORD_CGROUP, "/a/b"));
	/* Version 1 has a line for each hierarchy. */
	assert_true(in_cgroup("9:name=systemd:/\n4:memory:/a/b\n0::/\n", WORD_CGROUP,
			      "/a/b"));
	assert_false(in_cgroup("no colon\n:\n1:\n", WORD_CGROUP, "/a"));
	assert_false(in_cgroup("", WORD_CGROUP, "/a"));
}

static void containers(void **state)
{
	static const char *const texts[] = {
		"0::/system.slice/docker-" ID ".scope\n",
		"4:memory:/docker/" ID "\n",
		"0::/kubepods.slice/kubepods-burstable.slice/"
		"kubepods-burstable-pod1f2e3d4c_5b6a_7988_a7b6_c5d4e3f20112.slice/"
		"cri-containerd-" ID ".scope\n",
		"0::/kubepods/besteffort/pod1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20112/" ID
		"\n",
		"0::/machine.slice/libpod-" ID ".scope/container\n",
		"0::/system.slice/containerd.service/kubepods-pod1:cri-containerd:" ID
		"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		assert_true(in_cgroup(texts[i], WORD_CONTAINER, "0123456789ab"));
		assert_true(in_cgroup(texts[i], WORD_CONTAINER, ID));
		assert_false(in_cgroup(texts[i], WORD_CONTAINER, "123456789abc"));
		/* The id of a pod is not that of a container. */
		assert_false(in_cgroup(texts[i], WORD_CONTAINER, "1f2e3d4c"));
	}
	assert_false(in_cgroup("0::/docker/" ID "0\n", WORD_CONTAINER, "012345"));
}

static void forms_of_words(void **state)
{
	struct words *words = words_new();
	struct err e;

	(void)state;
	assert_true(words_is_form("tree:1") && words_is_form("cgroup:/a"));
	assert_false(words_is_form("nginx") || words_is_form("a:b"));
	assert_true(words_may_be_container("0a1b2c") && words_may_be_container(ID));
	assert_false(words_may_be_container("0a1b2") ||
		     words_may_be_container("0a1b2x") || words_may_be_container(ID "0"));
	assert_int_equal(words_add(words, "cgroup:a", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "cgroup:/system.slice/web.service"));
	assert_int_equal(words_add(words, "tree:nginx", &e), ERR_USAGE);
	assert_int_equal(words_add(words, "tree:4194999", &e), ERR_NOTFOUND);
	assert_int_equal(words_add(words, "container:12", &e), ERR_USAGE);
	assert_int_equal(words_add(words, "name:", &e), ERR_USAGE);
	assert_int_equal(words_add(words, "999", &e), ERR_NOTFOUND);
	assert_int_equal(words_count(words), 0);
	assert_int_equal(words_add(words, "nginx", &e), 0);
	assert_int_equal(words_add(words, "nginx", &e), 0);
	assert_int_equal(words_count(words), 1);
	assert_true(words_can_grow(words));
	words_free(words);
}

static void starts_child(void *arg)
{
	pid_t pid = fork();

	if (pid > 0)
		*(pid_t *)arg = pid;
	for (;;)
		pause();
}

static bool means(struct words *words, pid_t pid)
{
	const struct words_process *found;
	size_t count;

	assert_int_equal(words_find(words, &found, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		if (found[i].pid == pid)
			return true;
	return false;
}

static bool comes_to_mean(struct words *words, pid_t pid, bool wanted)
{
	int64_t limit_ns = clock_mono_ns() + WAIT_LIMIT_NS;

	while (means(words, pid) != wanted)
		if (clock_mono_ns() > limit_ns)
			return false;
	return true;
}

/* A child stays in the tree when its parent has ended, and so do its own children. */
static void trees(void **state)
{
	pid_t *child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct words *words = words_new();
	char text[ERR_TEXT_MAX];
	pid_t parent;

	(void)state;
	parent = child_start(starts_child, child);
	snprintf(text, sizeof(text), "tree:%d", (int)parent);
	assert_int_equal(words_add(words, text, NULL), 0);
	assert_true(comes_to_mean(words, parent, true));
	while (!*(volatile pid_t *)child)
		clock_sleep_ns(CLOCK_MS_NS);
	assert_true(comes_to_mean(words, *child, true));
	assert_null(words_empty(words, text));
	assert_false(means(words, getppid()));
	child_stop(parent);
	assert_true(comes_to_mean(words, parent, false));
	assert_true(means(words, *child));
	assert_true(words_can_grow(words));
	assert_true(*child > 0);
	kill(*child, SIGKILL);
	assert_true(comes_to_mean(words, *child, false));
	assert_false(words_can_grow(words));
	assert_null(words_empty(words, text));
	assert_non_null(strstr(words_ended(words, text), "tree"));
	words_free(words);
	munmap(child, sizeof(*child));
}

static void pauses(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void pids_end(void **state)
{
	struct words *words = words_new();
	pid_t pid = child_start(pauses, NULL);
	char text[ERR_TEXT_MAX];

	(void)state;
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(words_add(words, text, NULL), 0);
	assert_true(means(words, pid));
	assert_false(words_can_grow(words));
	/* The caller sees it end. Its id may mean another process from then on. */
	assert_null(words_ended(words, text));
	words_forget(words, pid);
	assert_false(means(words, pid));
	/* That is said once. */
	assert_null(words_empty(words, text));
	assert_non_null(strstr(words_ended(words, text), "has ended"));
	assert_null(words_ended(words, text));
	words_free(words);
	child_stop(pid);
}

static void *outlives_the_first(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void first_thread_ends(void *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, outlives_the_first, NULL);
	pthread_exit(NULL);
}

/* A process lives until its last thread ends. */
static void first_threads_end(void **state)
{
	struct words *words = words_new();
	pid_t pid = child_start(first_thread_ends, NULL);
	struct process process = process_named(pid);
	struct proc_stat stat = {0};
	char text[ERR_TEXT_MAX];

	(void)state;
	while (stat.state != 'Z')
		assert_int_equal(process_stat(&process, &stat), 0);
	snprintf(text, sizeof(text), "tree:%d", (int)pid);
	assert_int_equal(words_add(words, text, NULL), 0);
	assert_int_equal(words_add(words, stat.comm, NULL), 0);
	assert_true(means(words, pid));
	assert_null(words_empty(words, text));
	kill(pid, SIGKILL);
	assert_true(comes_to_mean(words, pid, false));
	child_stop(pid);
	words_free(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroups),        cmocka_unit_test(containers),
		cmocka_unit_test(forms_of_words), cmocka_unit_test(trees),
		cmocka_unit_test(pids_end),       cmocka_unit_test(first_threads_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
