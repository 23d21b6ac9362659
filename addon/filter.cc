// SPDX-License-Identifier: MIT

#include "filter.h"

#include "args.h"
#include "error.h"
#include "instance.h"
#include "program.h"

#include <bpf/libbpf.h>

#include <cerrno>

namespace bpf {

namespace {

/** Before the filters that tc gives a priority to. */
constexpr uint32_t kPriority = 1;

bpf_tc_hook Hook(uint32_t ifindex, const std::string &direction) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = ifindex;
  hook.attach_point = direction == "ingress" ? BPF_TC_INGRESS : BPF_TC_EGRESS;
  return hook;
}

bpf_tc_opts Options(uint32_t handle) {
  bpf_tc_opts options{};
  options.sz = sizeof(options);
  options.handle = handle;
  options.priority = kPriority;
  return options;
}

} // namespace

Napi::Value AttachFilter(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int program = WrappedArgument<Program>(info, 0, InstanceOf(env).program)->Descriptor(env);
  bpf_tc_hook hook = Hook(Uint32Argument(info, 1), StringArgument(info, 2));
  bpf_tc_opts options = Options(Uint32Argument(info, 3));
  options.prog_fd = program;
  options.flags = BPF_TC_F_REPLACE;
  ClearWarnings();
  int created = bpf_tc_hook_create(&hook);
  if (created != -EEXIST)
    Check(env, "bpf_tc_hook_create", created);
  ClearWarnings();
  Check(env, "bpf_tc_attach", bpf_tc_attach(&hook, &options));
  return env.Undefined();
}

/** The queue discipline stays: others may have put filters there meanwhile. */
Napi::Value DetachFilter(const Napi::CallbackInfo &info) {
  bpf_tc_hook hook = Hook(Uint32Argument(info, 0), StringArgument(info, 1));
  bpf_tc_opts options = Options(Uint32Argument(info, 2));
  ClearWarnings();
  int detached = bpf_tc_detach(&hook, &options);
  if (detached == -ENOENT || detached == -EINVAL || detached == -ENODEV)
    return Napi::Boolean::New(info.Env(), false);
  Check(info.Env(), "bpf_tc_detach", detached);
  return Napi::Boolean::New(info.Env(), true);
}

} // namespace bpf
