// SPDX-License-Identifier: MIT

// Threads of Java in the waits that they know, each named for its own; two that take turns at
// a monitor. Prints "ready" and ends with its input.

import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;

final class Waits {
    interface Work {
        void run() throws Exception;
    }

    static void start(String name, Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                System.err.println(name + ": " + e);
            }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    static void takeTurns(Object turns) throws Exception {
        for (;;) {
            synchronized (turns) {
                Thread.sleep(300);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Object monitor = new Object();
        Object waited = new Object();
        Object turns = new Object();
        ReentrantLock lock = new ReentrantLock();
        ServerSocket server = new ServerSocket(0);
        Socket client = new Socket("127.0.0.1", server.getLocalPort());

        lock.lock();
        synchronized (monitor) {
            start("j-monitor", () -> {
                synchronized (monitor) {
                    System.err.println("never");
                }
            });
            start("j-lock", lock::lock);
            start("j-queue", () -> new LinkedBlockingQueue<String>().take());
            start("j-sleep", () -> Thread.sleep(100000000));
            start("j-read", () -> client.getInputStream().read());
            start("j-wait", () -> {
                synchronized (waited) {
                    waited.wait();
                }
            });
            start("j-turn-1", () -> takeTurns(turns));
            start("j-turn-2", () -> takeTurns(turns));
            System.out.println("ready");
            while (System.in.read() >= 0) {
                continue;
            }
        }
    }
}
