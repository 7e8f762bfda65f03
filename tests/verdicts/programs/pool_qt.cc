// SPDX-License-Identifier: MIT
// build: -fPIC $(pkg-config --cflags --libs Qt5Core)
// Qt: the global pool, and a thread with its own event loop. Works once per line.
#include <QCoreApplication>
#include <QRunnable>
#include <QSocketNotifier>
#include <QThread>
#include <QThreadPool>
#include <cstdio>
#include <unistd.h>

static volatile int sink;

int main(int argc, char **argv)
{
	QCoreApplication application(argc, argv);
	QThread thread;
	thread.start();
	QThreadPool::globalInstance()->setExpiryTimeout(-1);
	QThreadPool::globalInstance()->setMaxThreadCount(3);
	QSocketNotifier input(0, QSocketNotifier::Read);
	QObject::connect(&input, &QSocketNotifier::activated, [&] {
		char bytes[100];
		if (read(0, bytes, sizeof(bytes)) <= 0) {
			input.setEnabled(false);
			return;
		}
		for (int i = 0; i < 3; i++)
			QThreadPool::globalInstance()->start([] {
				for (int k = 0; k < 1000; k++)
					sink = sink + k;
			});
	});
	puts("ready");
	fflush(stdout);
	return application.exec();
}
