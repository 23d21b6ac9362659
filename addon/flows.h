// SPDX-License-Identifier: MIT
// Walks over the flow table off the main thread. Each takes the table as a Region, which stays mapped until
// the walk is over, and returns a promise; src/bpf/native.ts declares them.

#pragma once

#include <napi.h>

namespace bpf {

/** sweepFlows(hot, loads, buckets, timeouts, servers, tick | undefined) */
Napi::Value SweepFlows(const Napi::CallbackInfo &info);

/** listFlows(hot, far, buckets, timeouts, cursor, limit, tick | undefined) */
Napi::Value ListFlows(const Napi::CallbackInfo &info);

/** purgeServer(hot, loads, buckets, server) */
Napi::Value PurgeServer(const Napi::CallbackInfo &info);

/** shedFlows(hot, loads, buckets, tick | undefined) */
Napi::Value ShedFlows(const Napi::CallbackInfo &info);

} // namespace bpf
