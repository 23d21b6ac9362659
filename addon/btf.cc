// SPDX-License-Identifier: MIT

#include "btf.h"

#include <algorithm>
#include <string>

namespace bpf {

namespace {

Napi::Object DescribeInt(Napi::Env env, const btf_type *type) {
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = "int";
  layout["signed"] = (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
  layout["boolean"] = (btf_int_encoding(type) & BTF_INT_BOOL) != 0;
  return layout;
}

/** Before clang 16 BTF does not say whether an enumeration is signed, but its constants do. */
bool IsSigned(const btf_type *type) {
  if (btf_kflag(type) || btf_is_enum64(type))
    return btf_kflag(type);
  const struct btf_enum *constants = btf_enum(type);
  return std::any_of(constants, constants + btf_vlen(type), [](const auto &constant) { return constant.val < 0; });
}

Napi::Object DescribeEnum(Napi::Env env, const btf_type *type) {
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = "int";
  layout["signed"] = IsSigned(type);
  layout["boolean"] = false;
  return layout;
}

Napi::Object DescribeArray(Napi::Env env, const btf *types, const btf_type *type) {
  const struct btf_array *array = btf_array(type);
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = "array";
  layout["length"] = array->nelems;
  layout["element"] = DescribeType(env, types, array->type);
  return layout;
}

Napi::Object DescribeComposite(Napi::Env env, const btf *types, const btf_type *type) {
  Napi::Array fields = Napi::Array::New(env, btf_vlen(type));
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    const btf_member *member = btf_members(type) + i;
    Napi::Object field = Napi::Object::New(env);
    field["name"] = btf__name_by_offset(types, member->name_off);
    field["bitOffset"] = btf_member_bit_offset(type, i);
    field["bits"] = btf_member_bitfield_size(type, i);
    field["type"] = DescribeType(env, types, member->type);
    fields[i] = field;
  }
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = btf_is_union(type) ? "union" : "struct";
  layout["fields"] = fields;
  return layout;
}

Napi::Object DescribeSection(Napi::Env env, const btf *types, const btf_type *type) {
  Napi::Array fields = Napi::Array::New(env, btf_vlen(type));
  for (uint32_t i = 0; i < btf_vlen(type); i++) {
    const btf_var_secinfo *place = btf_var_secinfos(type) + i;
    const btf_type *variable = btf__type_by_id(types, place->type);
    Napi::Object field = Napi::Object::New(env);
    field["name"] = btf__name_by_offset(types, variable->name_off);
    field["bitOffset"] = place->offset * 8;
    field["bits"] = 0;
    field["type"] = DescribeType(env, types, variable->type);
    fields[i] = field;
  }
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = "struct";
  layout["fields"] = fields;
  return layout;
}

Napi::Object DescribeBare(Napi::Env env, const btf *types, const btf_type *type) {
  switch (btf_kind(type)) {
  case BTF_KIND_INT:
    return DescribeInt(env, type);
  case BTF_KIND_ENUM:
  case BTF_KIND_ENUM64:
    return DescribeEnum(env, type);
  case BTF_KIND_ARRAY:
    return DescribeArray(env, types, type);
  case BTF_KIND_STRUCT:
  case BTF_KIND_UNION:
    return DescribeComposite(env, types, type);
  case BTF_KIND_DATASEC:
    return DescribeSection(env, types, type);
  }
  Napi::Object layout = Napi::Object::New(env);
  layout["kind"] = "opaque";
  return layout;
}

bool IsTransparent(const btf_type *type) {
  return btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type);
}

} // namespace

Napi::Value DescribeType(Napi::Env env, const btf *types, uint32_t id) {
  if (id == 0)
    return env.Undefined();
  Napi::Array typedefs = Napi::Array::New(env);
  const btf_type *type = btf__type_by_id(types, id);
  for (; type && IsTransparent(type); id = type->type, type = btf__type_by_id(types, id)) {
    if (btf_is_typedef(type))
      typedefs[typedefs.Length()] = btf__name_by_offset(types, type->name_off);
  }
  if (!type)
    throw Napi::TypeError::New(env, "BTF has no type " + std::to_string(id));
  Napi::Object layout = DescribeBare(env, types, type);
  layout["name"] = btf__name_by_offset(types, type->name_off);
  layout["typedefs"] = typedefs;
  layout["size"] = static_cast<double>(btf__resolve_size(types, id));
  return layout;
}

} // namespace bpf
