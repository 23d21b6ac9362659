// SPDX-License-Identifier: MIT
// Sockets whose packets carry a mark, which node cannot make itself.

#pragma once

#include <napi.h>

namespace bpf {

/** markedSocket("tcp" | "udp", mark, source): a descriptor, bound to the address of 16 bytes; the caller's to close */
Napi::Value MarkedSocket(const Napi::CallbackInfo &info);

} // namespace bpf
