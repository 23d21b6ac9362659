// SPDX-License-Identifier: MIT
// What walks over shared tables have in common: a thread of their own, arguments, columns of results.

#pragma once

#include "args.h"
#include "flow_table.h"
#include "instance.h"
#include "region.h"

#include <napi.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bpf {

/** Runs `walk` on a thread of the pool; `convert` makes the promise's value of its result. */
template <typename Result> class Walk : public Napi::AsyncWorker {
public:
  using Convert = Napi::Value (*)(Napi::Env, const Result &);

  static Napi::Value Start(Napi::Env env, std::function<Result()> walk, Convert convert) {
    auto *worker = new Walk(env, std::move(walk), convert); // deletes itself when done
    Napi::Promise promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

  void Execute() override { result_ = walk_(); }
  void OnOK() override {
    try {
      deferred_.Resolve(convert_(Env(), result_));
    } catch (const Napi::Error &error) {
      deferred_.Reject(error.Value());
    }
  }
  void OnError(const Napi::Error &error) override { deferred_.Reject(error.Value()); }

private:
  Walk(Napi::Env env, std::function<Result()> walk, Convert convert)
      : AsyncWorker(env), deferred_(env), walk_(std::move(walk)), convert_(convert) {}

  Napi::Promise::Deferred deferred_;
  std::function<Result()> walk_;
  Convert convert_;
  Result result_{};
};

/** The region at `index`, which must hold `count` elements of `size` bytes. */
inline std::shared_ptr<Mapping> RegionArgument(const Napi::CallbackInfo &info, size_t index, uint64_t count,
                                               size_t size) {
  auto mapping = WrappedArgument<Region>(info, index, InstanceOf(info.Env()).region)->Share(info.Env());
  if (count > mapping->Size() / size)
    throw WrongArgument(info, index, "a region of " + std::to_string(count) + " elements");
  return mapping;
}

inline uint32_t TickArgument(const Napi::CallbackInfo &info, size_t index) {
  return info[index].IsUndefined() ? CurrentTick() : Uint32Argument(info, index) & FLOW_TICK_MASK;
}

template <typename Array, typename Number> Array ArrayOf(Napi::Env env, const std::vector<Number> &numbers) {
  Array array = Array::New(env, numbers.size());
  if (!numbers.empty())
    memcpy(array.Data(), numbers.data(), numbers.size() * sizeof(Number));
  return array;
}

/** A column of `width` bytes a row: a page of rows crosses as a few arrays, not as objects by the million. */
template <typename Array, typename Row, typename Field>
void AddColumn(Napi::Object columns, const char *name, const std::vector<Row> &rows, size_t width, Field field) {
  Array column = Array::New(columns.Env(), rows.size() * width / sizeof(*Array().Data()));
  auto *bytes = reinterpret_cast<uint8_t *>(column.Data());
  for (size_t i = 0; i < rows.size(); i++) {
    auto value = field(rows[i]);
    static_assert(sizeof(value) <= sizeof(union ip));
    memcpy(bytes + i * width, &value, width);
  }
  columns[name] = column;
}

} // namespace bpf
