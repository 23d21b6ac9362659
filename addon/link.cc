// SPDX-License-Identifier: MIT

#include "link.h"

#include "program.h"

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <string>

namespace bpf {

Napi::Function Link::Define(Napi::Env env) {
  return DefineClass(env, "Link",
                     {
                         StaticMethod<&Link::Attach>("attach"),
                         StaticMethod<&Link::Open>("open"),
                         InstanceMethod<&Link::Info>("info"),
                         InstanceMethod<&Link::Update>("update"),
                         InstanceMethod<&Link::Detach>("detach"),
                         InstanceMethod("pin", &Link::Pin),
                         InstanceMethod("close", &Link::Close),
                     });
}

/** attach(program, ifindex, "native" | "generic") */
Napi::Value Link::Attach(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int program = WrappedArgument<Program>(info, 0, InstanceOf(env).program)->Descriptor(env);
  int ifindex = Uint32Argument(info, 1);
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.flags = StringArgument(info, 2) == "generic" ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
  int fd = Check(env, "bpf_link_create", bpf_link_create(program, ifindex, BPF_XDP, &options));
  return Adopt(InstanceOf(env).link, Fd(fd));
}

Napi::Value Link::Open(const Napi::CallbackInfo &info) {
  int fd = Check(info.Env(), "bpf_obj_get", bpf_obj_get(StringArgument(info, 0).c_str()));
  return Adopt(InstanceOf(info.Env()).link, Fd(fd));
}

Napi::Value Link::Info(const Napi::CallbackInfo &info) {
  bpf_link_info link{};
  Describe(info.Env(), link);
  Napi::Object result = Napi::Object::New(info.Env());
  result["id"] = link.id;
  result["programId"] = link.prog_id;
  result["ifindex"] = link.type == BPF_LINK_TYPE_XDP ? link.xdp.ifindex : 0;
  return result;
}

Napi::Value Link::Update(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int program = WrappedArgument<Program>(info, 0, InstanceOf(env).program)->Descriptor(env);
  Check(env, "bpf_link_update", bpf_link_update(Descriptor(env), program, nullptr));
  return env.Undefined();
}

Napi::Value Link::Detach(const Napi::CallbackInfo &info) {
  Check(info.Env(), "bpf_link_detach", bpf_link_detach(Descriptor(info.Env())));
  return info.Env().Undefined();
}

Napi::Value QueryXdp(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  bpf_xdp_query_opts options{};
  options.sz = sizeof(options);
  Check(env, "bpf_xdp_query", bpf_xdp_query(Uint32Argument(info, 0), 0, &options));
  // With a single program the kernel reports its id and its mode; the ids by mode are for several.
  Napi::Object result = Napi::Object::New(env);
  result["native"] = options.attach_mode == XDP_ATTACHED_DRV ? options.prog_id : options.drv_prog_id;
  result["generic"] = options.attach_mode == XDP_ATTACHED_SKB ? options.prog_id : options.skb_prog_id;
  return result;
}

} // namespace bpf
