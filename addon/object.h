// SPDX-License-Identifier: MIT
// One BPF object file on its way into the kernel: `Object` of src/bpf/native.ts.

#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

namespace bpf {

class Object : public Napi::ObjectWrap<Object> {
public:
  static Napi::Function Define(Napi::Env env);
  /** new Object(path) */
  explicit Object(const Napi::CallbackInfo &info);

private:
  struct Closer {
    void operator()(bpf_object *object) const { bpf_object__close(object); }
  };

  Napi::Value Maps(const Napi::CallbackInfo &info);
  Napi::Value Programs(const Napi::CallbackInfo &info);
  Napi::Value ValueLayout(const Napi::CallbackInfo &info);
  Napi::Value InitialValue(const Napi::CallbackInfo &info);
  Napi::Value SetInitialValue(const Napi::CallbackInfo &info);
  Napi::Value SetMaxEntries(const Napi::CallbackInfo &info);
  Napi::Value SetPinPath(const Napi::CallbackInfo &info);
  Napi::Value Load(const Napi::CallbackInfo &info);
  Napi::Value MapOf(const Napi::CallbackInfo &info);
  Napi::Value ProgramOf(const Napi::CallbackInfo &info);
  Napi::Value Close(const Napi::CallbackInfo &info);

  bpf_object *Get(Napi::Env env) const;
  bpf_map *FindMap(const Napi::CallbackInfo &info) const;

  std::unique_ptr<char[]> log_; // outlives object_, which writes into it
  std::unique_ptr<bpf_object, Closer> object_;
};

} // namespace bpf
