// SPDX-License-Identifier: MIT
// One attachment of an XDP program to an interface: `Link` of src/bpf/native.ts.

#pragma once

#include "fd_object.h"

namespace bpf {

class Link : public FdObject<Link> {
public:
  static Napi::Function Define(Napi::Env env);
  using FdObject::FdObject;

private:
  static Napi::Value Attach(const Napi::CallbackInfo &info);
  static Napi::Value Open(const Napi::CallbackInfo &info);

  Napi::Value Info(const Napi::CallbackInfo &info);
  Napi::Value Update(const Napi::CallbackInfo &info);
  Napi::Value Detach(const Napi::CallbackInfo &info);
};

/** queryXdp(ifindex): {native, generic}, the ids of the programs attached so, 0 for none */
Napi::Value QueryXdp(const Napi::CallbackInfo &info);

} // namespace bpf
