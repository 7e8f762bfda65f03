/* SPDX-License-Identifier: MIT */
/* Every process is looked at when it is first seen, in each search while it is young,
 * because it may yet call exec or be moved to its cgroup, and rarely after that. Not by
 * libproc2, which reads every process each time. */
#include "source/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/text.h"
#include "source/proc/pages.h"
#include "source/proc/process.h"
#include "source/processes.h"

#define WORD_BYTES      4096u
#define CGROUP_MAX      4096u
#define YOUNG_NS        (10 * CLOCK_SECOND_NS)
/* Older processes are looked at once in this many searches. */
#define OLD_ROUNDS      16u
#define DEPTH_MAX       64u /* generations of a tree */
#define CONTAINER_LEAST 6u
#define CONTAINER_ID    64u

enum word_kind {
	WORD_PID,
	WORD_NAME,
	WORD_CGROUP,
	WORD_TREE,
	WORD_CONTAINER,
	WORD_EITHER, /* a name or a container */
};

static const struct word_form {
	const char *prefix;
	enum word_kind kind;
} forms[] = {
	{"name:", WORD_NAME},
	{"cgroup:", WORD_CGROUP},
	{"tree:", WORD_TREE},
	{"container:", WORD_CONTAINER},
};

struct word {
	enum word_kind kind;
	char *text;     /* as the user wrote it; allocated */
	const char *is; /* the part of it behind the prefix */
	pid_t pid;      /* of a pid or tree; 0 once it has ended */
	uint64_t start_ticks;
	size_t matched; /* in the last search */
	bool meant;     /* it has meant a process */
	bool told;      /* words_ended() has said that there is none any more */
};

/* A process that exists. */
struct known {
	pid_t pid, ppid;
	uint64_t start_ticks;
	int64_t young_until_ns;
	uint64_t words;  /* a bit for each word that means it */
	bool unfit;      /* a kernel thread, ended, or we ourselves */
	uint8_t visited; /* while trees are followed */
	char name[PROC_COMM_MAX];
};

struct words {
	struct word list[WORDS_MAX];
	size_t nr;
	struct pages *pages;
	struct known *known, *before; /* ordered by pid */
	size_t nr_known, cap_known, nr_before, cap_before;
	struct words_process *found;
	size_t nr_found, cap_found;
	unsigned round;
	uint64_t trees; /* a bit for each word that is a tree */
};

struct words *words_new(void)
{
	struct words *words = calloc(1, sizeof(*words));

	if (words)
		words->pages = pages_new(NULL);
	if (words && !words->pages) {
		free(words);
		return NULL;
	}
	return words;
}

void words_free(struct words *words)
{
	if (!words)
		return;
	for (size_t i = 0; i < words->nr; i++)
		free(words->list[i].text);
	pages_free(words->pages);
	free(words->known);
	free(words->before);
	free(words->found);
	free(words);
}

size_t words_count(const struct words *words)
{
	return words->nr;
}

const char *words_text(const struct words *words, size_t word)
{
	return words->list[word].text;
}

static const struct word_form *form_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (text_starts_with(text, forms[i].prefix))
			return &forms[i];
	return NULL;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

bool words_is_form(const char *text)
{
	return form_of(text) != NULL;
}

bool words_may_be_container(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return digits >= CONTAINER_LEAST && digits <= CONTAINER_ID &&
	       text[digits] == '\0';
}

/* A pid means the process that has it now. */
static int read_pid(struct word *word, struct err *e)
{
	struct proc_stat stat;
	int rc = source_resolve(word->is, true, &word->pid, e);
	struct process process = process_named(word->pid);

	if (rc == ERR_NOTFOUND && word->kind == WORD_PID &&
	    words_may_be_container(word->is)) {
		word->kind = WORD_EITHER;
		err_clear(e);
		return 0;
	}
	if (rc == 0 && process_stat(&process, &stat) == 0)
		word->start_ticks = stat.start_ticks;
	return rc;
}

static int check_word(struct word *word, struct err *e)
{
	switch (word->kind) {
	case WORD_PID:
	case WORD_TREE:
		if (is_number(word->is))
			return read_pid(word, e);
		return err_set(e, ERR_USAGE,
			       "tree: needs a process id, such as tree:4711; 'grmon-c "
			       "ls' lists the processes");
	case WORD_CGROUP:
		if (word->is[0] == '/')
			return 0;
		return err_set(e, ERR_USAGE,
			       "cgroup: needs a path from the root of the cgroups, such "
			       "as cgroup:/system.slice/web.service");
	case WORD_CONTAINER:
		if (words_may_be_container(word->is))
			return 0;
		return err_set(e, ERR_USAGE,
			       "container: needs the first %u or more digits of the "
			       "container's id, as 'docker ps' prints them",
			       CONTAINER_LEAST);
	default:
		if (word->is[0])
			return 0;
		return err_set(e, ERR_USAGE,
			       "name: needs the name of processes, such as name:nginx");
	}
}

int words_add(struct words *words, const char *text, struct err *e)
{
	const struct word_form *form = form_of(text);
	struct word *word = &words->list[words->nr];
	int rc;

	if (strlen(text) >= WORD_BYTES)
		return err_set(e, ERR_USAGE, "'%.40s…' is too long to name a process",
			       text);
	for (size_t i = 0; i < words->nr; i++)
		if (strcmp(words->list[i].text, text) == 0)
			return 0;
	if (words->nr == WORDS_MAX)
		return err_set(e, ERR_USAGE,
			       "at most %u words can name targets; use cgroup:PATH to "
			       "name many at once",
			       WORDS_MAX);
	memset(word, 0, sizeof(*word));
	word->text = strdup(text);
	if (!word->text)
		return err_set(e, ERR_NOMEM, "out of memory for the names of targets");
	word->kind = form                           ? form->kind
		     : is_number(text)              ? WORD_PID
		     : words_may_be_container(text) ? WORD_EITHER
						    : WORD_NAME;
	word->is = word->text + (form ? strlen(form->prefix) : 0);
	rc = check_word(word, e);
	if (rc != 0) {
		free(word->text);
		return rc;
	}
	if (word->kind == WORD_TREE)
		words->trees |= 1ull << words->nr;
	words->nr++;
	return 0;
}

/* Returns the path of a line of /proc/PID/cgroup, of version 2 or any hierarchy of version
 * 1, or NULL. */
static const char *cgroup_of_line(const char *line)
{
	const char *colon = strchr(line, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon ? colon + 1 : NULL;
}

/* Returns true if the cgroup is `path` or below it. */
static bool is_below(const char *cgroup, const char *path)
{
	size_t length = strlen(path);

	while (length > 0 && path[length - 1] == '/')
		length--;
	return strncmp(cgroup, path, length) == 0 &&
	       (cgroup[length] == '\0' || cgroup[length] == '/');
}

/* Returns true if the cgroup belongs to a container whose id begins with `id`: a run of 64
 * hexadecimal digits in any part of the path. Docker, containerd, CRI-O and Podman all use
 * such ids, with different words around them. */
static bool has_container(const char *cgroup, const char *id)
{
	for (const char *at = cgroup; *at;) {
		size_t digits = strspn(at, "0123456789abcdef");

		if (digits == CONTAINER_ID && strncmp(at, id, strlen(id)) == 0)
			return true;
		at += digits ? digits : 1;
	}
	return false;
}

/* Returns true if a text of /proc/PID/cgroup, which is changed, fits the word. */
static bool cgroup_text_fits(char *text, enum word_kind kind, const char *is)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		const char *cgroup = cgroup_of_line(line);

		if (cgroup && (kind == WORD_CGROUP ? is_below(cgroup, is)
						   : has_container(cgroup, is)))
			return true;
	}
	return false;
}

static bool cgroup_fits(pid_t pid, enum word_kind kind, const char *is)
{
	struct process process = process_named(pid);
	char text[CGROUP_MAX];

	return process_text(&process, PROCESS_CGROUP, text, sizeof(text)) > 0 &&
	       cgroup_text_fits(text, kind, is);
}

static bool is_process_of(const struct known *known, const struct word *word)
{
	return word->pid > 0 && known->pid == word->pid &&
	       (word->start_ticks == 0 || known->start_ticks == word->start_ticks);
}

static bool fits(const struct words *words, const struct known *known,
		 const struct word *word)
{
	switch (word->kind) {
	case WORD_PID:
	case WORD_TREE:
		return is_process_of(known, word);
	case WORD_NAME:
		return source_has_name(known->pid, words->pages, word->is);
	case WORD_CGROUP:
	case WORD_CONTAINER:
		return cgroup_fits(known->pid, word->kind, word->is);
	case WORD_EITHER:
		return source_has_name(known->pid, words->pages, word->is) ||
		       cgroup_fits(known->pid, word->kind, word->is);
	}
	return false;
}

/* Reads what a process is, and finds the word that means it. Children in a tree are found
 * later. */
static bool look_at(struct words *words, struct known *known)
{
	struct process process = process_named(known->pid);
	uint64_t before = known->words;
	struct proc_stat stat;

	if (process_stat(&process, &stat) != 0)
		return false;
	if (known->start_ticks != stat.start_ticks)
		before = 0;
	known->ppid = stat.ppid;
	known->start_ticks = stat.start_ticks;
	known->young_until_ns = proc_ticks_to_mono_ns(stat.start_ticks) + YOUNG_NS;
	memcpy(known->name, stat.comm, sizeof(known->name));
	known->unfit = proc_has_ended(&stat) || (stat.kernel_flags & PROC_PF_KTHREAD) ||
		       source_is_self(known->pid);
	/* A child stays in its tree when its parent has ended. */
	known->words = known->unfit ? 0 : before & words->trees;
	for (size_t i = 0; i < words->nr && !known->unfit; i++)
		if (fits(words, known, &words->list[i]))
			known->words |= 1ull << i;
	return true;
}

static int compare_known(const void *a, const void *b)
{
	return ORDER(((const struct known *)a)->pid, ((const struct known *)b)->pid);
}

static struct known *find_known(struct known *list, size_t nr, pid_t pid)
{
	struct known key = {.pid = pid};

	return nr ? bsearch(&key, list, nr, sizeof(*list), compare_known) : NULL;
}

static void begin_list(struct words *words)
{
	struct known *list = words->before;
	size_t capacity = words->cap_before;

	words->before = words->known;
	words->nr_before = words->nr_known;
	words->cap_before = words->cap_known;
	words->known = list;
	words->cap_known = capacity;
	words->nr_known = 0;
}

/* Lists all processes; keeps what is known of those that were there before. */
static int list_processes(struct words *words, struct err *e)
{
	int64_t now_ns = clock_mono_ns();
	struct process_list list;
	struct process process;

	begin_list(words);
	if (!process_list_open(&list))
		return err_set(e, ERR_SYS, "cannot read /proc; is it mounted?");
	while (process_list_next(&list, &process)) {
		const struct known *was =
			find_known(words->before, words->nr_before, process.pid);
		struct known known = {.pid = process.pid};
		bool look = true;

		if (was) {
			known = *was;
			look = now_ns < was->young_until_ns ||
			       ((unsigned)process.pid + words->round) % OLD_ROUNDS == 0;
		}
		known.visited = 0;
		if (look && !look_at(words, &known))
			continue;
		if (!array_reserve(&words->known, &words->cap_known, words->nr_known + 1))
			break;
		words->known[words->nr_known++] = known;
	}
	process_list_close(&list);
	if (words->nr_known)
		qsort(words->known, words->nr_known, sizeof(*words->known),
		      compare_known);
	words->round++;
	return 0;
}

/* Gives each process the trees of its parents. */
static void follow_trees(struct words *words)
{
	for (size_t i = 0; i < words->nr_known && words->trees; i++) {
		struct known *path[DEPTH_MAX];
		struct known *at = &words->known[i];
		uint64_t trees;
		size_t depth = 0;

		while (at && !at->visited && depth < DEPTH_MAX) {
			at->visited = 1;
			path[depth++] = at;
			at = at->ppid > 0
				     ? find_known(words->known, words->nr_known, at->ppid)
				     : NULL;
		}
		for (trees = at ? at->words & words->trees : 0; depth-- > 0;
		     trees = path[depth]->words & words->trees)
			if (!path[depth]->unfit)
				path[depth]->words |= trees;
	}
}

static bool add_found(struct words *words, const struct known *known)
{
	struct words_process *found;

	if (!array_reserve(&words->found, &words->cap_found, words->nr_found + 1))
		return false;
	found = &words->found[words->nr_found++];
	found->pid = known->pid;
	found->word = (size_t)__builtin_ctzll(known->words);
	found->start_ticks = known->start_ticks;
	memcpy(found->name, known->name, sizeof(found->name));
	for (size_t i = 0; i < words->nr; i++)
		if (known->words >> i & 1) {
			words->list[i].matched++;
			words->list[i].meant = true;
		}
	return true;
}

int words_find(struct words *words, const struct words_process **found, size_t *count,
	       struct err *e)
{
	int rc = list_processes(words, e);

	words->nr_found = 0;
	for (size_t i = 0; i < words->nr; i++)
		words->list[i].matched = 0;
	if (rc == 0)
		follow_trees(words);
	for (size_t i = 0; rc == 0 && i < words->nr_known; i++)
		if (words->known[i].words && !add_found(words, &words->known[i]))
			rc = err_set(e, ERR_NOMEM, "out of memory for the processes");
	*found = words->found;
	*count = words->nr_found;
	return rc;
}

void words_forget(struct words *words, pid_t pid)
{
	struct known *known = find_known(words->known, words->nr_known, pid);

	if (known) {
		known->words = 0;
		known->young_until_ns = clock_mono_ns() + YOUNG_NS;
	}
	for (size_t i = 0; i < words->nr; i++)
		if (words->list[i].kind == WORD_PID && words->list[i].pid == pid)
			words->list[i].pid = 0;
}

/* Returns true if the word has meant a process, and never will again. */
static bool has_ended(const struct word *word)
{
	return word->meant && word->matched == 0 &&
	       (word->kind == WORD_PID || word->kind == WORD_TREE);
}

bool words_can_grow(const struct words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		if (words->list[i].kind != WORD_PID &&
		    (words->list[i].kind != WORD_TREE || words->list[i].matched > 0))
			return true;
	return false;
}

const char *words_empty(const struct words *words, char out[ERR_TEXT_MAX])
{
	static const char *const what[] = {
		[WORD_PID] = "no process has the id",
		[WORD_NAME] = "no process is called",
		[WORD_CGROUP] = "no process is in the cgroup",
		[WORD_TREE] = "no process is left of the tree of",
		[WORD_CONTAINER] = "no process is in a container whose id begins with",
		[WORD_EITHER] = "no process or container is called",
	};

	for (size_t i = 0; i < words->nr; i++) {
		const struct word *word = &words->list[i];

		if (word->matched > 0 || has_ended(word))
			continue;
		if (word->kind == WORD_EITHER && is_number(word->is))
			snprintf(out, ERR_TEXT_MAX,
				 "there is no process %.64s, and no container whose id "
				 "begins with it; 'grmon-c ls' lists the processes",
				 word->is);
		else
			snprintf(out, ERR_TEXT_MAX,
				 "%s '%.200s'; 'grmon-c ls' lists those that can be "
				 "watched",
				 what[word->kind], word->is);
		return out;
	}
	return NULL;
}

const char *words_ended(struct words *words, char out[ERR_TEXT_MAX])
{
	for (size_t i = 0; i < words->nr; i++) {
		struct word *word = &words->list[i];

		if (word->told || !has_ended(word))
			continue;
		word->told = true;
		snprintf(out, ERR_TEXT_MAX,
			 word->kind == WORD_PID
				 ? "process %.20s has ended"
				 : "all processes of the tree of %.20s have ended",
			 word->is);
		return out;
	}
	return NULL;
}
