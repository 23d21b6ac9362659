// SPDX-License-Identifier: MIT

#include "object.h"

#include "args.h"
#include "btf.h"
#include "error.h"
#include "instance.h"
#include "map.h"
#include "program.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>

namespace bpf {

namespace {

// The verifier's whole log of a rejected program. Kernels before 6.4 keep the beginning when it does not
// fit, and the end is what matters. Untouched pages of it cost nothing.
constexpr size_t kLogSize = 16 << 20;

Fd Duplicate(Napi::Env env, int fd) {
  Fd duplicate = Fd::Duplicate(fd);
  if (!duplicate.IsOpen())
    Throw(env, {"fcntl", errno, "", ""});
  return duplicate;
}

} // namespace

Napi::Function Object::Define(Napi::Env env) {
  return DefineClass(env, "Object",
                     {
                         InstanceMethod<&Object::Maps>("maps"),
                         InstanceMethod<&Object::Programs>("programs"),
                         InstanceMethod<&Object::ValueLayout>("valueLayout"),
                         InstanceMethod<&Object::InitialValue>("initialValue"),
                         InstanceMethod<&Object::SetInitialValue>("setInitialValue"),
                         InstanceMethod<&Object::SetMaxEntries>("setMaxEntries"),
                         InstanceMethod<&Object::SetPinPath>("setPinPath"),
                         InstanceMethod<&Object::Load>("load"),
                         InstanceMethod<&Object::MapOf>("map"),
                         InstanceMethod<&Object::ProgramOf>("program"),
                         InstanceMethod<&Object::Close>("close"),
                     });
}

Object::Object(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Object>(info), log_(new char[kLogSize]) {
  std::string path = StringArgument(info, 0);
  log_[0] = '\0';
  bpf_object_open_opts options{};
  options.sz = sizeof(options);
  options.kernel_log_buf = log_.get();
  options.kernel_log_size = kLogSize;
  ClearWarnings();
  object_.reset(bpf_object__open_file(path.c_str(), &options));
  if (!object_)
    Throw(info.Env(), {"bpf_object__open_file", errno, TakeWarnings(), ""});
}

bpf_object *Object::Get(Napi::Env env) const {
  if (!object_)
    Throw(env, {"use after close", EBADF, "", ""});
  return object_.get();
}

bpf_map *Object::FindMap(const Napi::CallbackInfo &info) const {
  std::string name = StringArgument(info, 0);
  bpf_map *map = bpf_object__find_map_by_name(Get(info.Env()), name.c_str());
  if (!map)
    Throw(info.Env(), {"bpf_object__find_map_by_name", ENOENT, "no map \"" + name + "\"", ""});
  return map;
}

Napi::Value Object::Maps(const Napi::CallbackInfo &info) {
  Napi::Array names = Napi::Array::New(info.Env());
  bpf_map *map;
  bpf_object__for_each_map(map, Get(info.Env())) names[names.Length()] = bpf_map__name(map);
  return names;
}

Napi::Value Object::Programs(const Napi::CallbackInfo &info) {
  Napi::Array names = Napi::Array::New(info.Env());
  bpf_program *program;
  bpf_object__for_each_program(program, Get(info.Env())) names[names.Length()] = bpf_program__name(program);
  return names;
}

Napi::Value Object::ValueLayout(const Napi::CallbackInfo &info) {
  bpf_map *map = FindMap(info);
  return DescribeType(info.Env(), bpf_object__btf(object_.get()), bpf_map__btf_value_type_id(map));
}

Napi::Value Object::InitialValue(const Napi::CallbackInfo &info) {
  size_t size = 0;
  const void *value = bpf_map__initial_value(FindMap(info), &size);
  if (!value)
    return info.Env().Undefined();
  Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), size);
  memcpy(copy.Data(), value, size);
  return copy;
}

Napi::Value Object::SetInitialValue(const Napi::CallbackInfo &info) {
  bpf_map *map = FindMap(info);
  Bytes value = BytesArgument(info, 1);
  Check(info.Env(), "bpf_map__set_initial_value", bpf_map__set_initial_value(map, value.data, value.size));
  return info.Env().Undefined();
}

Napi::Value Object::SetMaxEntries(const Napi::CallbackInfo &info) {
  bpf_map *map = FindMap(info);
  Check(info.Env(), "bpf_map__set_max_entries", bpf_map__set_max_entries(map, Uint32Argument(info, 1)));
  return info.Env().Undefined();
}

Napi::Value Object::SetPinPath(const Napi::CallbackInfo &info) {
  bpf_map *map = FindMap(info);
  Check(info.Env(), "bpf_map__set_pin_path", bpf_map__set_pin_path(map, StringArgument(info, 1).c_str()));
  return info.Env().Undefined();
}

Napi::Value Object::Load(const Napi::CallbackInfo &info) {
  bpf_object *object = Get(info.Env());
  ClearWarnings();
  int result = bpf_object__load(object);
  if (result < 0)
    Throw(info.Env(), {"bpf_object__load", -result, TakeWarnings(), log_.get()});
  return info.Env().Undefined();
}

Napi::Value Object::MapOf(const Napi::CallbackInfo &info) {
  int fd = Check(info.Env(), "bpf_map__fd", bpf_map__fd(FindMap(info)));
  return Map::Adopt(InstanceOf(info.Env()).map, Duplicate(info.Env(), fd));
}

Napi::Value Object::ProgramOf(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  std::string name = StringArgument(info, 0);
  bpf_program *program = bpf_object__find_program_by_name(Get(env), name.c_str());
  if (!program)
    Throw(env, {"bpf_object__find_program_by_name", ENOENT, "no program \"" + name + "\"", ""});
  int fd = Check(env, "bpf_program__fd", bpf_program__fd(program));
  return Program::Adopt(InstanceOf(env).program, Duplicate(env, fd));
}

Napi::Value Object::Close(const Napi::CallbackInfo &info) {
  object_.reset();
  log_.reset();
  return info.Env().Undefined();
}

} // namespace bpf
