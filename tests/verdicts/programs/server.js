// SPDX-License-Identifier: MIT
// server.js PORT: an HTTP server whose requests use libuv's pool, and a worker thread.
const http = require('http');
const crypto = require('crypto');
const fs = require('fs');
const { Worker } = require('worker_threads');

const worker = new Worker(
	"require('worker_threads').parentPort.on('message', () => {})", { eval: true });
http.createServer((request, response) => {
	worker.postMessage('x');
	crypto.pbkdf2('a', 'b', 10, 16, 'sha1', () => fs.readFile(__filename, () => {
		response.end('fine\n');
	}));
}).listen(Number(process.argv[2]), '127.0.0.1');
