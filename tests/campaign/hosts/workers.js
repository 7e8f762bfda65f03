// SPDX-License-Identifier: MIT
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const fs = require('fs'), { execFileSync, spawnSync } = require('child_process');
const crypto = require('crypto'), net = require('net');

if (!isMainThread) {
	const view = new Int32Array(workerData.shared);
	Atomics.add(view, 0, workerData.n);
	Atomics.wait(view, 1, 0, 20);
	parentPort.once('message', (m) => parentPort.postMessage(m * 2));
} else {
	(async () => {
		const shared = new SharedArrayBuffer(8);
		const answers = await Promise.all([...Array(6).keys()].map((n) => new Promise((done, fail) => {
			const worker = new Worker(__filename, { workerData: { shared, n } });
			worker.on('message', done);
			worker.on('error', fail);
			worker.postMessage(n);
		})));
		console.log(answers.join(' '), new Int32Array(shared)[0]);
		console.log((await fs.promises.readFile(__filename)).length);
		console.log(await new Promise((done) => crypto.pbkdf2('a', 'b', 1000, 8, 'sha1', (e, k) => done(k.toString('hex')))));
		console.log(execFileSync('sh', ['-c', 'echo child']).toString().trim(), spawnSync('sh', ['-c', 'exit 3']).status);
		const server = net.createServer((peer) => peer.end('over a socket')).listen(0, '127.0.0.1', () => {
			net.connect(server.address().port, '127.0.0.1').on('data', (d) => console.log(d.toString())).on('end', () => server.close());
		});
		const ended = new Worker('setInterval(() => {}, 1000)', { eval: true });
		ended.on('online', async () => {
			console.log('terminated', await ended.terminate());
			while (process.env.HOSTS_HOLD && fs.existsSync(process.env.HOSTS_HOLD))
				await new Promise((done) => setTimeout(done, 10));
		});
	})();
}
