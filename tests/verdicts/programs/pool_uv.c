// SPDX-License-Identifier: MIT
// build: -luv
// libuv: its loop and its pool. Works once per line.
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static volatile int sink;

static void work(uv_work_t *request)
{
	(void)request;
	for (int i = 0; i < 1000; i++)
		sink += i;
}
static void done(uv_work_t *request, int status)
{
	(void)status;
	free(request);
}
static void room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	static char bytes[100];

	(void)handle;
	(void)size;
	*buffer = uv_buf_init(bytes, sizeof(bytes));
}
static void line(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	if (count < 0)
		uv_read_stop(stream);
	for (int i = 0; count > 0 && i < 4; i++)
		uv_queue_work(stream->loop, malloc(sizeof(uv_work_t)), work, done);
}
static void on_signal(uv_signal_t *handle, int number)
{
	(void)handle;
	exit(number);
}

int main(void)
{
	uv_loop_t *loop = uv_default_loop();
	uv_signal_t quit;
	uv_pipe_t input;

	uv_signal_init(loop, &quit);
	uv_signal_start(&quit, on_signal, 15);
	uv_pipe_init(loop, &input, 0);
	uv_pipe_open(&input, 0);
	uv_read_start((uv_stream_t *)&input, room, line);
	puts("ready");
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
