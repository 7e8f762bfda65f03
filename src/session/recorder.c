/* SPDX-License-Identifier: MIT */
/* The stream of `grmon-c record`, fed by the view's samples. */
#include "session/recorder.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void set_message(struct recorder_of_view *recorder, const char *text)
{
	snprintf(recorder->state.message, sizeof(recorder->state.message), "%s", text);
}

void recorder_start(struct recorder_of_view *recorder, const char *path)
{
	struct err e = {0};

	recorder_stop(recorder);
	memset(recorder, 0, sizeof(*recorder));
	snprintf(recorder->state.path, sizeof(recorder->state.path), "%s", path);
	recorder->state.on = true; /* so that the view sees it end */
	recorder->state.begin_ns = clock_mono_ns();
	recorder->file.path = recorder->state.path;
	recorder->file.fd = -1;
	buf_init(&recorder->lines, 0);
	/* With SIGXFSZ ignored, a file-size limit is a write error, not the end of the
	 * program. */
	signal(SIGXFSZ, SIG_IGN);
	recorder->stream = stream_new();
	if (!recorder->stream)
		err_set(&e, ERR_NOMEM, "out of memory: cannot record");
	else
		rec_file_open(&recorder->file, &e);
	if (e.code == 0)
		return;
	set_message(recorder, e.text);
	recorder_stop(recorder);
}

void recorder_put(struct recorder_of_view *recorder, struct snapshot *snapshot)
{
	struct err e = {0};
	int rc;

	if (!recorder->state.on)
		return;
	rc = stream_put(recorder->stream, snapshot, &recorder->lines, &e);
	if (rc == 0)
		rc = rec_file_write(&recorder->file, &recorder->lines, &e);
	recorder->state.bytes = recorder->file.bytes;
	recorder->state.failing = rc != 0;
	set_message(recorder, rc != 0 ? e.text : "");
	if (rc != 0)
		stream_restart(recorder->stream);
}

void recorder_stop(struct recorder_of_view *recorder)
{
	struct err e = {0};

	if (!recorder->state.on)
		return;
	recorder->state.on = recorder->state.failing = false;
	if (recorder->file.fd >= 0 && rec_file_close(&recorder->file, &e) != 0 &&
	    recorder->state.message[0] == '\0')
		set_message(recorder, e.text);
	stream_free(recorder->stream);
	recorder->stream = NULL;
	buf_release(&recorder->lines);
}
