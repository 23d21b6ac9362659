// SPDX-License-Identifier: MIT
// Classifiers of traffic control (tc, direct action) on an interface: they see packets as the stack sends and gets
// them.

#pragma once

#include <napi.h>

namespace bpf {

/** makeHooks(ifindex): gives it the queue discipline that filters need (clsact); false when it has it already */
Napi::Value MakeHooks(const Napi::CallbackInfo &info);

/** removeUnusedHooks(ifindex): takes it away unless somebody has a filter there; whether it did */
Napi::Value RemoveUnusedHooks(const Napi::CallbackInfo &info);

/** attachFilter(program, ifindex, "ingress" | "egress", handle): in place of the one that has the handle */
Napi::Value AttachFilter(const Napi::CallbackInfo &info);

/** hasFilter(ifindex, "ingress" | "egress", handle): whether it is there */
Napi::Value HasFilter(const Napi::CallbackInfo &info);

/** detachFilter(ifindex, "ingress" | "egress", handle): whether there was one */
Napi::Value DetachFilter(const Napi::CallbackInfo &info);

} // namespace bpf
