/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space fixes before the program is loaded (rodata) and what it may change afterwards. */
#ifndef CONFIG_H
#define CONFIG_H

#include <bpf/bpf_helpers.h>
#include "xdirector.h"

/* Buckets in map flow_table: the verifier folds it into the index arithmetic. */
const volatile __u32 flow_buckets = 1;

/* The same in map templates. */
const volatile __u32 template_buckets = 1;

/* A map of its own, pinned: a new program goes on with the secret and timeouts of the old one. */
struct settings settings SEC(".data.settings") = {};

/* A map of its own, too, but not pinned: a new program knows none until it is told. */
struct own_macs own_macs SEC(".data.own_macs") = {};

#endif
