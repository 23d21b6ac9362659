// SPDX-License-Identifier: MIT
// Whole Ethernet frames, past the stack (packet(7)).

#pragma once

#include <napi.h>

namespace bpf {

/** sendFrame(ifindex, frame) */
Napi::Value SendFrame(const Napi::CallbackInfo &info);

} // namespace bpf
