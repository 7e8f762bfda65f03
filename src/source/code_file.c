/* SPDX-License-Identifier: MIT */
/* The name comes from the target, so the file can be anything: see proc/target_file.h. */
#include "source/code_file.h"

#include <unistd.h>

#include "base/fdio.h"
#include "source/proc/target_file.h"

/* Closes the file. */
static int read_opened(bool opened, const struct target_file *file, struct buf *out)
{
	int rc = -1;

	if (!opened)
		return -1;
	if (file->st.st_size > 0 && file->st.st_size <= (off_t)CODE_FILE_MAX)
		rc = fdio_read_all(file->fd, out, CODE_FILE_MAX, NULL);
	close(file->fd);
	return rc;
}

static int read_there(const struct process *process, const char *name, struct buf *out)
{
	struct target_file file;

	if (process->pid <= 0)
		return -1;
	return read_opened(name[0] == '/' ? target_file_open(&file, process, name)
					  : target_file_open_cwd(&file, process, name),
			   &file, out);
}

int code_file_read(pid_t pid, const char *name, struct buf *out)
{
	struct process process = process_named(pid);
	struct target_file file;
	bool elsewhere = pid > 0 && target_file_is_elsewhere(&process);

	if (elsewhere && read_there(&process, name, out) == 0)
		return 0;
	if (read_opened(target_file_open_here(&file, name), &file, out) == 0)
		return 0;
	return elsewhere ? -1 : read_there(&process, name, out);
}
