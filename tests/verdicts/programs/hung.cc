// SPDX-License-Identifier: MIT
// hung KIND [SECONDS] in C++; see hung.c.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <future>
#include <mutex>
#include <pthread.h>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;
static double history_s = 5;
static const auto began = std::chrono::steady_clock::now();
static std::mutex mutex;
static std::shared_mutex shared;
static std::counting_semaphore<8> tokens(0);
static volatile int sink;

static bool history_is_over()
{
	std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
	return passed.count() > history_s;
}
static void name_self(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}
static void rest_for_ever()
{
	for (;;)
		pause();
}
template <typename F> static void start(const char *name, F function)
{
	std::thread([=] {
		name_self(name);
		function();
	}).detach();
}

static void hung_mutex()
{
	start("holder", [] {
		std::unique_lock held(mutex);
		rest_for_ever();
	});
	std::this_thread::sleep_for(200ms);
	start("hung", [] { std::scoped_lock wanted(mutex); });
}
static void hung_shared_mutex()
{
	start("holder", [] {
		std::shared_lock held(shared);
		rest_for_ever();
	});
	std::this_thread::sleep_for(200ms);
	start("hung", [] { std::unique_lock wanted(shared); });
}

/* A queue of jobs: each asks a backend for a part, which answers until it does no longer. */
struct Backend {
	std::mutex mutex;
	std::condition_variable ready;
	std::deque<int> answers;

	__attribute__((noinline)) int ask(int job)
	{
		std::unique_lock held(mutex);
		ready.wait(held, [this] { return !answers.empty(); });
		int answer = answers.front() + job;
		answers.pop_front();
		return answer;
	}
};
static Backend backend;
__attribute__((noinline)) static void load_page(int job)
{
	sink = sink + backend.ask(job);
	sink = sink + 1;
}
__attribute__((noinline)) static void render(int job)
{
	for (int i = 0; i < 1000; i++)
		sink = sink + i;
	load_page(job);
	sink = sink + 1;
}
static void hung_backend()
{
	start("hung", [] {
		for (int job = 0;; job++)
			render(job);
	});
	start("helper", [] {
		while (!history_is_over()) {
			std::this_thread::sleep_for(20ms);
			std::scoped_lock held(backend.mutex);
			backend.answers.push_back(1);
			backend.ready.notify_one();
		}
		rest_for_ever();
	});
}
__attribute__((noinline)) static void take_token(int job)
{
	tokens.acquire();
	sink = sink + job;
}
__attribute__((noinline)) static void download(int job)
{
	take_token(job);
	take_token(job + 1);
	sink = sink + 1;
}
static void hung_tokens()
{
	start("hung", [] {
		for (int job = 0;; job++)
			download(job);
	});
	start("helper", [] {
		while (!history_is_over()) {
			std::this_thread::sleep_for(20ms);
			tokens.release();
		}
		rest_for_ever();
	});
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)();
	} kinds[] = {{"mutex", hung_mutex},
		     {"shared-mutex", hung_shared_mutex},
		     {"backend", hung_backend},
		     {"tokens", hung_tokens}};
	if (argc > 2)
		history_s = atof(argv[2]);
	for (auto &kind : kinds) {
		if (argc < 2 || strcmp(kind.name, argv[1]) != 0)
			continue;
		puts("ready");
		fflush(stdout);
		kind.run();
		rest_for_ever();
	}
	return 2;
}
