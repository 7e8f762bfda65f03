// SPDX-License-Identifier: MIT
import java.io.*;
import java.net.*;
import java.util.*;
import java.util.concurrent.*;

/** Threads, monitors, sockets, a child process. */
public class Host {
	public static void main(String[] words) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(8);
		List<Future<Integer>> sums = new ArrayList<>();
		for (int i = 0; i < 50; i++) {
			final int n = i;
			sums.add(pool.submit(() -> {
				Thread.sleep(1);
				synchronized (Host.class) { return n * n; }
			}));
		}
		int sum = 0;
		for (Future<Integer> part : sums) sum += part.get();
		pool.shutdown();
		System.out.println("sum " + sum + " " + pool.awaitTermination(30, TimeUnit.SECONDS));
		try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
			Thread echo = new Thread(() -> {
				try (Socket peer = server.accept()) {
					peer.getOutputStream().write(peer.getInputStream().read() + 1);
				} catch (IOException error) {
					System.out.println(error);
				}
			});
			echo.start();
			try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
				socket.getOutputStream().write(41);
				System.out.println("echo " + socket.getInputStream().read());
			}
			echo.join();
		}
		Process child = new ProcessBuilder("sh", "-c", "echo child; exit 3").redirectErrorStream(true).start();
		System.out.print(new String(child.getInputStream().readAllBytes()));
		System.out.println("child ended with " + child.waitFor());
		System.gc();
		Thread waiting = new Thread(() -> {
			try { Thread.sleep(100000); } catch (InterruptedException e) { System.out.println("interrupted"); }
		});
		waiting.start();
		waiting.interrupt();
		waiting.join();
		String hold = System.getenv("HOSTS_HOLD");
		while (hold != null && new File(hold).exists()) Thread.sleep(10);
	}
}
