/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef XDPBENCH_H
#define XDPBENCH_H

#define XB_TMPL_MAX 128
#define XB_STEPS_MAX 8	/* packets that open one flow, a power of two */

enum { XB_FIXED, XB_SEQ, XB_RAND, XB_NEW };

struct xb_state {
	__u64 first;	/* set by userspace before each run	*/
	__u64 orig;	/* address of the pristine ctx->data	*/
	__u64 ctr;
	__u64 step;	/* next packet of flow ctr		*/
	__u64 prng;
	__u64 n;	/* packets seen in this run		*/
	__u64 warm;	/* t0 is taken when n == warm		*/
	__u64 stop;	/* t1 is taken when n == stop		*/
	__u64 t0, t1;
	__u64 errors;
};

struct xb_count {
	__u64 packets;
	__u64 bytes;
};

#endif
