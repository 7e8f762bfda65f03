// SPDX-License-Identifier: MIT
// Two threads that wait for each other's monitor, and one for what a sleeper holds.
import java.util.concurrent.CyclicBarrier;

public class Cycle {
	static final Object first = new Object(), second = new Object(), held = new Object();
	static final CyclicBarrier both = new CyclicBarrier(2);

	static void start(String name, Runnable body)
	{
		Thread thread = new Thread(body, name);

		thread.setDaemon(true);
		thread.start();
	}

	static void take(Object one, Object other)
	{
		synchronized (one) {
			try {
				both.await();
			} catch (Exception e) {
				return;
			}
			synchronized (other) {
				System.out.println("never");
			}
		}
	}

	public static void main(String[] arguments) throws Exception
	{
		start("c-forwards", () -> take(first, second));
		start("c-backwards", () -> take(second, first));
		start("c-holder", () -> {
			synchronized (held) {
				try {
					start("c-waiter", () -> {
						synchronized (held) {
							System.out.println("never");
						}
					});
					Thread.sleep(3000000);
				} catch (InterruptedException e) {
					return;
				}
			}
		});
		System.out.println("ready");
		System.in.read();
	}
}
