// SPDX-License-Identifier: MIT

#include "flows.h"

#include "walk.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace bpf {

namespace {

struct TimeoutTable {
  Timeouts ticks;
};

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

/** Maps flow_templates and templates, both or neither. They are kept mapped with the result. */
struct Control {
  std::shared_ptr<Mapping> flows;
  std::shared_ptr<Mapping> templates;
};

Control ControlArgument(const Napi::CallbackInfo &info, size_t index, uint64_t buckets) {
  if (info[index].IsUndefined())
    return {};
  return {RegionArgument(info, index, buckets * FLOW_WAYS, sizeof(uint64_t)),
          RegionArgument(info, index + 1, 1, sizeof(template_bucket))};
}

FlowEnds EndsIn(const Mapping &loads, const Control &control) {
  if (!control.flows)
    return {LoadsIn(loads), Controllers()};
  Controllers controllers(reinterpret_cast<const uint64_t *>(control.flows->Data()),
                          control.flows->Size() / sizeof(uint64_t),
                          reinterpret_cast<template_bucket *>(control.templates->Data()),
                          control.templates->Size() / sizeof(template_bucket));
  return {LoadsIn(loads), controllers};
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

Napi::Value CountsToJs(Napi::Env env, const FlowCounts &counts) {
  Napi::Object result = Napi::Object::New(env);
  result["active"] = ArrayOf<Napi::Uint32Array>(env, counts.active);
  result["inactive"] = ArrayOf<Napi::Uint32Array>(env, counts.inactive);
  result["occupied"] = counts.occupied;
  result["halfOpen"] = counts.halfOpen;
  result["expired"] = counts.expired;
  return result;
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
  AddColumn<Napi::Uint8Array>(columns, "cip", list.flows, 16, [](Flow flow) { return flow.cip; });
  AddColumn<Napi::Uint8Array>(columns, "vip", list.flows, 16, [](Flow flow) { return flow.vip; });
  AddColumn<Napi::Uint16Array>(columns, "cport", list.flows, 2, [](Flow flow) { return ntohs(flow.cport); });
  AddColumn<Napi::Uint16Array>(columns, "vport", list.flows, 2, [](Flow flow) { return ntohs(flow.vport); });
  AddColumn<Napi::Uint8Array>(columns, "protocol", list.flows, 1, [](Flow flow) { return ProtocolNumber(flow.word); });
  AddColumn<Napi::Uint8Array>(columns, "state", list.flows, 1, [](Flow flow) { return flow.word.state; });
  AddColumn<Napi::Uint32Array>(columns, "server", list.flows, 4, [](Flow flow) { return flow.word.server; });
  AddColumn<Napi::Uint32Array>(columns, "age", list.flows, 4, [](Flow flow) { return flow.age; });
  AddColumn<Napi::Uint32Array>(columns, "timeout", list.flows, 4, [](Flow flow) { return flow.timeout; });
  AddColumn<Napi::Uint8Array>(columns, "keepsPort", list.flows, 1, [](Flow flow) { return flow.word.keepsPort; });
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
  Control control = ControlArgument(info, 6, buckets);
  auto walk = [=] { return TableIn(*hot, buckets).Sweep(EndsIn(*loads, control), timeouts.ticks, now, servers); };
  return Walk<FlowCounts>::Start(info.Env(), walk, CountsToJs);
}

Napi::Value ListFlows(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto far = RegionArgument(info, 1, buckets * FLOW_WAYS, sizeof(flow_far));
  TimeoutTable timeouts = TimeoutsArgument(info, 3);
  uint64_t cursor = SizeArgument(info, 4);
  uint32_t limit = Uint32Argument(info, 5);
  uint32_t now = TickArgument(info, 6);
  auto walk = [=] {
    auto *fars = reinterpret_cast<const flow_far *>(far->Data());
    return TableIn(*hot, buckets).List(fars, timeouts.ticks, now, cursor, limit);
  };
  return Walk<FlowList>::Start(info.Env(), walk, ListToJs);
}

Napi::Value PurgeServer(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto loads = LoadsArgument(info, 1);
  uint32_t server = Uint32Argument(info, 3);
  Control control = ControlArgument(info, 4, buckets);
  auto walk = [=] { return TableIn(*hot, buckets).Purge(EndsIn(*loads, control), server); };
  return Walk<uint32_t>::Start(info.Env(), walk, CountToJs);
}

Napi::Value ShedFlows(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 2);
  auto hot = RegionArgument(info, 0, buckets, sizeof(flow_bucket));
  auto loads = LoadsArgument(info, 1);
  uint32_t now = TickArgument(info, 3);
  Control control = ControlArgument(info, 4, buckets);
  auto walk = [=] { return TableIn(*hot, buckets).Shed(EndsIn(*loads, control), now); };
  return Walk<uint32_t>::Start(info.Env(), walk, CountToJs);
}

} // namespace bpf
