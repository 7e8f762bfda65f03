// SPDX-License-Identifier: MIT
// Waits of C++'s library, each in a function of its own and in a thread of its own name.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#include <vector>

static std::mutex lock;
static std::timed_mutex timed_lock;
static std::shared_mutex shared_lock;
static std::once_flag flag;
static std::latch two_latch(2);
static std::barrier<> two_barrier(2);
static std::counting_semaphore<> none(0);
static std::atomic<int> number{0};
static std::condition_variable_any any_changed;
static std::promise<int> promise;

template <typename Lock> class Guarded
{
      public:
	explicit Guarded(Lock &taken) : taken(taken)
	{
		taken.lock();
	}
	~Guarded()
	{
		taken.unlock();
	}

      private:
	Lock &taken;
};

static void name(const char *text)
{
	pthread_setname_np(pthread_self(), text);
}
static void wait_mutex()
{
	std::lock_guard<std::mutex> guard(lock);
	puts("never");
}
static void wait_timed()
{
	std::unique_lock<std::timed_mutex> guard(timed_lock, std::chrono::hours(1));
	puts("never");
}
static void wait_shared()
{
	std::shared_lock<std::shared_mutex> guard(shared_lock);
	puts("never");
}
static void wait_once()
{
	std::call_once(flag, [] { puts("never"); });
	puts("never");
}
static void wait_latch()
{
	two_latch.wait();
	puts("never");
}
static void wait_barrier()
{
	two_barrier.arrive_and_wait();
	puts("never");
}
static void wait_semaphore()
{
	none.acquire();
	puts("never");
}
static void wait_atomic()
{
	number.wait(0);
	puts("never");
}
static void wait_any()
{
	std::recursive_mutex own;
	std::unique_lock<std::recursive_mutex> guard(own);

	any_changed.wait(guard, [] { return false; });
	puts("never");
}
static void wait_future()
{
	printf("%d\n", promise.get_future().get());
}
static std::latch entered(1);

static int slow_value()
{
	entered.count_down();
	pause();
	return 1;
}
static void wait_static()
{
	static int value = slow_value();

	printf("%d\n", value);
}
// Names of libc's own functions, but the program's.
__attribute__((noinline)) static void wait(int seconds)
{
	std::this_thread::sleep_for(std::chrono::seconds(seconds));
	puts("never");
}
int main()
{
	static const struct {
		const char *name;
		void (*wait)();
	} waits[] = {
		{"mutex", wait_mutex},
		{"timed", wait_timed},
		{"shared", wait_shared},
		{"once", wait_once},
		{"latch", wait_latch},
		{"barrier", wait_barrier},
		{"semaphore", wait_semaphore},
		{"atomic", wait_atomic},
		{"any", wait_any},
		{"future", wait_future},
		{"static", wait_static},
		{"own", [] { wait(3000); }},
	};
	std::vector<std::thread> threads;

	std::call_once(flag, [&] {
		lock.lock();
		timed_lock.lock();
		Guarded<std::shared_mutex> guard(shared_lock);

		threads.emplace_back(wait_static);
		entered.wait(); // the thread called "static" must come second
		for (const auto &entry : waits)
			threads.emplace_back([&] {
				name(entry.name);
				entry.wait();
			});
		puts("ready");
		fflush(stdout);
		getchar();
		_exit(0);
	});
}
