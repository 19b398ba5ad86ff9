// SPDX-License-Identifier: MIT
// echo.js serve READY: an HTTP server on a free port that sends back each body, compressed and decompressed by
// the thread pool in between, until SIGTERM. The port goes to the file READY.
// echo.js load PORT SECONDS: posts random bodies and compares; prints "REQUESTS FAILED LONGEST-MS".
'use strict';
const http = require('http');
const fs = require('fs');
const zlib = require('zlib');
const crypto = require('crypto');

function gather(stream, then) {
	const parts = [];
	stream.on('data', (part) => parts.push(part));
	stream.on('end', () => then(Buffer.concat(parts)));
}

function serve(ready) {
	const server = http.createServer((request, response) => {
		gather(request, (body) => zlib.deflate(body, (e1, small) => {
			if (e1)
				throw e1;
			zlib.inflate(small, (e2, again) => {
				if (e2)
					throw e2;
				response.setHeader('x-client', request.socket.remotePort);
				response.end(again);
			});
		}));
	});
	server.keepAliveTimeout = 60000;
	server.listen(0, '127.0.0.1', () => {
		fs.writeFileSync(ready + '.new', server.address().port + '\n');
		fs.renameSync(ready + '.new', ready);
	});
	// A timer that comes too early is a failure, and nobody would be asking.
	setInterval(() => {
		const start = process.hrtime.bigint();
		setTimeout(() => {
			if (process.hrtime.bigint() - start < 8000000n)
				console.error('a timer of 10 ms came early');
		}, 10);
	}, 20);
}

function load(port, seconds) {
	const keep = new http.Agent({ keepAlive: true, maxSockets: 8 });
	const end = Date.now() + seconds * 1000;
	let requests = 0, failed = 0, longest = 0, busy = 0;
	const wrong = (what) => {
		failed++;
		console.error('node client: ' + what);
	};
	const finish = () => {
		if (--busy === 0) {
			console.log(requests, failed, longest.toFixed(1));
			process.exit(0);
		}
	};
	const next = (agent) => {
		if (Date.now() >= end)
			return finish();
		const body = crypto.randomBytes(1 + crypto.randomInt(20000));
		const start = process.hrtime.bigint();
		const options = { port, host: '127.0.0.1', method: 'POST', path: '/', agent, timeout: 20000 };
		const request = http.request(options, (response) => gather(response, (got) => {
			if (response.statusCode !== 200 || !got.equals(body))
				wrong('another body than sent');
			longest = Math.max(longest, Number(process.hrtime.bigint() - start) / 1e6);
			next(agent);
		}));
		request.on('timeout', () => request.destroy(new Error('timeout')));
		request.on('error', (e) => {
			wrong(e.message);
			setTimeout(next, 10, agent);
		});
		requests++;
		request.end(body);
	};
	for (const agent of [keep, keep, keep, keep, false, false]) {
		busy++;
		next(agent);
	}
}

if (process.argv[2] === 'serve')
	serve(process.argv[3]);
else
	load(Number(process.argv[3]), Number(process.argv[4]));
