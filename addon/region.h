// SPDX-License-Identifier: MIT
// Memory shared with the kernel: `Region` of src/bpf/native.ts.

#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace bpf {

/**
 * Mapped memory. Whoever uses it holds a share, and the last one to let go unmaps it: close() during a
 * flow walk on another thread leaves the walk its memory.
 */
class Mapping {
public:
  Mapping(void *address, size_t size) : address_(address), size_(size) {}
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping();

  uint8_t *Data() const { return static_cast<uint8_t *>(address_); }
  size_t Size() const { return size_; }

private:
  void *address_;
  size_t size_;
};

class Region : public Napi::ObjectWrap<Region> {
public:
  static Napi::Function Define(Napi::Env env);
  /** From JavaScript `new` makes a closed one; Map() and anonymous() are the ways to an open one. */
  explicit Region(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Region>(info) {}

  /** Maps `size` bytes of `fd`; fd -1 stands for anonymous memory. */
  static Napi::Value Map(Napi::Env env, int fd, size_t size);

  std::shared_ptr<Mapping> Share(Napi::Env env) const;

private:
  static Napi::Value Anonymous(const Napi::CallbackInfo &info);
  Napi::Value Buffer(const Napi::CallbackInfo &info);
  Napi::Value Close(const Napi::CallbackInfo &info);

  std::shared_ptr<Mapping> mapping_;
  Napi::Reference<Napi::ArrayBuffer> buffer_;
};

} // namespace bpf
