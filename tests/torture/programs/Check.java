// SPDX-License-Identifier: MIT
// usage: java Check.java SECONDS: threads, garbage, timed waits, each checking its own results; exits 1 if one was wrong.
import java.security.MessageDigest;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class Check {
	static final AtomicInteger wrong = new AtomicInteger(), rounds = new AtomicInteger();
	static long end;

	interface Job {
		void round(int n) throws Exception;
	}

	static Thread start(Job job) {
		Thread t = new Thread(() -> {
			try {
				for (int n = 0; System.nanoTime() < end; n++) {
					job.round(n);
					rounds.incrementAndGet();
				}
			} catch (Throwable e) {
				e.printStackTrace();
				wrong.incrementAndGet();
			}
		});
		t.start();
		return t;
	}

	static double roots() {
		double sum = 0;
		for (int i = 0; i < 50000; i++)
			sum += Math.sqrt(i * 1.0001);
		return sum;
	}

	public static void main(String[] args) throws Exception {
		byte[] block = new byte[200000];
		byte[] digest = MessageDigest.getInstance("SHA-256").digest(block);
		double total = roots();
		SynchronousQueue<Integer> queue = new SynchronousQueue<>();

		end = System.nanoTime() + (long)(1e9 * Double.parseDouble(args[0]));
		Thread[] threads = {
			start(n -> {
				byte[] now = MessageDigest.getInstance("SHA-256").digest(block);
				if (!MessageDigest.isEqual(now, digest) || roots() != total)
					wrong.incrementAndGet();
				byte[][] garbage = new byte[100][];
				for (int i = 0; i < 100; i++)
					garbage[i] = new byte[10000];
			}),
			start(n -> {
				long begun = System.nanoTime();
				Thread.sleep(2);
				if (System.nanoTime() - begun < 1900000)
					wrong.incrementAndGet();
			}),
			start(n -> queue.offer(n, 5, TimeUnit.MILLISECONDS)),
			start(n -> queue.poll(5, TimeUnit.MILLISECONDS)),
		};
		for (Thread t : threads)
			t.join();
		System.out.println("rounds " + rounds.get() + " wrong " + wrong.get());
		System.exit(wrong.get() > 0 || rounds.get() < 100 ? 1 : 0);
	}
}
