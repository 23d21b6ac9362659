// SPDX-License-Identifier: MIT

#include "templates.h"

#include "template_table.h"
#include "walk.h"

#include <arpa/inet.h>

namespace bpf {

namespace {

TemplateTable TableIn(const Mapping &mapping, size_t buckets) {
  return TemplateTable(reinterpret_cast<template_bucket *>(mapping.Data()), buckets);
}

Napi::Value CountsToJs(Napi::Env env, const TemplateCounts &counts) {
  Napi::Object result = Napi::Object::New(env);
  result["servers"] = ArrayOf<Napi::Uint32Array>(env, counts.servers);
  result["occupied"] = counts.occupied;
  result["expired"] = counts.expired;
  return result;
}

/** The sweep prolongs: until it comes by, a template whose time is over is about to expire. */
uint32_t TicksLeft(const ListedTemplate &listed) {
  return listed.timeout > listed.age ? listed.timeout - listed.age : 0;
}

Napi::Value ListToJs(Napi::Env env, const TemplateList &list) {
  Napi::Object columns = Napi::Object::New(env);
  const auto &rows = list.templates;
  using Row = const ListedTemplate &;
  columns["count"] = static_cast<double>(rows.size());
  AddColumn<Napi::Uint8Array>(columns, "client", rows, 16, [](Row row) { return row.entry.client; });
  AddColumn<Napi::Uint8Array>(columns, "vip", rows, 16, [](Row row) { return row.entry.vip; });
  AddColumn<Napi::Uint16Array>(columns, "vport", rows, 2, [](Row row) { return ntohs(row.entry.vport); });
  AddColumn<Napi::Uint8Array>(columns, "protocol", rows, 1, [](Row row) { return row.entry.protocol; });
  AddColumn<Napi::Uint32Array>(columns, "server", rows, 4, [](Row row) { return row.entry.server; });
  AddColumn<Napi::Uint32Array>(columns, "flows", rows, 4,
                               [](Row row) { return uint32_t(row.word & TEMPLATE_FLOWS_MASK); });
  AddColumn<Napi::Uint8Array>(columns, "isAssured", rows, 1, [](Row row) { return bool(row.word & TEMPLATE_ASSURED); });
  AddColumn<Napi::Uint8Array>(columns, "isUsable", rows, 1, [](Row row) { return row.isUsable; });
  AddColumn<Napi::Uint32Array>(columns, "ticksLeft", rows, 4, TicksLeft);
  if (list.next)
    columns["next"] = static_cast<double>(*list.next);
  return columns;
}

} // namespace

Napi::Value SweepTemplates(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 1);
  auto table = RegionArgument(info, 0, buckets, sizeof(template_bucket));
  uint32_t servers = Uint32Argument(info, 2);
  uint32_t now = TickArgument(info, 3);
  auto walk = [=] { return TableIn(*table, buckets).Sweep(now, servers); };
  return Walk<TemplateCounts>::Start(info.Env(), walk, CountsToJs);
}

Napi::Value ListTemplates(const Napi::CallbackInfo &info) {
  uint64_t buckets = SizeArgument(info, 1);
  auto table = RegionArgument(info, 0, buckets, sizeof(template_bucket));
  uint64_t cursor = SizeArgument(info, 2);
  uint32_t limit = Uint32Argument(info, 3);
  uint32_t now = TickArgument(info, 4);
  auto walk = [=] { return TableIn(*table, buckets).List(now, cursor, limit); };
  return Walk<TemplateList>::Start(info.Env(), walk, ListToJs);
}

} // namespace bpf
