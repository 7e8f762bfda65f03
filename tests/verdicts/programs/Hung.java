// SPDX-License-Identifier: MIT
// hung KIND [SECONDS] in Java; see hung.c.
import java.util.concurrent.*;
import java.util.concurrent.locks.*;

class Hung {
    static final Object A = new Object(), B = new Object();
    static final ReentrantLock LOCK = new ReentrantLock();
    static int sink;

    static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
    static void rest(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new RuntimeException(e);
        }
    }
    static void take(Object first, Object second) {
        synchronized (first) {
            rest(300);
            synchronized (second) {
                sink++;
            }
        }
    }
    static int ask(BlockingQueue<Integer> replies) {
        try {
            return replies.take();
        } catch (InterruptedException e) {
            return 0;
        }
    }
    static int load(BlockingQueue<Integer> replies, int job) {
        return ask(replies) + job;
    }
    static int handle(BlockingQueue<Integer> replies, int job) {
        return load(replies, job) + load(replies, job + 1);
    }

    public static void main(String[] words) {
        long history = words.length > 1 ? (long) (Double.parseDouble(words[1]) * 1000) : 5000;
        System.out.println("ready");
        switch (words[0]) {
        case "abba":
            start("hung-ab", () -> take(A, B));
            start("hung-ba", () -> take(B, A));
            break;
        case "monitor":
            start("holder", () -> {
                synchronized (A) {
                    rest(1L << 40);
                }
            });
            rest(300);
            start("hung", () -> {
                synchronized (A) {
                    sink++;
                }
            });
            break;
        case "reentrant":
            start("holder", () -> {
                LOCK.lock();
                rest(1L << 40);
            });
            rest(300);
            start("hung", () -> LOCK.lock());
            break;
        case "reply":
            BlockingQueue<Integer> replies = new LinkedBlockingQueue<>();
            start("hung", () -> {
                for (int job = 0;; job++)
                    sink += handle(replies, job);
            });
            long began = System.nanoTime();
            while ((System.nanoTime() - began) / 1000000 < history) {
                rest(20);
                replies.add(1);
            }
            break;
        default:
            System.exit(2);
        }
        rest(1L << 40);
    }
}
