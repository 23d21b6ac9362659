// SPDX-License-Identifier: MIT

#include "flows.h"

#include "args.h"
#include "flow_table.h"
#include "instance.h"
#include "region.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bpf {

namespace {

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
  void OnOK() override { deferred_.Resolve(convert_(Env(), result_)); }
  void OnError(const Napi::Error &error) override { deferred_.Reject(error.Value()); }

private:
  Walk(Napi::Env env, std::function<Result()> walk, Convert convert)
      : AsyncWorker(env), deferred_(env), walk_(std::move(walk)), convert_(convert) {}

  Napi::Promise::Deferred deferred_;
  std::function<Result()> walk_;
  Convert convert_;
  Result result_{};
};

struct TimeoutTable {
  Timeouts ticks;
};

/** The region at `index`, which must hold `count` elements of `size` bytes. */
std::shared_ptr<Mapping> RegionArgument(const Napi::CallbackInfo &info, size_t index, uint64_t count, size_t size) {
  auto mapping = WrappedArgument<Region>(info, index, InstanceOf(info.Env()).region)->Share(info.Env());
  if (count > mapping->Size() / size)
    throw WrongArgument(info, index, "a region of " + std::to_string(count) + " elements");
  return mapping;
}

FlowTable TableIn(const Mapping &mapping, size_t buckets) {
  return FlowTable(reinterpret_cast<flow_bucket *>(mapping.Data()), buckets);
}

/** Map server_loads, whole. */
std::shared_ptr<Mapping> LoadsArgument(const Napi::CallbackInfo &info, size_t index) {
  return RegionArgument(info, index, 1, sizeof(server_load));
}

ServerLoads LoadsIn(const Mapping &mapping) {
  return ServerLoads(reinterpret_cast<server_load *>(mapping.Data()), mapping.Size() / sizeof(server_load));
}

TimeoutTable TimeoutsArgument(const Napi::CallbackInfo &info, size_t index) {
  TimeoutTable timeouts;
  constexpr size_t kLength = sizeof(Timeouts) / sizeof(uint32_t);
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
      info[index].As<Napi::Uint32Array>().ElementLength() != kLength)
    throw WrongArgument(info, index, "a Uint32Array of length " + std::to_string(kLength));
  memcpy(timeouts.ticks, info[index].As<Napi::Uint32Array>().Data(), sizeof(Timeouts));
  return timeouts;
}

uint32_t TickArgument(const Napi::CallbackInfo &info, size_t index) {
  return info[index].IsUndefined() ? CurrentTick() : Uint32Argument(info, index) & FLOW_TICK_MASK;
}

template <typename Array, typename Number> Array ArrayOf(Napi::Env env, const std::vector<Number> &numbers) {
  Array array = Array::New(env, numbers.size());
  if (!numbers.empty())
    memcpy(array.Data(), numbers.data(), numbers.size() * sizeof(Number));
  return array;
}

Napi::Value CountsToJs(Napi::Env env, const FlowCounts &counts) {
  Napi::Object result = Napi::Object::New(env);
  result["active"] = ArrayOf<Napi::Uint32Array>(env, counts.active);
  result["inactive"] = ArrayOf<Napi::Uint32Array>(env, counts.inactive);
  result["occupied"] = counts.occupied;
  result["halfOpen"] = counts.halfOpen;
  result["expired"] = counts.expired;
  return result;
}

/** A column of `width` bytes a flow: a page of flows crosses as a few arrays, not as objects by the million. */
template <typename Array, typename Field>
void AddColumn(Napi::Object columns, const char *name, const FlowList &list, size_t width, Field field) {
  Array column = Array::New(columns.Env(), list.flows.size() * width / sizeof(*Array().Data()));
  auto *bytes = reinterpret_cast<uint8_t *>(column.Data());
  for (size_t i = 0; i < list.flows.size(); i++) {
    auto value = field(list.flows[i]);
    static_assert(sizeof(value) <= sizeof(union ip));
    memcpy(bytes + i * width, &value, width);
  }
  columns[name] = column;
}

/** IANA's. */
uint8_t ProtocolNumber(const FlowWord &word) {
  if (word.protocol == FLOW_UDP)
    return IPPROTO_UDP;
  return word.protocol == FLOW_SCTP ? IPPROTO_SCTP : IPPROTO_TCP;
}

Napi::Value ListToJs(Napi::Env env, const FlowList &list) {
  Napi::Object columns = Napi::Object::New(env);
  columns["count"] = static_cast<double>(list.flows.size());
  using Flow = const ListedFlow &;
  AddColumn<Napi::Uint8Array>(columns, "cip", list, 16, [](Flow flow) { return flow.tuple.cip; });
  AddColumn<Napi::Uint8Array>(columns, "vip", list, 16, [](Flow flow) { return flow.tuple.vip; });
  AddColumn<Napi::Uint16Array>(columns, "cport", list, 2, [](Flow flow) { return ntohs(flow.tuple.cport); });
  AddColumn<Napi::Uint16Array>(columns, "vport", list, 2, [](Flow flow) { return ntohs(flow.tuple.vport); });
  AddColumn<Napi::Uint8Array>(columns, "protocol", list, 1, [](Flow flow) { return ProtocolNumber(flow.word); });
  AddColumn<Napi::Uint8Array>(columns, "state", list, 1, [](Flow flow) { return flow.word.state; });
  AddColumn<Napi::Uint32Array>(columns, "server", list, 4, [](Flow flow) { return flow.word.server; });
  AddColumn<Napi::Uint32Array>(columns, "age", list, 4, [](Flow flow) { return flow.age; });
  AddColumn<Napi::Uint32Array>(columns, "timeout", list, 4, [](Flow flow) { return flow.timeout; });
  if (list.next)
    columns["next"] = static_cast<double>(*list.next);
  return columns;
}

Napi::Value CountToJs(Napi::Env env, const uint32_t &count) {
  return Napi::Number::New(env, count);
}

} // namespace

Napi::Value SweepFlows(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto loads = LoadsArgument(info, 1);
  TimeoutTable timeouts = TimeoutsArgument(info, 3);
  uint32_t servers = Uint32Argument(info, 4);
  uint32_t now = TickArgument(info, 5);
  auto walk = [=] { return TableIn(*hot, buckets).Sweep(LoadsIn(*loads), timeouts.ticks, now, servers); };
  return Walk<FlowCounts>::Start(info.Env(), walk, CountsToJs);
}

Napi::Value ListFlows(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto cold = RegionArgument(info, 1, buckets * FLOW_WAYS, sizeof(flow_cold));
  TimeoutTable timeouts = TimeoutsArgument(info, 3);
  uint64_t cursor = SizeArgument(info, 4);
  uint32_t limit = Uint32Argument(info, 5);
  uint32_t now = TickArgument(info, 6);
  auto walk = [=] {
    auto *colds = reinterpret_cast<const flow_cold *>(cold->Data());
    return TableIn(*hot, buckets).List(colds, timeouts.ticks, now, cursor, limit);
  };
  return Walk<FlowList>::Start(info.Env(), walk, ListToJs);
}

Napi::Value PurgeServer(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto loads = LoadsArgument(info, 1);
  uint32_t server = Uint32Argument(info, 3);
  auto walk = [=] { return TableIn(*hot, buckets).Purge(LoadsIn(*loads), server); };
  return Walk<uint32_t>::Start(info.Env(), walk, CountToJs);
}

Napi::Value ShedFlows(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 3);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto cold = RegionArgument(info, 1, buckets * FLOW_WAYS, sizeof(flow_cold));
  auto loads = LoadsArgument(info, 2);
  uint32_t now = TickArgument(info, 4);
  auto walk = [=] {
    auto *colds = reinterpret_cast<const flow_cold *>(cold->Data());
    return TableIn(*hot, buckets).Shed(colds, LoadsIn(*loads), now);
  };
  return Walk<uint32_t>::Start(info.Env(), walk, CountToJs);
}

} // namespace bpf
