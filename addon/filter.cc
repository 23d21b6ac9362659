// SPDX-License-Identifier: MIT

#include "filter.h"

#include "args.h"
#include "error.h"
#include "instance.h"
#include "netlink_request.h"
#include "program.h"

#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace bpf {

namespace {

/** Before the filters that tc gives a priority to. */
constexpr uint32_t kPriority = 1;

bpf_tc_hook Hook(uint32_t ifindex, int attach_point) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = ifindex;
  hook.attach_point = static_cast<bpf_tc_attach_point>(attach_point);
  return hook;
}

bpf_tc_hook Hook(uint32_t ifindex, const std::string &direction) {
  return Hook(ifindex, direction == "ingress" ? BPF_TC_INGRESS : BPF_TC_EGRESS);
}

bpf_tc_opts Options(uint32_t handle) {
  bpf_tc_opts options{};
  options.sz = sizeof(options);
  options.handle = handle;
  options.priority = kPriority;
  return options;
}

/** The filter, its queue discipline or its interface. */
bool IsMissing(int result) {
  return result == -ENOENT || result == -EINVAL || result == -ENODEV;
}

std::optional<bool> DecodeFilter(const nlmsghdr *message) {
  return message->nlmsg_type == RTM_NEWTFILTER ? std::optional(true) : std::nullopt;
}

/** Whoever put them there. */
bool HasFilters(Napi::Env env, uint32_t ifindex, uint32_t direction) {
  netlink::Connection connection(env);
  netlink::Request request("RTM_GETTFILTER", RTM_GETTFILTER, NLM_F_DUMP);
  auto *header = request.Put<tcmsg>();
  header->tcm_family = AF_UNSPEC;
  header->tcm_ifindex = static_cast<int>(ifindex);
  header->tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
  return !connection.Exchange<bool>(env, request, DecodeFilter).empty();
}

} // namespace

Napi::Value MakeHooks(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  bpf_tc_hook hook = Hook(Uint32Argument(info, 0), BPF_TC_INGRESS);
  ClearWarnings();
  int created = bpf_tc_hook_create(&hook);
  if (created != -EEXIST)
    Check(env, "bpf_tc_hook_create", created);
  return Napi::Boolean::New(env, created == 0);
}

Napi::Value RemoveUnusedHooks(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint32_t ifindex = Uint32Argument(info, 0);
  if (HasFilters(env, ifindex, TC_H_MIN_INGRESS) || HasFilters(env, ifindex, TC_H_MIN_EGRESS))
    return Napi::Boolean::New(env, false);
  bpf_tc_hook hook = Hook(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
  ClearWarnings();
  int destroyed = bpf_tc_hook_destroy(&hook);
  if (!IsMissing(destroyed))
    Check(env, "bpf_tc_hook_destroy", destroyed);
  return Napi::Boolean::New(env, destroyed == 0);
}

Napi::Value AttachFilter(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int program = WrappedArgument<Program>(info, 0, InstanceOf(env).program)->Descriptor(env);
  bpf_tc_hook hook = Hook(Uint32Argument(info, 1), StringArgument(info, 2));
  bpf_tc_opts options = Options(Uint32Argument(info, 3));
  options.prog_fd = program;
  options.flags = BPF_TC_F_REPLACE;
  ClearWarnings();
  Check(env, "bpf_tc_attach", bpf_tc_attach(&hook, &options));
  return env.Undefined();
}

Napi::Value HasFilter(const Napi::CallbackInfo &info) {
  bpf_tc_hook hook = Hook(Uint32Argument(info, 0), StringArgument(info, 1));
  bpf_tc_opts options = Options(Uint32Argument(info, 2));
  ClearWarnings();
  int found = bpf_tc_query(&hook, &options);
  if (!IsMissing(found))
    Check(info.Env(), "bpf_tc_query", found);
  return Napi::Boolean::New(info.Env(), found == 0);
}

Napi::Value DetachFilter(const Napi::CallbackInfo &info) {
  bpf_tc_hook hook = Hook(Uint32Argument(info, 0), StringArgument(info, 1));
  bpf_tc_opts options = Options(Uint32Argument(info, 2));
  ClearWarnings();
  int detached = bpf_tc_detach(&hook, &options);
  if (!IsMissing(detached))
    Check(info.Env(), "bpf_tc_detach", detached);
  return Napi::Boolean::New(info.Env(), detached == 0);
}

} // namespace bpf
