// SPDX-License-Identifier: MIT
// BTF types as plain JavaScript objects: the `Layout` of src/bpf/native.ts.

#pragma once

#include <bpf/btf.h>
#include <napi.h>

#include <memory>

namespace bpf {

struct BtfFree {
  void operator()(btf *types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, BtfFree>;

/** The layout of type `id`; undefined for `void` (id 0). Throws TypeError for what has no layout, as functions. */
Napi::Value DescribeType(Napi::Env env, const btf *types, uint32_t id);

} // namespace bpf
