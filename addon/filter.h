// SPDX-License-Identifier: MIT
// Classifiers of traffic control (tc, direct action) on an interface: they see packets as the stack sends and gets
// them.

#pragma once

#include <napi.h>

namespace bpf {

/** attachFilter(program, ifindex, "ingress" | "egress", handle): in place of the one that has the handle */
Napi::Value AttachFilter(const Napi::CallbackInfo &info);

/** detachFilter(ifindex, "ingress" | "egress", handle): whether there was one */
Napi::Value DetachFilter(const Napi::CallbackInfo &info);

} // namespace bpf
