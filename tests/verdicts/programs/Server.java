// SPDX-License-Identifier: MIT
// Server PORT: an HTTP server with a fixed pool, a scheduler, a fork-join pool, a queue with
// one consumer, a cleaner: all that a service has at rest.
import com.sun.net.httpserver.HttpServer;
import java.lang.ref.Cleaner;
import java.net.InetSocketAddress;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.*;

class Server {
    static volatile int sink;

    public static void main(String[] words) throws Exception {
        ExecutorService fixed = Executors.newFixedThreadPool(4);
        ExecutorService cached = Executors.newCachedThreadPool();
        ExecutorService single = Executors.newSingleThreadExecutor();
        ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);
        BlockingQueue<Integer> queue = new LinkedBlockingQueue<>();
        scheduler.scheduleAtFixedRate(() -> sink++, 1, 3600, TimeUnit.SECONDS);
        new Timer("timer", true).schedule(new TimerTask() {
            public void run() {
                sink++;
            }
        }, 3600_000);
        Cleaner.create().register(new Object(), () -> sink++);
        Thread consumer = new Thread(() -> {
            try {
                while (true)
                    sink += queue.take();
            } catch (InterruptedException e) {
                sink = 0;
            }
        }, "consumer");
        consumer.start();
        HttpServer server = HttpServer.create(
            new InetSocketAddress("127.0.0.1", Integer.parseInt(words[0])), 50);
        server.createContext("/", exchange -> {
            try {
                CompletableFuture<Integer> a = CompletableFuture.supplyAsync(() -> 1);
                CompletableFuture<Integer> b = CompletableFuture.supplyAsync(() -> 2, cached);
                sink += a.get() + b.get() + single.submit(() -> 3).get();
                queue.put(1);
            } catch (InterruptedException | ExecutionException e) {
                throw new java.io.IOException(e);
            }
            byte[] body = "fine\n".getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(fixed);
        server.start();
    }
}
