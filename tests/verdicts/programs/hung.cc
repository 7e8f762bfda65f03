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
#include <shared_mutex>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;
static double history_s = 5;
static const auto began = std::chrono::steady_clock::now();
static std::mutex mutex;
static std::shared_mutex shared;
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
/* A promise for each part, kept by a helper until it does so no longer. */
static std::mutex promises_mutex;
static std::deque<std::promise<int>> promises;

__attribute__((noinline)) static int fetch(int job)
{
	std::future<int> part;
	{
		std::scoped_lock held(promises_mutex);
		promises.emplace_back();
		part = promises.back().get_future();
	}
	return part.get() + job;
}
__attribute__((noinline)) static int download(int job)
{
	int first = fetch(job);
	sink = sink + first;
	return first + fetch(job + 1);
}
__attribute__((noinline)) static int page(int job)
{
	int all = download(job);
	sink = sink + all;
	return all;
}
static void hung_future()
{
	start("hung", [] {
		for (int job = 0;; job++)
			sink = sink + page(job);
	});
	start("helper", [] {
		while (!history_is_over()) {
			std::this_thread::sleep_for(20ms);
			std::scoped_lock held(promises_mutex);
			if (promises.empty())
				continue;
			promises.front().set_value(1);
			promises.pop_front();
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
		     {"future", hung_future}};
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
