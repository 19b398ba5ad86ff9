/* SPDX-License-Identifier: MIT */
#include "sock_tcp.h"

#include <errno.h>
#include <linux/tcp.h> /* knows more of struct tcp_info than the C library */
#include <string.h>

/* linux/tcp.h does not name the states for programs; tcp(7) of the C library cannot stand beside it. */
enum { STATE_CLOSE = 7, STATE_LISTEN = 10, STATE_BOUND = 13 };

static void take_numbers(struct sock_tcp *t, const struct tcp_info *i)
{
	t->retransmits = i->tcpi_retransmits;
	t->probes = i->tcpi_probes;
	t->backoff = i->tcpi_backoff;
	t->options = i->tcpi_options;
	t->snd_wscale = i->tcpi_snd_wscale;
	t->rcv_wscale = i->tcpi_rcv_wscale;
	t->rto = i->tcpi_rto;
	t->rtt = i->tcpi_rtt;
	t->rttvar = i->tcpi_rttvar;
	t->min_rtt = i->tcpi_min_rtt;
	t->snd_mss = i->tcpi_snd_mss;
	t->rcv_mss = i->tcpi_rcv_mss;
	t->advmss = i->tcpi_advmss;
	t->pmtu = i->tcpi_pmtu;
	t->cwnd = i->tcpi_snd_cwnd;
	t->ssthresh = i->tcpi_snd_ssthresh;
	t->rcv_space = i->tcpi_rcv_space;
	t->unacked = i->tcpi_unacked;
	t->sacked = i->tcpi_sacked;
	t->lost = i->tcpi_lost;
	t->retrans = i->tcpi_retrans;
	t->total_retrans = i->tcpi_total_retrans;
	t->notsent = i->tcpi_notsent_bytes;
}

int sock_tcp_take(struct facts *f, struct sock *s, const void *info, size_t len)
{
	struct tcp_info i = {0};
	struct sock_tcp *t;

	memcpy(&i, info, len < sizeof(i) ? len : sizeof(i));
	s->state = i.tcpi_state;
	s->has |= SOCK_HAS_STATE;
	/* Of a listener two of the numbers have another meaning (net/ipv4/tcp.c, tcp_get_info()). */
	if (i.tcpi_state == STATE_LISTEN) {
		s->backlog = i.tcpi_unacked;
		s->backlog_most = i.tcpi_sacked;
		s->has |= SOCK_HAS_BACKLOG;
	}
	if (i.tcpi_state == STATE_LISTEN || i.tcpi_state == STATE_CLOSE ||
		i.tcpi_state >= STATE_BOUND || i.tcpi_state == 0)
		return 0;
	if (!s->tcp) {
		if (!facts_add_tcp(f))
			return -ENOMEM;
		s->tcp = (uint32_t)f->ntcp;
	}
	t = &f->tcp[s->tcp - 1];
	take_numbers(t, &i);
	return 0;
}
