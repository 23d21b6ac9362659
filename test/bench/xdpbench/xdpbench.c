// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * xdpbench: black-box benchmark for XDP programs that forward packets.
 *
 * The programs under test are loaded, configured and pinned by somebody else;
 * all that is needed here is a program fd.  See README.md for the method.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include "xdpbench.h"
#include "xdpbench.skel.h"

#define MAXPROG 16
#define MAXROUND 101
#define MAXFRAME 2048

#define die(...) do { fprintf(stderr, "xdpbench: " __VA_ARGS__); \
		      fputc('\n', stderr); exit(1); } while (0)

struct target {
	const char *name;
	char builtin[32];	/* "" unless @name */
	int fd;			/* -1 for builtins until a driver is loaded */
	struct xdpbench *timed, *prime;
	double ns[MAXROUND];	/* gross ns/packet */
	double aux[MAXROUND];	/* wire --bpf-stats: program ns/packet */
	double loss[MAXROUND];
	char audit[256];
};

static struct {
	struct target t[MAXPROG];
	int nt;
	uint8_t frame[MAXFRAME];
	uint32_t len, hdr;
	uint32_t off_src, off_dst, off_sport, off_ipck, off_l4ck, off_tcpfl, l3, l4;
	bool parsed;
	uint32_t src_base, dst_base, ipsum, l4sum;
	int mode;
	uint32_t flows, ndst, seed, batch;
	int rounds;
	double time_ms;
	uint64_t packets, warm;
	int cpu;
	bool fence, fifo, bpfstats;
	int retried, dirty;	/* slices */
	uint8_t prime[XB_STEPS_MAX];	/* TCP flags of the packets that open a flow */
	int nprime;		/* 0 = flows are not opened first */
	double prime_rate;
	int ingress;
	const char *label, *json, *ref;
	int audit;
	bool verbose;
} o = {
	.mode = XB_FIXED, .flows = 1, .ndst = 1, .rounds = 9, .time_ms = 100,
	.cpu = -1, .fence = true, .fifo = true, .ref = "macswap",
	.label = "", .batch = 64, .audit = 1000,
};

static int libbpf_quiet(enum libbpf_print_level l, const char *f, va_list ap)
{
	return o.verbose ? vfprintf(stderr, f, ap) : 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static int cmpd(const void *a, const void *b)
{
	double x = *(double *)a, y = *(double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *v, int n)
{
	double c[MAXROUND];

	memcpy(c, v, n * sizeof(*c));
	qsort(c, n, sizeof(*c), cmpd);
	return n & 1 ? c[n / 2] : (c[n / 2 - 1] + c[n / 2]) / 2;
}

static double vmin(const double *v, int n)
{
	double m = v[0];

	for (int i = 1; i < n; i++)
		m = fmin(m, v[i]);
	return m;
}

static double vmax(const double *v, int n)
{
	double m = v[0];

	for (int i = 1; i < n; i++)
		m = fmax(m, v[i]);
	return m;
}

/* Hypervisor steal of one cpu in ticks; shows when a slice was disturbed. */
static uint64_t steal(int cpu)
{
	char tag[16], line[512];
	unsigned long long v[8];
	uint64_t r = 0;
	FILE *f = fopen("/proc/stat", "r");

	snprintf(tag, sizeof(tag), "cpu%d ", cpu);
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, tag, strlen(tag)) &&
		    sscanf(line + strlen(tag), "%llu %llu %llu %llu %llu %llu %llu %llu",
			   v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) == 8)
			r = v[7];
	if (f)
		fclose(f);
	return r;
}

/* ns for which this thread was runnable but not running, or its cpu stolen. */
static uint64_t disturbance(void)
{
	unsigned long long run, delay = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "r");

	if (!f || fscanf(f, "%llu %llu", &run, &delay) != 2)
		delay = 0;
	if (f)
		fclose(f);
	return delay + steal(o.cpu) * (1000000000ull / sysconf(_SC_CLK_TCK));
}

static void settle(void)
{
	struct sched_param sp = { .sched_priority = 1 };
	cpu_set_t s;

	CPU_ZERO(&s);
	CPU_SET(o.cpu, &s);
	if (sched_setaffinity(0, sizeof(s), &s))
		die("cannot run on cpu %d: %s", o.cpu, strerror(errno));
	if (o.fifo)
		sched_setscheduler(0, SCHED_FIFO, &sp);
}

/* ---------------------------------------------------------------- packet */

static uint32_t sum16(const uint8_t *p, uint32_t n)
{
	uint32_t s = 0;

	for (uint32_t i = 0; i + 1 < n; i += 2)
		s += p[i] << 8 | p[i + 1];
	if (n & 1)
		s += p[n - 1] << 8;
	return s;
}

static uint16_t fold16(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* Find the fields that vary between flows. */
static void parse_frame(void)
{
	uint8_t *f = o.frame, proto;
	uint32_t off = 12, l4len, iplen;
	uint16_t et;

	o.parsed = false;
	o.l4 = 0;
	if (o.len < 14)
		return;
	et = f[off] << 8 | f[off + 1];
	while (et == 0x8100 || et == 0x88a8) {
		off += 4;
		et = f[off] << 8 | f[off + 1];
	}
	o.l3 = off + 2;
	if (et == ETH_P_IP) {
		o.l4 = o.l3 + (f[o.l3] & 15) * 4;
		proto = f[o.l3 + 9];
		iplen = f[o.l3 + 2] << 8 | f[o.l3 + 3];
		l4len = iplen - (o.l4 - o.l3);
		o.off_ipck = o.l3 + 10;
		o.off_src = o.l3 + 12;
		o.off_dst = o.l3 + 16;
	} else if (et == ETH_P_IPV6) {
		o.l4 = o.l3 + 40;
		proto = f[o.l3 + 6];
		l4len = f[o.l3 + 4] << 8 | f[o.l3 + 5];
		o.off_ipck = 0;
		o.off_src = o.l3 + 8 + 12;
		o.off_dst = o.l3 + 24 + 12;
	} else {
		return;
	}
	if ((proto != 6 && proto != 17) || o.l4 + (proto == 6 ? 20 : 8) > o.len ||
	    o.l4 + l4len > o.len)
		return;
	o.off_sport = o.l4;
	o.off_l4ck = o.l4 + (proto == 6 ? 16 : 6);
	o.off_tcpfl = proto == 6 ? o.l4 + 13 : 0;
	if (!o.hdr)
		o.hdr = (o.l4 + (proto == 6 ? 20 : 8) + 7) & ~7u;
	o.src_base = get32(f + o.off_src) & 0xff000000;
	o.dst_base = get32(f + o.off_dst);
	o.parsed = true;
}

/*
 * Template for one driver: checksum bases, and full checksums for XB_FIXED.
 * Where the driver writes TCP flags of its own, the template has none.
 */
static void make_template(uint8_t *t, bool own_flags, uint32_t *ipsum, uint32_t *l4sum)
{
	uint32_t s, l4len;
	uint8_t proto;

	memcpy(t, o.frame, o.len);
	*ipsum = *l4sum = 0;
	if (!o.parsed)
		return;
	if (o.off_tcpfl && own_flags)
		t[o.off_tcpfl] = 0;
	if (o.off_ipck) {
		put16(t + o.off_ipck, 0);
		proto = t[o.l3 + 9];
		l4len = (t[o.l3 + 2] << 8 | t[o.l3 + 3]) - (o.l4 - o.l3);
		s = sum16(t + o.l3, o.l4 - o.l3);
		put16(t + o.off_ipck, ~fold16(s));
		*ipsum = fold16(s - sum16(t + o.off_src, 4) - sum16(t + o.off_dst, 4));
		s = sum16(t + o.off_src, 8) + proto + l4len;
	} else {
		proto = t[o.l3 + 6];
		l4len = t[o.l3 + 4] << 8 | t[o.l3 + 5];
		s = sum16(t + o.l3 + 8, 32) + proto + l4len;
	}
	put16(t + o.off_l4ck, 0);
	s += sum16(t + o.l4, l4len);
	put16(t + o.off_l4ck, ~fold16(s));
	*l4sum = fold16(s - sum16(t + o.off_src, 4) - sum16(t + o.off_dst, 4) -
			sum16(t + o.off_sport, 2));
}

static int parse_flags(const char *s)
{
	static const char *n[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	char b[64], *p, *sv = NULL;
	int v = 0;

	snprintf(b, sizeof(b), "%s", s);
	for (p = strtok_r(b, ",+", &sv); p; p = strtok_r(NULL, ",+", &sv)) {
		int i;

		for (i = 0; i < 6 && strcasecmp(p, n[i]); i++)
			;
		if (i == 6)
			die("unknown TCP flag '%s'", p);
		v |= 1 << i;
	}
	return v;
}

/* "syn,ack": a packet with SYN, then one with ACK; "syn+ack" would be one packet with both. */
static void parse_prime(const char *s)
{
	char b[128], *p, *sv = NULL;

	snprintf(b, sizeof(b), "%s", s);
	for (p = strtok_r(b, ",", &sv); p; p = strtok_r(NULL, ",", &sv)) {
		if (o.nprime == XB_STEPS_MAX)
			die("--prime takes at most %d packets", XB_STEPS_MAX);
		o.prime[o.nprime++] = parse_flags(p);
	}
}

static void parse_mac(const char *s, uint8_t *m)
{
	if (sscanf(s, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6)
		die("bad MAC '%s'", s);
}

/* Build a frame from --vip/--proto/--len/... */
static void build_frame(const char *vip, int dport, int proto, int flags, uint32_t len,
			const char *src, int sport, const uint8_t *dmac, const uint8_t *smac)
{
	uint8_t *f = o.frame;
	bool v6 = strchr(vip, ':');
	uint32_t l3 = 14, l4 = l3 + (v6 ? 40 : 20), min = l4 + (proto == 6 ? 20 : 8);

	if (len < min)
		len = min;
	if (len < 60)
		len = 60;
	if (len > 1514)
		die("--len too long");
	memset(f, 0, len);
	memcpy(f, dmac, 6);
	memcpy(f + 6, smac, 6);
	put16(f + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (v6) {
		f[l3] = 0x60;
		put16(f + l3 + 4, len - l4);
		f[l3 + 6] = proto;
		f[l3 + 7] = 64;
		if (inet_pton(AF_INET6, src ? src : "2001:db8:c::a00:1", f + l3 + 8) != 1 ||
		    inet_pton(AF_INET6, vip, f + l3 + 24) != 1)
			die("bad address");
	} else {
		f[l3] = 0x45;
		put16(f + l3 + 2, len - l3);
		put16(f + l3 + 6, 0x4000);
		f[l3 + 8] = 64;
		f[l3 + 9] = proto;
		if (inet_pton(AF_INET, src ? src : "10.1.2.3", f + l3 + 12) != 1 ||
		    inet_pton(AF_INET, vip, f + l3 + 16) != 1)
			die("bad address");
	}
	put16(f + l4, sport);
	put16(f + l4 + 2, dport);
	if (proto == 6) {
		f[l4 + 12] = 0x50;
		f[l4 + 13] = flags;
		put16(f + l4 + 14, 65535);
	} else {
		put16(f + l4 + 4, len - l4);
	}
	o.len = len;
}

static void read_frame(const char *path)
{
	uint8_t buf[8192];
	size_t n, i, k = 0;
	bool hex = true;
	FILE *f = fopen(path, "rb");

	if (!f)
		die("%s: %s", path, strerror(errno));
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	for (i = 0; i < n && hex; i++)
		hex = isxdigit(buf[i]) || isspace(buf[i]) || buf[i] == ':';
	if (!hex) {
		if (n > MAXFRAME)
			die("%s: frame longer than %d", path, MAXFRAME);
		memcpy(o.frame, buf, n);
		o.len = n;
		return;
	}
	for (i = 0; i < n; i++) {
		if (!isxdigit(buf[i]))
			continue;
		int c = tolower(buf[i]);

		c = c > '9' ? c - 'a' + 10 : c - '0';
		if (k / 2 >= MAXFRAME)
			die("%s: frame too long", path);
		if (k & 1)
			o.frame[k / 2] |= c;
		else
			o.frame[k / 2] = c << 4;
		k++;
	}
	o.len = k / 2;
}

/* ---------------------------------------------------------------- driver */

static void set_autoload(struct xdpbench *s, const char *want, const char *want2)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, s->obj) {
		const char *n = bpf_program__name(p);

		bpf_program__set_autoload(p, !strcmp(n, want) || (want2 && !strcmp(n, want2)));
	}
}

/*
 * Load one configured driver.  A prog array only accepts programs with the
 * same expected_attach_type and frags setting as its owner, neither of which
 * can be read back from a pinned program, so try the combinations.
 */
static struct xdpbench *load_driver(const char *prog, struct target *t, int mode, uint32_t flows,
				    bool priming, uint32_t seed, int ifindex)
{
	char bname[48] = "";
	uint8_t tmpl[MAXFRAME];
	uint32_t ipsum, l4sum;
	int err = 0;

	if (t && t->builtin[0])
		snprintf(bname, sizeof(bname), "xb_f_%s", t->builtin);
	make_template(tmpl, priming, &ipsum, &l4sum);
	for (int combo = 0; combo < 4; combo++) {
		struct xdpbench *s = xdpbench__open();
		struct bpf_program *p;
		__u32 zero = 0;
		int fd;

		if (!s)
			die("open skeleton: %s", strerror(errno));
		set_autoload(s, prog, !strcmp(prog, "xb_gen") ? "xb_sink" : bname[0] ? bname : NULL);
		bpf_object__for_each_program(p, s->obj) {
			if (combo & 1)
				bpf_program__set_expected_attach_type(p, 0);
			if (combo & 2)
				bpf_program__set_flags(p, BPF_F_XDP_HAS_FRAGS);
		}
		/* cast away const: .rodata is writable until load */
#define K(f) (*(__u32 *)&s->rodata->f)
		K(k_len) = o.len;
		K(k_hdr) = o.hdr;
		K(k_mode) = mode;
		K(k_nflows) = flows;
		K(k_ndst) = o.ndst;
		K(k_off_src) = o.off_src;
		K(k_off_dst) = o.off_dst;
		K(k_off_sport) = o.off_sport;
		K(k_off_ipck) = o.off_ipck;
		K(k_off_l4ck) = o.off_l4ck;
		K(k_src_base) = o.src_base;
		K(k_dst_base) = o.dst_base;
		K(k_ipsum) = ipsum;
		K(k_l4sum) = l4sum;
		K(k_fence) = o.fence;
		K(k_seed) = seed;
		K(k_ifindex) = ifindex;
		if (priming) {
			K(k_steps) = o.nprime;
			K(k_off_flags) = o.off_tcpfl;
			memcpy((void *)s->rodata->k_flags, o.prime, sizeof(o.prime));
		}
#undef K
		memcpy((void *)s->rodata->k_tmpl, tmpl, o.hdr);
		s->bss->st.prng = 88172645463325252ull ^ seed;
		err = xdpbench__load(s);
		if (err) {
			xdpbench__destroy(s);
			continue;
		}
		if (strcmp(prog, "xb_drv"))
			return s;
		if (bname[0])
			fd = bpf_program__fd(bpf_object__find_program_by_name(s->obj, bname));
		else
			fd = t->fd;
		err = bpf_map_update_elem(bpf_map__fd(s->maps.target), &zero, &fd, BPF_ANY);
		if (!err)
			return s;
		err = -errno;
		xdpbench__destroy(s);
	}
	die("cannot tail-call '%s': %s (rerun with -v)", t ? t->name : prog, strerror(-err));
}

static void test_run(struct xdpbench *s, const char *prog, uint64_t repeat, void *out, uint32_t *outlen,
		     uint32_t *ret, bool live)
{
	struct xdp_md ctx = { .data_end = o.len, .ingress_ifindex = o.ingress };
	struct bpf_program *p = bpf_object__find_program_by_name(s->obj, prog);
	LIBBPF_OPTS(bpf_test_run_opts, r,
		.data_in = o.frame, .data_size_in = o.len,
		.data_out = out, .data_size_out = outlen ? *outlen : 0,
		.repeat = repeat);
	int err;

	if (o.ingress) {
		r.ctx_in = &ctx;
		r.ctx_size_in = sizeof(ctx);
	}
	if (live) {
		r.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		r.batch_size = o.batch;
	}
	s->bss->st.first = 1;
	err = bpf_prog_test_run_opts(bpf_program__fd(p), &r);
	if (err)
		die("BPF_PROG_TEST_RUN(%s): %s", prog, strerror(-err));
	if (outlen)
		*outlen = r.data_size_out;
	if (ret)
		*ret = r.retval;
}

/*
 * ns per packet over `n` packets after `warm` untimed ones.  A slice of which
 * more than 0.5% went to other tasks or to the hypervisor is repeated (a few
 * times: then it is reported as it is).
 */
static double slice(struct xdpbench *s, const char *prog, uint64_t warm, uint64_t n, bool live)
{
	struct xb_state *st = &s->bss->st;
	uint64_t total = warm + n + 1, e = st->errors, d;

	if (total > 0x7fffffff)
		die("slice too long");
	for (int try = 0;; try++) {
		if (live)
			s->data_sink->got.packets = s->data_sink->got.bytes = 0;
		st->n = 0;
		st->warm = warm;
		st->stop = warm + n;
		st->t0 = st->t1 = 0;
		d = disturbance();
		test_run(s, prog, total, NULL, NULL, NULL, live);
		d = disturbance() - d;
		if (st->errors != e)
			die("%llu packets failed in the driver (head/tail could not be restored, or the tail call failed)",
			    (unsigned long long)(st->errors - e));
		if (!st->t0 || !st->t1)
			die("driver did not see all packets");
		if (d * 200 <= (st->t1 - st->t0) / n * total)
			break;
		if (try == 4) {
			o.dirty++;
			break;
		}
		o.retried++;
	}
	return (double)(st->t1 - st->t0) / n;
}

/*
 * Untimed packets before each slice: enough to bring the flow set back into
 * the caches that the previously measured program has filled with its own.
 */
static uint64_t warmup(uint64_t n)
{
	uint64_t w = n / 4;

	if (o.warm)
		return o.warm;
	if ((o.mode == XB_RAND || o.mode == XB_SEQ) && w < 2ull * o.flows)
		w = 2ull * o.flows;
	return w;
}

/* A fresh random order for every round, so nobody always follows the same. */
static void shuffle(int *v, int n)
{
	static uint32_t x = 2463534242u;

	for (int i = 0; i < n; i++)
		v[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int j, t;

		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		j = x % (i + 1);
		t = v[i];
		v[i] = v[j];
		v[j] = t;
	}
}

static uint64_t calibrate(struct xdpbench *s, const char *prog, bool live)
{
	double ns = slice(s, prog, 2000, 20000, live);

	ns = slice(s, prog, 2000, 2e6 / ns, live);
	return fmin(fmax(o.time_ms * 1e6 / ns, 1000), 1e9);
}

/* Open every flow, in order, each by all its packets at once, at a bounded rate. */
static void prime(struct xdpbench *s, const char *prog, bool live)
{
	uint64_t left = (uint64_t)o.flows * o.nprime, start = now_ns(), done = 0;
	uint64_t chunk = o.prime_rate > 0 ? fmax(o.prime_rate / 500, 1) : 1000000;

	s->bss->st.warm = s->bss->st.stop = ~0ull;
	while (left) {
		uint64_t k = left < chunk ? left : chunk;

		test_run(s, prog, k, NULL, NULL, NULL, live);
		left -= k;
		done += k;
		if (o.prime_rate > 0) {
			double due = done / o.prime_rate * 1e9 - (double)(now_ns() - start);

			if (due > 0)
				usleep(due / 1000);
		}
	}
}

static const char *actname[] = { "ABORTED", "DROP", "PASS", "TX", "REDIRECT" };

static void hop_of(const uint8_t *p, uint32_t n, char *b, size_t bl)
{
	char ip[INET6_ADDRSTRLEN] = "-";
	uint32_t off = 12;
	uint16_t et;

	if (n < 34) {
		snprintf(b, bl, "short");
		return;
	}
	et = p[off] << 8 | p[off + 1];
	while ((et == 0x8100 || et == 0x88a8) && off + 20 < n) {
		off += 4;
		et = p[off] << 8 | p[off + 1];
	}
	if (et == ETH_P_IP && off + 22 <= n)
		inet_ntop(AF_INET, p + off + 2 + 16, ip, sizeof(ip));
	else if (et == ETH_P_IPV6 && off + 42 <= n)
		inet_ntop(AF_INET6, p + off + 2 + 24, ip, sizeof(ip));
	snprintf(b, bl, "%02x:%02x:%02x:%02x:%02x:%02x/%s", p[0], p[1], p[2], p[3], p[4], p[5], ip);
}

static void describe(const uint8_t *p, uint32_t n, FILE *f)
{
	uint32_t off = 12;
	uint16_t et;

	if (n < 14)
		return;
	fprintf(f, "    eth %02x:%02x:%02x:%02x:%02x:%02x <- %02x:%02x:%02x:%02x:%02x:%02x",
		p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]);
	et = p[12] << 8 | p[13];
	while ((et == 0x8100 || et == 0x88a8) && off + 20 < n) {
		fprintf(f, " | vlan %d", (p[off + 2] & 15) << 8 | p[off + 3]);
		off += 4;
		et = p[off] << 8 | p[off + 1];
	}
	off += 2;
	while (1) {
		char a[64], b[64];
		uint32_t pseudo, l4len;
		int proto;

		if (et == ETH_P_IP && off + 20 <= n) {
			inet_ntop(AF_INET, p + off + 12, a, sizeof(a));
			inet_ntop(AF_INET, p + off + 16, b, sizeof(b));
			proto = p[off + 9];
			fprintf(f, " | ip4 %s -> %s len %d ttl %d csum %s", a, b,
				p[off + 2] << 8 | p[off + 3], p[off + 8],
				fold16(sum16(p + off, (p[off] & 15) * 4)) == 0xffff ? "ok" : "BAD");
			l4len = (p[off + 2] << 8 | p[off + 3]) - (p[off] & 15) * 4;
			pseudo = sum16(p + off + 12, 8);
			off += (p[off] & 15) * 4;
		} else if (et == ETH_P_IPV6 && off + 40 <= n) {
			inet_ntop(AF_INET6, p + off + 8, a, sizeof(a));
			inet_ntop(AF_INET6, p + off + 24, b, sizeof(b));
			proto = p[off + 6];
			l4len = p[off + 4] << 8 | p[off + 5];
			pseudo = sum16(p + off + 8, 32);
			fprintf(f, " | ip6 %s -> %s plen %u hlim %u", a, b, l4len, p[off + 7]);
			off += 40;
		} else {
			break;
		}
		if (proto == 4) {
			et = ETH_P_IP;
		} else if (proto == 41) {
			et = ETH_P_IPV6;
		} else {
			if ((proto == 6 || proto == 17) && off + 8 <= n)
				fprintf(f, " | %s %d -> %d csum %s", proto == 6 ? "tcp" : "udp",
					p[off] << 8 | p[off + 1], p[off + 2] << 8 | p[off + 3],
					off + l4len <= n && fold16(pseudo + proto + l4len +
						sum16(p + off, l4len)) == 0xffff ? "ok" : "BAD");
			break;
		}
	}
	fputc('\n', f);
}

/* Run packets one at a time and tally what the program does with them. */
static void audit(struct target *t, int count, bool show)
{
	static char hops[4096][80];
	static int hits[4096];
	uint32_t acts[6] = { 0 }, len, ret, lens[2] = { ~0u, 0 };
	uint8_t out[4096];
	int nh = 0;

	memset(hits, 0, sizeof(hits));
	t->timed->bss->st.warm = t->timed->bss->st.stop = ~0ull;
	for (int i = 0; i < count; i++) {
		char h[80];
		int k;

		len = sizeof(out);
		test_run(t->timed, "xb_drv", 1, out, &len, &ret, false);
		acts[ret < 5 ? ret : 5]++;
		lens[0] = len < lens[0] ? len : lens[0];
		lens[1] = len > lens[1] ? len : lens[1];
		hop_of(out, len, h, sizeof(h));
		for (k = 0; k < nh && strcmp(hops[k], h); k++)
			;
		if (k == nh && nh < 4096)
			strcpy(hops[nh++], h);
		if (k < 4096)
			hits[k]++;
		if (show && i < 3) {
			printf("  %s: %s len %u\n", t->name, ret < 5 ? actname[ret] : "?", len);
			describe(out, len, stdout);
		}
	}
	int w = 0;

	for (int a = 0; a < 6; a++)
		if (acts[a])
			w += snprintf(t->audit + w, sizeof(t->audit) - w, "%s%s:%u", w ? " " : "",
				      a < 5 ? actname[a] : "?", acts[a]);
	int lo = count, hi = 0;

	for (int k = 0; k < nh; k++) {
		lo = hits[k] < lo ? hits[k] : lo;
		hi = hits[k] > hi ? hits[k] : hi;
	}
	snprintf(t->audit + w, sizeof(t->audit) - w, ", len %u..%u, %d next hops (%d..%d each)",
		 lens[0], lens[1], nh, lo, hi);
}

/* ---------------------------------------------------------------- output */

static struct target *find(const char *name)
{
	for (int i = 0; i < o.nt; i++)
		if (!strcmp(o.t[i].name, name))
			return &o.t[i];
	return NULL;
}

static void report(const char *what, const char *auxname)
{
	static const char *mn[] = { "fixed", "seq", "rand", "new" };
	struct target *noop = find("noop"), *ref = find(o.ref);
	FILE *j = o.json ? fopen(o.json, "a") : NULL;

	printf("# %s %s: mode %s flows %u dsts %u len %u fence %d rounds %d (slices: %d retried, %d left dirty)\n", what,
	       o.label, mn[o.mode], o.flows, o.ndst, o.len, o.fence, o.rounds, o.retried, o.dirty);
	printf("%-14s %9s %9s %9s %9s %8s %8s", "prog", "min", "median", "max", "net", "ratio", "Mpps");
	if (auxname)
		printf(" %7s", "loss%");
	if (auxname && *auxname)
		printf(" %10s (min..max, net)", auxname);
	printf("\n");
	for (int i = 0; i < o.nt; i++) {
		struct target *t = &o.t[i];
		double net[MAXROUND], rat[MAXROUND], auxn[MAXROUND];

		for (int r = 0; r < o.rounds; r++) {
			net[r] = t->ns[r] - (noop ? noop->ns[r] : 0);
			rat[r] = ref ? t->ns[r] / ref->ns[r] : 0;
			auxn[r] = t->aux[r] - (noop ? noop->aux[r] : 0);
		}
		double med = median(t->ns, o.rounds);

		printf("%-14s %9.2f %9.2f %9.2f %9.2f %8.3f %8.2f", t->name, vmin(t->ns, o.rounds), med,
		       vmax(t->ns, o.rounds), median(net, o.rounds), median(rat, o.rounds), 1e3 / med);
		if (auxname)
			printf(" %7.3f", 100 * vmax(t->loss, o.rounds));
		if (auxname && *auxname)
			printf(" %10.2f (%.2f..%.2f, %.2f)", median(t->aux, o.rounds),
			       vmin(t->aux, o.rounds), vmax(t->aux, o.rounds), median(auxn, o.rounds));
		if (t->audit[0])
			printf("  {%s}", t->audit);
		printf("\n");
		if (j) {
			fprintf(j, "{\"what\":\"%s\",\"label\":\"%s\",\"prog\":\"%s\",\"mode\":\"%s\",\"flows\":%u,"
				"\"dsts\":%u,\"len\":%u,\"fence\":%d,\"min\":%.3f,\"median\":%.3f,\"max\":%.3f,"
				"\"net\":%.3f,\"net_min\":%.3f,\"net_max\":%.3f,\"ratio\":%.4f,\"aux\":%.3f,\"aux_net\":%.3f,"
				"\"loss\":%.5f,\"retried\":%d,\"dirty\":%d,\"audit\":\"%s\",\"rounds\":[",
				what, o.label, t->name, mn[o.mode], o.flows, o.ndst, o.len, o.fence,
				vmin(t->ns, o.rounds), med, vmax(t->ns, o.rounds), median(net, o.rounds),
				vmin(net, o.rounds), vmax(net, o.rounds),
				median(rat, o.rounds), auxname ? median(t->aux, o.rounds) : 0,
				auxname ? median(auxn, o.rounds) : 0,
				auxname ? median(t->loss, o.rounds) : 0, o.retried, o.dirty, t->audit);
			for (int r = 0; r < o.rounds; r++)
				fprintf(j, "%s%.3f", r ? "," : "", t->ns[r]);
			fprintf(j, "]}\n");
		}
	}
	if (j)
		fclose(j);
	fflush(stdout);
}

/* ------------------------------------------------------------------- cpu */

static void cmd_cpu(void)
{
	uint64_t n[MAXPROG];
	int order[MAXPROG];

	settle();
	for (int i = 0; i < o.nt; i++) {
		struct target *t = &o.t[i];

		t->timed = load_driver("xb_drv", t, o.mode, o.flows, false, o.seed, 0);
		if (o.nprime && !t->builtin[0]) {
			t->prime = load_driver("xb_drv", t, XB_SEQ, o.flows, true, o.seed, 0);
			prime(t->prime, "xb_drv", false);
			xdpbench__destroy(t->prime);
		}
		if (o.packets)
			n[i] = o.packets;
		else
			n[i] = calibrate(t->timed, "xb_drv", false);
	}
	o.retried = o.dirty = 0;
	for (int r = 0; r < o.rounds; r++) {
		shuffle(order, o.nt);
		for (int k = 0; k < o.nt; k++) {
			int i = order[k];

			o.t[i].ns[r] = slice(o.t[i].timed, "xb_drv", warmup(n[i]), n[i], false);
		}
	}
	for (int i = 0; i < o.nt; i++)
		if (o.audit && !o.t[i].builtin[0])
			audit(&o.t[i], o.audit, false);
	report("cpu", NULL);
}

static void cmd_check(void)
{
	settle();
	printf("input:\n");
	describe(o.frame, o.len, stdout);
	for (int i = 0; i < o.nt; i++) {
		o.t[i].timed = load_driver("xb_drv", &o.t[i], o.mode, o.flows, false, o.seed, 0);
		audit(&o.t[i], o.audit, true);
		printf("  %s: %s\n", o.t[i].name, o.t[i].audit);
	}
}

/* ------------------------------------------------------------------ wire */

static void sh(const char *fmt, ...)
{
	char b[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	if (system(b))
		die("failed: %s", b);
}

static void prog_stats(int fd, uint64_t *ns, uint64_t *cnt)
{
	struct bpf_prog_info info = { 0 };
	__u32 l = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &l))
		die("prog info: %s", strerror(errno));
	*ns = info.run_time_ns;
	*cnt = info.run_cnt;
}

static void attach(int ifi, int fd)
{
	int err = bpf_xdp_attach(ifi, fd, XDP_FLAGS_DRV_MODE, NULL);

	if (err)
		die("native XDP attach: %s", strerror(-err));
}

/* Put target t between generator g and its sink. */
static void plug(int a, int b, struct xdpbench *g, struct target *t)
{
	attach(a, bpf_program__fd(g->progs.xb_sink));
	attach(b, t->fd);
	usleep(1000);
	g->data_sink->got.packets = g->data_sink->got.bytes = 0;
	g->bss->st.n = 0;
}

static void cmd_wire(void)
{
	struct xdpbench *g, *gens[MAXPROG];
	uint64_t n[MAXPROG];
	int a, b, stats_fd = -1, order[MAXPROG];

	/* Own netns, and a private mount ns so /sys/class/net shows it. */
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("network namespace: %s", strerror(errno));
	sh("ip link set lo up; ip link add xb0 type veth peer name xb1");
	for (int i = 0; i < 2; i++)
		sh("echo 1 > /proc/sys/net/ipv6/conf/xb%d/disable_ipv6; ip link set xb%d up", i, i);
	a = if_nametoindex("xb0");
	b = if_nametoindex("xb1");

	for (int i = 0; i < o.nt; i++) {
		struct target *t = &o.t[i];

		if (t->builtin[0]) {
			char nm[48];

			t->timed = load_driver("xb_drv", t, XB_FIXED, 1, false, 0, 0);
			snprintf(nm, sizeof(nm), "xb_f_%s", t->builtin);
			t->fd = bpf_program__fd(bpf_object__find_program_by_name(t->timed->obj, nm));
		}
		gens[i] = load_driver("xb_gen", NULL, o.mode, o.flows, false, o.seed, a);
	}
	plug(a, b, gens[0], &o.t[0]);
	settle();
	if (o.bpfstats)
		stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	for (int i = 0; i < o.nt; i++) {
		if (o.nprime && !o.t[i].builtin[0]) {
			g = load_driver("xb_gen", NULL, XB_SEQ, o.flows, true, o.seed, a);
			plug(a, b, g, &o.t[i]);
			prime(g, "xb_gen", true);
			usleep(2000);
			if (g->data_sink->got.packets != (uint64_t)o.flows * o.nprime)
				fprintf(stderr, "xdpbench: priming %s: %llu of %llu came through\n",
					o.t[i].name, (unsigned long long)g->data_sink->got.packets,
					(unsigned long long)o.flows * o.nprime);
			xdpbench__destroy(g);
		}
		plug(a, b, gens[i], &o.t[i]);
		n[i] = o.packets ? o.packets : calibrate(gens[i], "xb_gen", true);
	}
	o.retried = o.dirty = 0;
	for (int r = 0; r < o.rounds; r++) {
		shuffle(order, o.nt);
		for (int k = 0; k < o.nt; k++) {
			int i = order[k];
			struct target *t = &o.t[i];
			uint64_t p0 = 0, p1, q0 = 0, q1, w = warmup(n[i]);

			plug(a, b, gens[i], t);
			if (o.bpfstats)
				prog_stats(t->fd, &p0, &q0);
			t->ns[r] = slice(gens[i], "xb_gen", w, n[i], true);
			usleep(2000);
			t->loss[r] = 1 - (double)gens[i]->data_sink->got.packets / (w + n[i] + 1);
			if (o.bpfstats) {
				prog_stats(t->fd, &p1, &q1);
				t->aux[r] = (double)(p1 - p0) / (q1 - q0 ? q1 - q0 : 1);
			}
		}
	}
	if (stats_fd >= 0)
		close(stats_fd);
	report("wire", o.bpfstats ? "prog-ns" : "");
}

/* ------------------------------------------------------------------ main */

static void add_prog(const char *arg)
{
	struct target *t = &o.t[o.nt];
	const char *eq = strchr(arg, '='), *v = eq ? eq + 1 : arg;

	if (o.nt == MAXPROG)
		die("too many programs");
	if (eq)
		t->name = strndup(arg, eq - arg);
	else
		t->name = strrchr(arg, '/') ? strrchr(arg, '/') + 1 : arg + (*arg == '@');
	t->fd = -1;
	if (*v == '@')
		snprintf(t->builtin, sizeof(t->builtin), "%s", v + 1);
	else if (!strncmp(v, "id:", 3))
		t->fd = bpf_prog_get_fd_by_id(atoi(v + 3));
	else
		t->fd = bpf_obj_get(v);
	if (!t->builtin[0] && t->fd < 0)
		die("%s: %s", v, strerror(errno));
	o.nt++;
}

static void usage(void)
{
	fputs(
"usage: xdpbench cpu|wire|check [options]\n"
" cpu    ns/packet under BPF_PROG_TEST_RUN, packet rebuilt before every run\n"
" wire   native XDP on a veth pair fed by live frames; whole path\n"
" check  push --audit packets one by one, show and tally the results\n"
"programs (every round runs each once, shuffled; @noop and @macswap are added):\n"
" --prog [NAME=]PIN | NAME=id:N | NAME=@noop|@macswap|@ipip|@pass|@drop\n"
" --ref NAME           denominator of the ratio column        (macswap)\n"
"packet:\n"
" --pkt FILE           raw or hex Ethernet frame, instead of:\n"
" --vip ADDR --dport N --proto tcp|udp --flags syn,ack --len N\n"
" --src ADDR --sport N --dmac M --smac M\n"
" --restore N          leading bytes rewritten per packet     (through L4)\n"
"flows (source address low 24 bits and source port vary):\n"
" --mode fixed|seq|rand|new   rand: uniform over --flows; new: never repeats\n"
" --flows N --vips N (consecutive destination addresses) --seed N\n"
" --prime FLAGS[,...]  first open each flow by packets with these TCP flags (syn,ack:\n"
"                      SYN, then ACK of the same flow; syn+ack: one packet with both)\n"
" --prime-rate PPS\n"
"run:\n"
" --rounds N (9) --time MS (100) | --packets N, --warm N\n"
" --cpu N (last) --no-fence --no-fifo --ifname IF --audit N (1000)\n"
" --label S --json FILE (appended) -v\n"
"wire:\n"
" --batch N (64) --bpf-stats\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	enum { PROG = 256, PKT, VIP, DPORT, PROTO, FLAGS, LEN, SRC, SPORT, DMAC, SMAC, RESTORE, MODE,
	       FLOWS, VIPS, SEED, PRIME, PRATE, ROUNDS, TIME, PACKETS, WARM, CPU, NOFENCE, NOFIFO, IFN, AUDIT,
	       LABEL, JSON, BATCH, STATS, REF, NOBASE };
	static const struct option lo[] = {
		{ "prog", 1, 0, PROG }, { "prog-pin", 1, 0, PROG }, { "pkt", 1, 0, PKT }, { "vip", 1, 0, VIP },
		{ "dport", 1, 0, DPORT }, { "proto", 1, 0, PROTO }, { "flags", 1, 0, FLAGS },
		{ "len", 1, 0, LEN }, { "src", 1, 0, SRC }, { "sport", 1, 0, SPORT }, { "dmac", 1, 0, DMAC },
		{ "smac", 1, 0, SMAC }, { "restore", 1, 0, RESTORE }, { "mode", 1, 0, MODE },
		{ "flows", 1, 0, FLOWS }, { "vips", 1, 0, VIPS }, { "seed", 1, 0, SEED },
		{ "prime", 1, 0, PRIME }, { "prime-rate", 1, 0, PRATE }, { "rounds", 1, 0, ROUNDS },
		{ "time", 1, 0, TIME }, { "packets", 1, 0, PACKETS }, { "warm", 1, 0, WARM },
		{ "cpu", 1, 0, CPU }, { "no-fence", 0, 0, NOFENCE }, { "no-fifo", 0, 0, NOFIFO }, { "ifname", 1, 0, IFN },
		{ "audit", 1, 0, AUDIT }, { "label", 1, 0, LABEL }, { "json", 1, 0, JSON },
		{ "batch", 1, 0, BATCH },
		{ "bpf-stats", 0, 0, STATS }, { "ref", 1, 0, REF }, { "no-base", 0, 0, NOBASE }, { 0 }
	};
	const char *vip = "192.0.2.1", *pkt = NULL, *src = NULL, *cmd;
	uint8_t dmac[6] = { 2, 0, 0, 0, 0, 1 }, smac[6] = { 2, 0, 0, 0, 0, 2 };
	int dport = 80, sport = 12345, proto = 6, flags = 0x10, c;
	bool base = true;
	uint32_t len = 60;

	if (argc < 2)
		usage();
	cmd = argv[1];
	while ((c = getopt_long(argc - 1, argv + 1, "v", lo, NULL)) != -1)
		switch (c) {
		case 'v': o.verbose = true; break;
		case PROG: add_prog(optarg); break;
		case PKT: pkt = optarg; break;
		case VIP: vip = optarg; break;
		case DPORT: dport = atoi(optarg); break;
		case PROTO: proto = !strcmp(optarg, "udp") ? 17 : 6; break;
		case FLAGS: flags = parse_flags(optarg); break;
		case LEN: len = atoi(optarg); break;
		case SRC: src = optarg; break;
		case SPORT: sport = atoi(optarg); break;
		case DMAC: parse_mac(optarg, dmac); break;
		case SMAC: parse_mac(optarg, smac); break;
		case RESTORE: o.hdr = atoi(optarg); break;
		case MODE:
			o.mode = !strcmp(optarg, "fixed") ? XB_FIXED : !strcmp(optarg, "seq") ? XB_SEQ :
				 !strcmp(optarg, "rand") ? XB_RAND : !strcmp(optarg, "new") ? XB_NEW : -1;
			if (o.mode < 0)
				usage();
			break;
		case FLOWS: o.flows = strtod(optarg, NULL); break;
		case VIPS: o.ndst = atoi(optarg); break;
		case SEED: o.seed = strtoul(optarg, NULL, 0); break;
		case PRIME: parse_prime(optarg); break;
		case PRATE: o.prime_rate = strtod(optarg, NULL); break;
		case ROUNDS: o.rounds = atoi(optarg); break;
		case TIME: o.time_ms = strtod(optarg, NULL); break;
		case PACKETS: o.packets = strtod(optarg, NULL); break;
		case WARM: o.warm = strtod(optarg, NULL); break;
		case CPU: o.cpu = atoi(optarg); break;
		case NOFENCE: o.fence = false; break;
		case NOFIFO: o.fifo = false; break;
		case IFN: o.ingress = if_nametoindex(optarg); break;
		case AUDIT: o.audit = atoi(optarg); break;
		case LABEL: o.label = optarg; break;
		case JSON: o.json = optarg; break;
		case BATCH: o.batch = atoi(optarg); break;
		case STATS: o.bpfstats = true; break;
		case REF: o.ref = optarg; break;
		case NOBASE: base = false; break;
		default: usage();
		}
	if (o.rounds < 1 || o.rounds > MAXROUND)
		die("--rounds 1..%d", MAXROUND);
	if (!o.flows || !o.ndst)
		usage();
	if (base && strcmp(cmd, "check")) {
		if (!find("noop"))
			add_prog("noop=@noop");
		if (!find("macswap"))
			add_prog("macswap=@macswap");
	}
	int ncpu = sysconf(_SC_NPROCESSORS_ONLN);

	if (o.cpu < 0)
		o.cpu = ncpu - 1;
	if (pkt)
		read_frame(pkt);
	else
		build_frame(vip, dport, proto, flags, len, src, sport, dmac, smac);
	parse_frame();
	if (!o.parsed && o.mode != XB_FIXED)
		die("frame is not TCP/UDP over IP: only --mode fixed works");
	if (!o.hdr)
		o.hdr = o.len < XB_TMPL_MAX ? o.len & ~1u : XB_TMPL_MAX;
	if (o.hdr > o.len)
		o.hdr = o.len & ~1u;
	if (o.hdr > XB_TMPL_MAX)
		die("--restore at most %d", XB_TMPL_MAX);
	if (o.hdr & 1)
		die("--restore must be even");
	{	/* make the single packet's checksums right */
		uint8_t t[MAXFRAME];
		uint32_t x, y;

		make_template(t, false, &x, &y);
		memcpy(o.frame, t, o.len);
	}
	libbpf_set_print(libbpf_quiet);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	struct rlimit rl = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &rl);
	if (!strcmp(cmd, "cpu"))
		cmd_cpu();
	else if (!strcmp(cmd, "wire"))
		cmd_wire();
	else if (!strcmp(cmd, "check"))
		cmd_check();
	else
		usage();
	return 0;
}
