// SPDX-License-Identifier: MIT
// One BPF map as bytes: `Map` of src/bpf/native.ts.

#pragma once

#include "fd_object.h"

namespace bpf {

class Map : public FdObject<Map> {
public:
  static Napi::Function Define(Napi::Env env);
  using FdObject::FdObject;

  void Opened(Napi::Env env);

private:
  static Napi::Value Open(const Napi::CallbackInfo &info);
  static Napi::Value FromId(const Napi::CallbackInfo &info);
  static Napi::Value Create(const Napi::CallbackInfo &info);

  Napi::Value Info(const Napi::CallbackInfo &info);
  Napi::Value Layouts(const Napi::CallbackInfo &info);
  Napi::Value Lookup(const Napi::CallbackInfo &info);
  Napi::Value Update(const Napi::CallbackInfo &info);
  Napi::Value UpdateWithMap(const Napi::CallbackInfo &info);
  Napi::Value Delete(const Napi::CallbackInfo &info);
  Napi::Value NextKey(const Napi::CallbackInfo &info);
  Napi::Value LookupBatch(const Napi::CallbackInfo &info);
  Napi::Value UpdateBatch(const Napi::CallbackInfo &info);
  Napi::Value UpdateBatchWithMaps(const Napi::CallbackInfo &info);
  Napi::Value Sums(const Napi::CallbackInfo &info);
  Napi::Value MemoryMap(const Napi::CallbackInfo &info);

  // Fixed for the life of a map, so read once.
  uint32_t keyBytes_ = 0;
  uint64_t valueBytes_ = 0;
};

} // namespace bpf
