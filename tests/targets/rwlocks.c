/* SPDX-License-Identifier: MIT */
/* build: 32 static */
/*
 * Threads that wait for read-write locks, one for each way in which glibc waits. Facts: the lock of each thread's name.
 * In the end all of them get what they wait for.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "victim.h"

static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER,
			read_twice = PTHREAD_RWLOCK_INITIALIZER,
			preferred = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static _Atomic int had;

static void *to_read(void *lock)
{
	must(pthread_rwlock_rdlock(lock) == 0);
	had++;
	must(pthread_rwlock_unlock(lock) == 0);
	return NULL;
}

static void *to_write(void *lock)
{
	must(pthread_rwlock_wrlock(lock) == 0);
	had++;
	must(pthread_rwlock_unlock(lock) == 0);
	return NULL;
}

static pthread_t start(void *(*run)(void *), void *lock, const char *name)
{
	pthread_t t;

	must(pthread_create(&t, NULL, run, lock) == 0);
	must(pthread_setname_np(t, name) == 0);
	usleep(20000); /* it waits by then, before the next one comes */
	return t;
}

int main(void)
{
	pthread_t t[6];

	must(pthread_rwlock_wrlock(&written) == 0);
	must(pthread_rwlock_rdlock(&read_twice) == 0);
	must(pthread_rwlock_rdlock(&read_twice) == 0);
	must(pthread_rwlock_rdlock(&preferred) == 0);
	t[0] = start(to_read, &written, "reader");
	t[1] = start(to_write, &written, "writer");
	t[2] = start(to_write, &read_twice, "first-writer");
	t[3] = start(to_write, &read_twice, "second-writer");
	t[4] = start(to_write, &preferred, "let-first");
	t[5] = start(to_read, &preferred, "late-reader");
	printf("written=%llx\nread_twice=%llx\npreferred=%llx\n",
		(unsigned long long)(uintptr_t)&written, (unsigned long long)(uintptr_t)&read_twice,
		(unsigned long long)(uintptr_t)&preferred);
	victim_wait();
	must(had == 0);
	must(pthread_rwlock_unlock(&written) == 0);
	must(pthread_rwlock_unlock(&read_twice) == 0);
	must(pthread_rwlock_unlock(&read_twice) == 0);
	must(pthread_rwlock_unlock(&preferred) == 0);
	for (int i = 0; i < 6; i++)
		must(pthread_join(t[i], NULL) == 0);
	must(had == 6);
	return 0;
}
