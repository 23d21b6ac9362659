// SPDX-License-Identifier: MIT
// One loaded program: `Program` of src/bpf/native.ts.

#pragma once

#include "fd_object.h"

namespace bpf {

class Program : public FdObject<Program> {
public:
  static Napi::Function Define(Napi::Env env);
  using FdObject::FdObject;

private:
  static Napi::Value Open(const Napi::CallbackInfo &info);
  static Napi::Value FromId(const Napi::CallbackInfo &info);

  Napi::Value Info(const Napi::CallbackInfo &info);
  Napi::Value Run(const Napi::CallbackInfo &info);
};

} // namespace bpf
