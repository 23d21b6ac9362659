// SPDX-License-Identifier: MIT
// Facts about this machine that Node.js does not tell.

#pragma once

#include <napi.h>

namespace bpf {

/** possibleCpus() */
Napi::Value PossibleCpus(const Napi::CallbackInfo &info);

/** interfaceByName(name), interfaceByIndex(index): {index, name, mac (6 bytes), mtu} or undefined */
Napi::Value InterfaceByName(const Napi::CallbackInfo &info);
Napi::Value InterfaceByIndex(const Napi::CallbackInfo &info);

/** mountBpffs(path): mounts a new bpf file system on an existing folder */
Napi::Value MountBpffs(const Napi::CallbackInfo &info);

} // namespace bpf
