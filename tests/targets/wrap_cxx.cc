/* SPDX-License-Identifier: MIT */
// build: -std=c++20
/* The waits of C++'s standard library, each in a thread for ever; see wrap_waits.c. */
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

#include "grmon.h"

static std::mutex print_lock;
static int spoken, started;

static void expect(const char *name, int state, const void *object)
{
	std::lock_guard<std::mutex> guard(print_lock);

	if (object)
		std::printf("wait %s %d %d %p -1\n", name, gettid(), state, object);
	else
		std::printf("wait %s %d %d * *\n", name, gettid(), state);
	std::fflush(stdout);
	spoken++;
}

static std::mutex mutex;
static std::timed_mutex timed_mutex;
static std::recursive_mutex recursive_mutex;
static std::shared_mutex shared_mutex;
static std::condition_variable condition;
static std::promise<int> promise;
static std::latch latch(1);
static std::barrier<> barrier(1000);
static std::counting_semaphore<8> semaphore(0);
static std::atomic<int> word{0};
static std::atomic<int> child_tid{0};

static void run(const char *name, std::function<void()> wait)
{
	started++;
	std::thread([=] {
		wait();
		std::printf("%s returned\n", name);
	}).detach();
}

int main()
{
	using namespace std::chrono_literals;

	mutex.lock();
	timed_mutex.lock();
	recursive_mutex.lock();
	shared_mutex.lock();
	run("mutex", [] {
		expect("mutex", GRMON_MUTEX, mutex.native_handle());
		mutex.lock();
	});
	run("timed_mutex", [] {
		expect("timed_mutex", GRMON_MUTEX, timed_mutex.native_handle());
		(void)timed_mutex.try_lock_for(1000s);
	});
	run("recursive_mutex", [] {
		expect("recursive_mutex", GRMON_MUTEX, recursive_mutex.native_handle());
		recursive_mutex.lock();
	});
	run("shared_mutex read", [] {
		expect("shared_mutex-read", GRMON_RWLOCK_READ, shared_mutex.native_handle());
		shared_mutex.lock_shared();
	});
	run("shared_mutex write", [] {
		expect("shared_mutex-write", GRMON_RWLOCK_WRITE, shared_mutex.native_handle());
		shared_mutex.lock();
	});
	run("condition_variable", [] {
		static std::mutex own;
		std::unique_lock<std::mutex> lock(own);

		expect("condition_variable", GRMON_COND, condition.native_handle());
		condition.wait(lock, [] { return false; });
	});
	run("condition_variable wait_for", [] {
		static std::mutex own;
		std::unique_lock<std::mutex> lock(own);

		expect("wait_for", GRMON_COND, condition.native_handle());
		(void)condition.wait_for(lock, 1000s, [] { return false; });
	});
	run("future", [] {
		expect("future", GRMON_FUTEX, nullptr);
		promise.get_future().wait();
	});
	run("latch", [] {
		expect("latch", GRMON_FUTEX, nullptr);
		latch.wait();
	});
	run("barrier", [] {
		/* Waits for a moment by itself before it asks the kernel. */
		expect("barrier", GRMON_FUTEX, nullptr);
		barrier.arrive_and_wait();
	});
	run("semaphore", [] {
		expect("semaphore", GRMON_FUTEX, nullptr);
		semaphore.acquire();
	});
	run("atomic wait", [] {
		expect("atomic-wait", GRMON_FUTEX, &word);
		word.wait(0);
	});
	run("sleep_for", [] {
		expect("sleep_for", GRMON_SLEEP, nullptr);
		std::this_thread::sleep_for(1000s);
	});
	run("join", [] {
		std::thread child([] {
			child_tid = gettid();
			std::this_thread::sleep_for(1000s);
		});

		while (child_tid == 0)
			std::this_thread::yield();
		{
			std::lock_guard<std::mutex> guard(print_lock);
			std::printf("wait join %d %d %#lx %d\n", gettid(), GRMON_JOIN,
				    (unsigned long)child.native_handle(), child_tid.load());
			std::fflush(stdout);
			spoken++;
		}
		child.join();
	});
	for (int n = 0; n < started; std::this_thread::sleep_for(1ms)) {
		std::lock_guard<std::mutex> guard(print_lock);
		n = spoken;
	}
	std::puts("ready");
	std::fflush(stdout);
	char end;
	(void)!read(0, &end, 1);
	_exit(0);
}
