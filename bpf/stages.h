/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs that the main one hands packets to, which are rarely needed and so not part of it. */
#ifndef STAGES_H
#define STAGES_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int xdp_sctp(struct xdp_md *ctx);
int xdp_sctp_special(struct xdp_md *ctx);
int xdp_related(struct xdp_md *ctx);
int xdp_fragment(struct xdp_md *ctx);
int xdp_answer(struct xdp_md *ctx);
int xdp_tunnel(struct xdp_md *ctx);
int xdp_loads(struct xdp_md *ctx);
int xdp_special(struct xdp_md *ctx);
int xdp_stray(struct xdp_md *ctx);
int xdp_tunnel_error(struct xdp_md *ctx);
int xdp_tag(struct xdp_md *ctx);
int xdp_clamp(struct xdp_md *ctx);
int xdirector(struct xdp_md *ctx);

enum stage {
	STAGE_SCTP,
	STAGE_SCTP_SPECIAL,
	STAGE_RELATED,
	STAGE_FRAGMENT,
	STAGE_ANSWER,
	STAGE_TUNNEL,
	STAGE_SPECIAL,
	STAGE_STRAY,
	STAGE_TUNNEL_ERROR,
	STAGE_TAG,
	STAGE_CLAMP,
	STAGE_MAIN,
	STAGE_LOADS,
	STAGES,
};

/* Where does the main program go on with a packet that is not for it? */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values = { [STAGE_SCTP] = (void *)&xdp_sctp,
		    [STAGE_SCTP_SPECIAL] = (void *)&xdp_sctp_special,
		    [STAGE_RELATED] = (void *)&xdp_related,
		    [STAGE_FRAGMENT] = (void *)&xdp_fragment,
		    [STAGE_ANSWER] = (void *)&xdp_answer,
		    [STAGE_TUNNEL] = (void *)&xdp_tunnel,
		    [STAGE_LOADS] = (void *)&xdp_loads,
		    [STAGE_SPECIAL] = (void *)&xdp_special,
		    [STAGE_STRAY] = (void *)&xdp_stray,
		    [STAGE_TUNNEL_ERROR] = (void *)&xdp_tunnel_error,
		    [STAGE_TAG] = (void *)&xdp_tag,
		    [STAGE_CLAMP] = (void *)&xdp_clamp,
		    [STAGE_MAIN] = (void *)&xdirector },
};

#endif
