// SPDX-License-Identifier: MIT
// What the addon exports; src/bpf/native.ts and, for sockets, files of src/net/ declare it.

#include "error.h"
#include "filter.h"
#include "flows.h"
#include "frame.h"
#include "instance.h"
#include "link.h"
#include "map.h"
#include "marked_socket.h"
#include "netlink.h"
#include "object.h"
#include "probe.h"
#include "program.h"
#include "region.h"
#include "templates.h"

namespace bpf {

namespace {

/** A class that other parts of the addon make instances of too. */
Napi::Function Remembered(Napi::FunctionReference &reference, Napi::Function constructor) {
  reference = Napi::Persistent(constructor);
  return constructor;
}

Napi::Value SetErrorClass(const Napi::CallbackInfo &info) {
  InstanceOf(info.Env()).error = Napi::Persistent(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

template <Napi::Value (*Call)(const Napi::CallbackInfo &)> void Export(Napi::Object exports, const char *name) {
  exports[name] = Napi::Function::New<Call>(exports.Env(), name);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto *instance = new Instance();
  env.SetInstanceData(instance);
  RecordWarnings();

  exports["Object"] = Object::Define(env);
  exports["Map"] = Remembered(instance->map, Map::Define(env));
  exports["Program"] = Remembered(instance->program, Program::Define(env));
  exports["Link"] = Remembered(instance->link, Link::Define(env));
  exports["Region"] = Remembered(instance->region, Region::Define(env));
  Export<SetErrorClass>(exports, "setErrorClass");
  Export<QueryXdp>(exports, "queryXdp");
  Export<MakeHooks>(exports, "makeHooks");
  Export<RemoveUnusedHooks>(exports, "removeUnusedHooks");
  Export<AttachFilter>(exports, "attachFilter");
  Export<HasFilter>(exports, "hasFilter");
  Export<DetachFilter>(exports, "detachFilter");
  Export<MarkedSocket>(exports, "markedSocket");
  Export<SendFrame>(exports, "sendFrame");
  Export<PossibleCpus>(exports, "possibleCpus");
  Export<InterfaceByName>(exports, "interfaceByName");
  Export<InterfaceByIndex>(exports, "interfaceByIndex");
  Export<MountBpffs>(exports, "mountBpffs");
  Export<SweepFlows>(exports, "sweepFlows");
  Export<ListFlows>(exports, "listFlows");
  Export<PurgeServer>(exports, "purgeServer");
  Export<ShedFlows>(exports, "shedFlows");
  Export<SweepTemplates>(exports, "sweepTemplates");
  Export<ListTemplates>(exports, "listTemplates");
  return InitNetlink(env, exports);
}

} // namespace

} // namespace bpf

using bpf::Init;
NODE_API_MODULE(xdirector, Init)
