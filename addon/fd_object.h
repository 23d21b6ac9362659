// SPDX-License-Identifier: MIT
// What map, program and link have in common: a descriptor that can be pinned and closed. A closed one
// throws; garbage collection closes too.

#pragma once

#include "args.h"
#include "error.h"
#include "fd.h"
#include "instance.h"

#include <bpf/bpf.h>
#include <napi.h>

#include <cerrno>

namespace bpf {

template <typename T> class FdObject : public Napi::ObjectWrap<T> {
public:
  /** From JavaScript `new` makes a closed one; Adopt() is the way to an open one. */
  explicit FdObject(const Napi::CallbackInfo &info) : Napi::ObjectWrap<T>(info) {}

  static Napi::Object Adopt(Napi::FunctionReference &constructor, Fd fd) {
    Napi::Object object = constructor.New({});
    T *self = T::Unwrap(object);
    self->fd_ = std::move(fd);
    self->Opened(object.Env());
    return object;
  }

  int Descriptor(Napi::Env env) const {
    if (!fd_.IsOpen())
      Throw(env, {"use after close", EBADF, "", ""});
    return fd_.Get();
  }

protected:
  /** Called once the descriptor is in place. */
  void Opened(Napi::Env) {}

  Napi::Value Pin(const Napi::CallbackInfo &info) {
    Check(info.Env(), "bpf_obj_pin", bpf_obj_pin(Descriptor(info.Env()), StringArgument(info, 0).c_str()));
    return info.Env().Undefined();
  }

  Napi::Value Close(const Napi::CallbackInfo &info) {
    fd_.Close();
    return info.Env().Undefined();
  }

  /** Fills `kernelInfo` as BPF_OBJ_GET_INFO_BY_FD does. */
  template <typename Info> void Describe(Napi::Env env, Info &kernelInfo) const {
    uint32_t size = sizeof(kernelInfo);
    Check(env, "bpf_obj_get_info_by_fd", bpf_obj_get_info_by_fd(Descriptor(env), &kernelInfo, &size));
  }

private:
  Fd fd_;
};

} // namespace bpf
