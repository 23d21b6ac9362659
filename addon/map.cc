// SPDX-License-Identifier: MIT

#include "map.h"

#include "btf.h"
#include "per_cpu_sums.h"
#include "region.h"
#include "walk.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bpf {

namespace {

bool IsPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

uint64_t RoundedUp(uint32_t bytes) {
  return (static_cast<uint64_t>(bytes) + 7) / 8 * 8;
}

/**
 * How many bytes the kernel reads or writes for one value. The only place that knows: every buffer of a
 * value, here and in TypeScript, is sized by it.
 */
uint64_t ValueBytes(const bpf_map_info &map) {
  return IsPerCpu(map.type) ? RoundedUp(map.value_size) * libbpf_num_possible_cpus() : map.value_size;
}

/** The type of that name (libbpf's: "hash", "percpu_array", ...), or BPF_MAP_TYPE_UNSPEC. */
bpf_map_type TypeNamed(const std::string &name) {
  for (int type = BPF_MAP_TYPE_UNSPEC + 1; const char *candidate = libbpf_bpf_map_type_str(bpf_map_type(type)); type++)
    if (name == candidate)
      return bpf_map_type(type);
  return BPF_MAP_TYPE_UNSPEC;
}

std::string NameOf(uint32_t type) {
  const char *name = libbpf_bpf_map_type_str(bpf_map_type(type));
  return name ? name : "type " + std::to_string(type);
}

Napi::Value SumsToJs(Napi::Env env, const PerCpuSums &sums) {
  Check(env, "bpf_map_lookup_batch", sums.result);
  return ArrayOf<Napi::Float64Array>(env, sums.words);
}

Napi::Value Adopted(Napi::Env env, const char *operation, int fd) {
  return Map::Adopt(InstanceOf(env).map, Fd(Check(env, operation, fd)));
}

} // namespace

Napi::Function Map::Define(Napi::Env env) {
  return DefineClass(env, "Map",
                     {
                         StaticMethod<&Map::Open>("open"),
                         StaticMethod<&Map::FromId>("fromId"),
                         StaticMethod<&Map::Create>("create"),
                         InstanceMethod<&Map::Info>("info"),
                         InstanceMethod<&Map::Layouts>("layouts"),
                         InstanceMethod<&Map::Lookup>("lookup"),
                         InstanceMethod<&Map::Update>("update"),
                         InstanceMethod<&Map::UpdateWithMap>("updateWithMap"),
                         InstanceMethod<&Map::Delete>("delete"),
                         InstanceMethod<&Map::NextKey>("nextKey"),
                         InstanceMethod<&Map::LookupBatch>("lookupBatch"),
                         InstanceMethod<&Map::UpdateBatch>("updateBatch"),
                         InstanceMethod<&Map::UpdateBatchWithMaps>("updateBatchWithMaps"),
                         InstanceMethod<&Map::Sums>("sums"),
                         InstanceMethod<&Map::MemoryMap>("mmap"),
                         InstanceMethod("pin", &Map::Pin),
                         InstanceMethod("close", &Map::Close),
                     });
}

void Map::Opened(Napi::Env env) {
  bpf_map_info map{};
  Describe(env, map);
  keyBytes_ = map.key_size;
  valueBytes_ = ValueBytes(map);
}

Napi::Value Map::Open(const Napi::CallbackInfo &info) {
  return Adopted(info.Env(), "bpf_obj_get", bpf_obj_get(StringArgument(info, 0).c_str()));
}

Napi::Value Map::FromId(const Napi::CallbackInfo &info) {
  return Adopted(info.Env(), "bpf_map_get_fd_by_id", bpf_map_get_fd_by_id(Uint32Argument(info, 0)));
}

/** create(type, name, keySize, valueSize, maxEntries, flags) */
Napi::Value Map::Create(const Napi::CallbackInfo &info) {
  bpf_map_type type = TypeNamed(StringArgument(info, 0));
  if (type == BPF_MAP_TYPE_UNSPEC)
    throw WrongArgument(info, 0, "a type of map, not \"" + StringArgument(info, 0) + "\"");
  std::string name = StringArgument(info, 1);
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = Uint32Argument(info, 5);
  return Adopted(info.Env(), "bpf_map_create",
                 bpf_map_create(type, name.c_str(), Uint32Argument(info, 2), Uint32Argument(info, 3),
                                Uint32Argument(info, 4), &options));
}

Napi::Value Map::Info(const Napi::CallbackInfo &info) {
  bpf_map_info map{};
  Describe(info.Env(), map);
  Napi::Object result = Napi::Object::New(info.Env());
  result["type"] = NameOf(map.type);
  result["id"] = map.id;
  result["name"] = map.name;
  result["keySize"] = map.key_size;
  result["valueSize"] = map.value_size;
  result["valueBytes"] = static_cast<double>(valueBytes_);
  result["perCpu"] = IsPerCpu(map.type);
  result["maxEntries"] = map.max_entries;
  result["flags"] = map.map_flags;
  return result;
}

Napi::Value Map::Layouts(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  bpf_map_info map{};
  Describe(env, map);
  Napi::Object result = Napi::Object::New(env);
  if (map.btf_id == 0)
    return result;
  Btf types(btf__load_from_kernel_by_id(map.btf_id));
  if (!types)
    Throw(env, {"btf__load_from_kernel_by_id", errno, "", ""});
  result["key"] = DescribeType(env, types.get(), map.btf_key_type_id);
  result["value"] = DescribeType(env, types.get(), map.btf_value_type_id);
  return result;
}

/** lookup(key, value): whether the key exists; its value is written into `value`. */
Napi::Value Map::Lookup(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  int result = bpf_map_lookup_elem(fd, BytesArgument(info, 0, keyBytes_), BytesArgument(info, 1, valueBytes_));
  if (result == -ENOENT)
    return Napi::Boolean::New(env, false);
  Check(env, "bpf_map_lookup_elem", result);
  return Napi::Boolean::New(env, true);
}

/** update(key, value, flags) */
Napi::Value Map::Update(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  const uint8_t *key = BytesArgument(info, 0, keyBytes_);
  const uint8_t *value = BytesArgument(info, 1, valueBytes_);
  Check(env, "bpf_map_update_elem", bpf_map_update_elem(fd, key, value, Uint32Argument(info, 2)));
  return env.Undefined();
}

/** updateWithMap(key, map): the value of a map of maps is a descriptor on the way in, an id on the way out. */
Napi::Value Map::UpdateWithMap(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  const uint8_t *key = BytesArgument(info, 0, keyBytes_);
  int inner = WrappedArgument<Map>(info, 1, InstanceOf(env).map)->Descriptor(env);
  if (valueBytes_ != sizeof(inner))
    throw Napi::TypeError::New(env, "not a map of maps");
  Check(env, "bpf_map_update_elem", bpf_map_update_elem(fd, key, &inner, BPF_ANY));
  return env.Undefined();
}

/** delete(key): whether the key existed */
Napi::Value Map::Delete(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int result = bpf_map_delete_elem(Descriptor(env), BytesArgument(info, 0, keyBytes_));
  if (result == -ENOENT)
    return Napi::Boolean::New(env, false);
  Check(env, "bpf_map_delete_elem", result);
  return Napi::Boolean::New(env, true);
}

/** nextKey(key | undefined, next): whether there is a next key (undefined: a first one); it is written into `next`. */
Napi::Value Map::NextKey(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  const uint8_t *key = info[0].IsUndefined() ? nullptr : BytesArgument(info, 0, keyBytes_);
  int result = bpf_map_get_next_key(fd, key, BytesArgument(info, 1, keyBytes_));
  if (result == -ENOENT)
    return Napi::Boolean::New(env, false);
  Check(env, "bpf_map_get_next_key", result);
  return Napi::Boolean::New(env, true);
}

/**
 * lookupBatch(cursor, isFirst, keys, values, capacity): {count, done}. The cursor is the kernel's; for hash
 * maps it is a bucket number, so it takes 4 bytes however short the key is.
 */
Napi::Value Map::LookupBatch(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  uint8_t *cursor = BytesArgument(info, 0, std::max<size_t>(keyBytes_, sizeof(uint32_t)));
  bool isFirst = info[1].ToBoolean();
  uint32_t count = Uint32Argument(info, 4);
  uint8_t *keys = BytesArgument(info, 2, size_t{count} * keyBytes_);
  uint8_t *values = BytesArgument(info, 3, size_t{count} * valueBytes_);
  int result = bpf_map_lookup_batch(fd, isFirst ? nullptr : cursor, cursor, keys, values, &count, nullptr);
  if (result != -ENOENT)
    Check(env, "bpf_map_lookup_batch", result);
  Napi::Object batch = Napi::Object::New(env);
  batch["count"] = count;
  batch["done"] = result == -ENOENT;
  return batch;
}

/** updateBatch(keys, values, count) */
Napi::Value Map::UpdateBatch(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  uint32_t count = Uint32Argument(info, 2);
  const uint8_t *keys = BytesArgument(info, 0, size_t{count} * keyBytes_);
  const uint8_t *values = BytesArgument(info, 1, size_t{count} * valueBytes_);
  Check(env, "bpf_map_update_batch", bpf_map_update_batch(fd, keys, values, &count, nullptr));
  return env.Undefined();
}

/** updateBatchWithMaps(keys, maps): of a map of maps */
Napi::Value Map::UpdateBatchWithMaps(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  if (!info[1].IsArray())
    throw WrongArgument(info, 1, "an array of maps");
  Napi::Array maps = info[1].As<Napi::Array>();
  uint32_t count = maps.Length();
  const uint8_t *keys = BytesArgument(info, 0, size_t{count} * keyBytes_);
  std::vector<int> inner;
  for (uint32_t index = 0; index < count; index++) {
    Napi::Value map = maps[index];
    if (!map.IsObject() || !map.As<Napi::Object>().InstanceOf(InstanceOf(env).map.Value()))
      throw WrongArgument(info, 1, "an array of maps");
    inner.push_back(Map::Unwrap(map.As<Napi::Object>())->Descriptor(env));
  }
  if (valueBytes_ != sizeof(int))
    throw Napi::TypeError::New(env, "not a map of maps");
  Check(env, "bpf_map_update_batch", bpf_map_update_batch(fd, keys, inner.data(), &count, nullptr));
  return env.Undefined();
}

/** sums(count): promise of the 64-bit words of the first elements of a per-CPU array, each summed up over the CPUs */
Napi::Value Map::Sums(const Napi::CallbackInfo &info) {
  bpf_map_info map{};
  Describe(info.Env(), map);
  if (map.type != BPF_MAP_TYPE_PERCPU_ARRAY || map.value_size % sizeof(uint64_t) != 0)
    throw Napi::TypeError::New(info.Env(), "not a per-CPU array of 64-bit words");
  uint32_t count = std::min(Uint32Argument(info, 0), map.max_entries);
  size_t words = map.value_size / sizeof(uint64_t);
  auto fd = std::make_shared<Fd>(Fd::Duplicate(Descriptor(info.Env()))); // it may be closed meanwhile
  if (!fd->IsOpen())
    Throw(info.Env(), {"fcntl", errno, "", ""});
  auto walk = [=] { return SumPerCpu(fd->Get(), count, words, libbpf_num_possible_cpus()); };
  return Walk<PerCpuSums>::Start(info.Env(), walk, SumsToJs);
}

/** mmap(): the elements of a BPF_F_MMAPABLE array, each on a multiple of 8 bytes */
Napi::Value Map::MemoryMap(const Napi::CallbackInfo &info) {
  bpf_map_info map{};
  Describe(info.Env(), map);
  size_t size = RoundedUp(map.value_size) * map.max_entries;
  return Region::Map(info.Env(), Descriptor(info.Env()), size);
}

} // namespace bpf
