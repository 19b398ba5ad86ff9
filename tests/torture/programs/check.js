// SPDX-License-Identifier: MIT
// usage: check.js SECONDS: event loop, thread pool and a worker, each checking its own results; exits 1 if one was wrong.
const crypto = require('crypto');
const net = require('net');
const { Worker, isMainThread } = require('worker_threads');

const end = Date.now() + 1000 * parseFloat(process.argv[2]);
const text = 'x'.repeat(100000);
const digest = crypto.createHash('sha256').update(text).digest('hex');
let wrong = 0, computed = 0, answered = 0;

function roots() {
	let sum = 0;
	for (let i = 0; i < 50000; i++)
		sum += Math.sqrt(i * 1.0001);
	return sum;
}
const total = roots();

function compute() {
	if (crypto.createHash('sha256').update(text).digest('hex') !== digest || roots() !== total)
		wrong++;
	computed++;
	if (Date.now() < end)
		setImmediate(compute);
}

function derive() {
	crypto.pbkdf2('secret', 'salt', 500, 32, 'sha256', (err, key) => {
		if (err || key.toString('hex') !== derived)
			wrong++;
		if (Date.now() < end)
			setTimeout(derive, 1);
	});
}
const derived = crypto.pbkdf2Sync('secret', 'salt', 500, 32, 'sha256').toString('hex');

function talk() {
	const server = net.createServer(c => c.on('data', d => c.write(Buffer.from(d).reverse())));
	server.listen(0, '127.0.0.1', () => {
		const client = net.connect(server.address().port, '127.0.0.1');
		let expected;
		const send = () => {
			expected = Buffer.from('message' + String(answered).padStart(20, '0'));
			client.write(expected);
		};
		client.on('data', d => {
			if (Buffer.compare(Buffer.from(d).reverse(), expected))
				wrong++;
			answered++;
			if (Date.now() < end) {
				setTimeout(send, 1);
			} else {
				client.destroy();
				server.close();
			}
		});
		send();
	});
}

if (isMainThread) {
	new Worker(__filename, { argv: [process.argv[2]] }).on('exit', code => { wrong += code; });
	talk();
	derive();
	process.on('exit', () => {
		console.log('computed', computed, 'answered', answered, 'wrong', wrong);
		process.exitCode = wrong || !computed || !answered ? 1 : 0;
	});
} else {
	process.on('exit', () => { process.exitCode = wrong ? 1 : 0; });
}
compute();
