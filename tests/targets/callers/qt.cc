// SPDX-License-Identifier: MIT
// Waits of Qt, each in a function of its own and in a thread named after its state.
#include <QtConcurrent>
#include <QtCore>
#include <cstdio>
#include <functional>

static QMutex lock;
static QReadWriteLock shared;
static QSemaphore none;
static QWaitCondition changed;

struct Thread : QThread {
	std::function<void()> wait;

	Thread(const char *name, std::function<void()> wait) : wait(wait)
	{
		setObjectName(name);
		start();
	}
	void run() override
	{
		wait();
	}
};

static void wait_mutex()
{
	lock.lock();
	puts("never");
}
static void wait_timed()
{
	lock.tryLock(3000000);
	puts("never");
}
static void wait_read()
{
	QReadLocker locker(&shared);
	puts("never");
}
static void wait_write()
{
	shared.lockForWrite();
	puts("never");
}
static void wait_semaphore()
{
	none.acquire();
	puts("never");
}
static void wait_cond()
{
	QMutex own;

	own.lock();
	changed.wait(&own);
	puts("never");
}
static void wait_join(QThread *other)
{
	other->wait();
	puts("never");
}
static int work(int number)
{
	QMutexLocker locker(&lock);
	return number;
}
static void wait_future()
{
	QtConcurrent::run(work, 1).waitForFinished();
	puts("never");
}
static void wait_events()
{
	QEventLoop loop;

	loop.exec();
	puts("never");
}

int main(int argc, char **argv)
{
	QCoreApplication application(argc, argv);

	lock.lock();
	shared.lockForWrite();
	QThread *sleeper = new Thread("sleep", [] { QThread::sleep(3000); });

	new Thread("mutex", wait_mutex);
	new Thread("mutex", wait_timed);
	new Thread("rwlock-read", wait_read);
	new Thread("rwlock-write", wait_write);
	new Thread("semaphore", wait_semaphore);
	new Thread("cond", wait_cond);
	new Thread("join", [sleeper] { wait_join(sleeper); });
	new Thread("waitgroup", wait_future);
	new Thread("poll", wait_events);
	QThreadPool *pool = new QThreadPool;

	pool->setExpiryTimeout(-1);
	pool->start([] {});
	puts("ready");
	fflush(stdout);
	return application.exec();
}
