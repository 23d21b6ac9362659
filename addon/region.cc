// SPDX-License-Identifier: MIT

#include "region.h"

#include "args.h"
#include "error.h"
#include "instance.h"

#include <sys/mman.h>

#include <cerrno>

namespace bpf {

Mapping::~Mapping() {
  munmap(address_, size_);
}

Napi::Function Region::Define(Napi::Env env) {
  return DefineClass(env, "Region",
                     {
                         StaticMethod<&Region::Anonymous>("anonymous"),
                         InstanceMethod<&Region::Buffer>("buffer"),
                         InstanceMethod<&Region::Close>("close"),
                     });
}

Napi::Value Region::Map(Napi::Env env, int fd, size_t size) {
  int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0);
  void *address = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (address == MAP_FAILED)
    Throw(env, {"mmap", errno, "", ""});
  auto mapping = std::make_shared<Mapping>(address, size);
  Napi::Object region = InstanceOf(env).region.New({});
  Unwrap(region)->mapping_ = std::move(mapping);
  return region;
}

std::shared_ptr<Mapping> Region::Share(Napi::Env env) const {
  if (!mapping_)
    Throw(env, {"use after close", EBADF, "", ""});
  return mapping_;
}

Napi::Value Region::Anonymous(const Napi::CallbackInfo &info) {
  return Map(info.Env(), -1, SizeArgument(info, 0));
}

Napi::Value Region::Buffer(const Napi::CallbackInfo &info) {
  std::shared_ptr<Mapping> mapping = Share(info.Env());
  if (!buffer_.IsEmpty())
    return buffer_.Value();
  void *data = mapping->Data();
  size_t size = mapping->Size();
  // The buffer holds a share of its own: garbage collection of the region leaves the buffer valid.
  auto *share = new std::shared_ptr<Mapping>(std::move(mapping));
  auto release = [](Napi::Env, void *, std::shared_ptr<Mapping> *held) { delete held; };
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), data, size, release, share);
  buffer_ = Napi::Persistent(buffer);
  return buffer;
}

/** Detaches the buffer first: views of it become empty instead of pointing to memory that is gone. */
Napi::Value Region::Close(const Napi::CallbackInfo &info) {
  if (!buffer_.IsEmpty()) {
    buffer_.Value().Detach();
    buffer_.Reset();
  }
  mapping_.reset();
  return info.Env().Undefined();
}

} // namespace bpf
