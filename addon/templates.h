// SPDX-License-Identifier: MIT
// Walks over the template table for JavaScript: src/bpf/templates.ts.

#pragma once

#include <napi.h>

namespace bpf {

/** (templates, buckets, servers, tick?) -> Promise<{servers, occupied, expired}> */
Napi::Value SweepTemplates(const Napi::CallbackInfo &info);

/** (templates, buckets, cursor, limit, tick?) -> Promise of columns */
Napi::Value ListTemplates(const Napi::CallbackInfo &info);

} // namespace bpf
