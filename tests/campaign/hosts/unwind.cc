// SPDX-License-Identifier: MIT
// Ends of threads that run through frames of C++, and an exception that nobody catches.
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

struct guard {
	const char *name;
	~guard() { std::printf("~%s\n", name); }
};

static void deep(int how, int depth)
{
	guard g{"deep"};
	if (depth > 0) {
		deep(how, depth - 1);
		return;
	}
	switch (how) {
	case 0: throw std::runtime_error("thrown");
	case 1: pthread_exit(const_cast<char *>("left"));
	case 2:
		for (;;)
			pause();
	}
}

static void *run(void *how)
{
	guard g{"run"};
	try {
		deep(*static_cast<int *>(how), 3);
	} catch (const std::runtime_error &error) {
		std::printf("caught %s\n", error.what());
	}
	return const_cast<char *>("returned");
}

static thread_local guard local{"thread_local"};

int main()
{
	for (int how = 0; how < 3; how++) {
		pthread_t thread;
		void *result = nullptr;

		pthread_create(&thread, nullptr, run, &how);
		if (how == 2) {
			usleep(50000);
			pthread_cancel(thread);
		}
		pthread_join(thread, &result);
		std::puts(result == PTHREAD_CANCELED ? "cancelled" : static_cast<char *>(result));
	}
	std::thread([] { std::printf("in %s\n", local.name); }).join();
	try {
		std::async(std::launch::async, [] { throw std::logic_error("carried"); }).get();
	} catch (const std::logic_error &error) {
		std::printf("future: %s\n", error.what());
	}
	std::fflush(stdout);
	for (int how = 0; how < 2; how++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (how == 0)
				std::thread([] { throw 1; }).join();
			std::set_terminate([] { std::puts("terminate"); std::fflush(stdout); _exit(4); });
			pthread_t thread;
			pthread_create(&thread, nullptr,
				       [](void *) -> void * { throw 2; }, nullptr);
			pthread_join(thread, nullptr);
			_exit(0);
		}
		int status;
		waitpid(pid, &status, 0);
		std::printf("nobody catches (%d): %#x\n", how, status & 0x7f ? status & 0x7f : status);
		std::fflush(stdout);
	}
	return 0;
}
