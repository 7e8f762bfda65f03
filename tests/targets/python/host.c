/* SPDX-License-Identifier: MIT */
/* A program in C that embeds Python, linked with libpython: one thread never runs Python, one
 * calls it, and the first one runs it. With "fork", it forks without telling the
 * interpreter; with "several", another thread runs another interpreter. */
#include <Python.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int called;

static void *of_c(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *calls_python(void *arg)
{
	PyGILState_STATE state = PyGILState_Ensure();

	called = 1;
	PyRun_SimpleString("import time\n"
			   "def called():\n"
			   "    time.sleep(3000)\n"
			   "called()\n");
	PyGILState_Release(state);
	return arg;
}

static void *runs_another(void *arg)
{
	PyGILState_Ensure();
	Py_NewInterpreter();
	PyRun_SimpleString("import time\n"
			   "def second_one():\n"
			   "    time.sleep(3000)\n"
			   "second_one()\n");
	return arg;
}

/* The child has the interpreter's word for a thread that only the parent has, and a thread
 * of its own on that thread's stack. */
static int fork_without_telling(void)
{
	pthread_t thread;
	pid_t child;

	pthread_create(&thread, NULL, calls_python, NULL);
	while (!called)
		usleep(1000);
	child = fork();
	if (child == 0) {
		pthread_create(&thread, NULL, of_c, NULL);
		of_c(NULL);
	}
	printf("ready %d\n", (int)child);
	fflush(stdout);
	of_c(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];
	PyThreadState *state;

	Py_Initialize();
	state = PyEval_SaveThread();
	if (argc > 1 && strcmp(argv[1], "fork") == 0)
		return fork_without_telling();
	pthread_create(&threads[0], NULL, of_c, NULL);
	pthread_create(&threads[1], NULL, calls_python, NULL);
	if (argc > 1 && strcmp(argv[1], "several") == 0)
		pthread_create(&threads[2], NULL, runs_another, NULL);
	PyEval_RestoreThread(state);
	return PyRun_SimpleString("import threading\n"
				  "def hosted():\n"
				  "    print('ready', flush=True)\n"
				  "    threading.Event().wait()\n"
				  "hosted()\n");
}
