// SPDX-License-Identifier: MIT
// What one JavaScript environment holds of the addon: its classes. The main thread and every worker
// thread have their own, so there are no statics.

#pragma once

#include <napi.h>

namespace bpf {

struct Instance {
  Napi::FunctionReference error; // BpfError of src/bpf/error.ts
  Napi::FunctionReference map;
  Napi::FunctionReference program;
  Napi::FunctionReference link;
  Napi::FunctionReference region;
};

inline Instance &InstanceOf(Napi::Env env) {
  return *env.GetInstanceData<Instance>();
}

} // namespace bpf
