/* SPDX-License-Identifier: MIT */
/*
 * mcload PORT SECONDS CONNECTIONS: load for a memcached on the loopback. A thread for each connection
 * pipelines `set` and then `get` of its own keys and compares every byte that comes back; now and then it
 * connects anew. Prints "REQUESTS FAILED LONGEST-MS"; what went wrong first goes to stderr.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH      8
#define MAX_VALUE  6000
#define ROOM       (BATCH * (MAX_VALUE + 200))
#define RECONNECT  400 /* rounds */
#define TIMEOUT_S  15
#define MAX_THREAD 64

struct client {
	pthread_t thread;
	int number, fd;
	uint16_t port;
	double end, longest;
	unsigned long requests, failed;
	uint32_t seed;
	char send[ROOM], expect[ROOM], values[ROOM], got[ROOM];
};

static atomic_bool said;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool fail(struct client *c, const char *what)
{
	if (!atomic_exchange(&said, true))
		fprintf(stderr, "memcached client %d: %s: %m\n", c->number, what);
	return false;
}

static uint32_t next(struct client *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 8;
}

static bool dial(struct client *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(c->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval t = {.tv_sec = TIMEOUT_S};

	if (c->fd >= 0)
		close(c->fd);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return true;
	return fail(c, "connect");
}

/* Sends `out` bytes and takes `in` bytes, which must be the expected ones. */
static bool exchange(struct client *c, size_t out, size_t in)
{
	double start = now(), took;
	size_t done = 0;
	ssize_t n;

	for (; done < out; done += (size_t)n)
		if ((n = send(c->fd, c->send + done, out - done, MSG_NOSIGNAL)) <= 0)
			return fail(c, "send");
	for (done = 0; done < in; done += (size_t)n)
		if ((n = recv(c->fd, c->got + done, in - done, 0)) <= 0)
			return fail(c, "receive");
	took = now() - start;
	if (took > c->longest)
		c->longest = took;
	if (memcmp(c->got, c->expect, in) == 0)
		return true;
	return fail(c, "another answer than expected");
}

static bool round_trip(struct client *c)
{
	size_t set = 0, stored = 0, get = 0, in = 0;
	char asked[BATCH * 64], *value;

	for (int i = 0; i < BATCH; i++) {
		size_t size = 1 + next(c) % MAX_VALUE;
		int key = i * 100 + (int)(next(c) % 100);

		set += (size_t)sprintf(
			c->send + set, "set k%d.%d 0 0 %zu\r\n", c->number, key, size);
		in += (size_t)sprintf(
			c->values + in, "VALUE k%d.%d 0 %zu\r\n", c->number, key, size);
		get += (size_t)sprintf(asked + get, "get k%d.%d\r\n", c->number, key);
		value = c->send + set;
		for (size_t b = 0; b < size; b++)
			value[b] = (char)('!' + (c->seed + b * 7) % 90);
		memcpy(c->values + in, value, size);
		set += size + (size_t)sprintf(value + size, "\r\n");
		in += size + (size_t)sprintf(c->values + in + size, "\r\nEND\r\n");
	}
	for (int i = 0; i < BATCH; i++)
		stored += (size_t)sprintf(c->expect + stored, "STORED\r\n");
	if (!exchange(c, set, stored))
		return false;
	memcpy(c->expect, c->values, in);
	memcpy(c->send, asked, get);
	return exchange(c, get, in);
}

static void *work(void *arg)
{
	struct client *c = arg;

	c->fd = -1;
	for (unsigned long n = 0; now() < c->end; n++) {
		bool ok = (n % RECONNECT && c->fd >= 0) || dial(c);

		ok = ok && round_trip(c);
		c->requests += 2UL * BATCH;
		if (ok)
			continue;
		c->failed++;
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
		usleep(1000);
	}
	if (c->fd >= 0)
		close(c->fd);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct client clients[MAX_THREAD];
	unsigned long requests = 0, failed = 0;
	double longest = 0;
	int n;

	if (argc != 4 || (n = atoi(argv[3])) < 1 || n > MAX_THREAD)
		return 2;
	for (int i = 0; i < n; i++) {
		clients[i].number = i;
		clients[i].seed = (uint32_t)i * 7919u + 1;
		clients[i].port = (uint16_t)atoi(argv[1]);
		clients[i].end = now() + atof(argv[2]);
		if (pthread_create(&clients[i].thread, NULL, work, &clients[i]))
			return 1;
	}
	for (int i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		requests += clients[i].requests;
		failed += clients[i].failed;
		if (clients[i].longest > longest)
			longest = clients[i].longest;
	}
	printf("%lu %lu %.1f\n", requests, failed, longest * 1e3);
	return 0;
}
