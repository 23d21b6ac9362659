// SPDX-License-Identifier: MIT

#include "program.h"

#include <bpf/libbpf.h>

#include <cstdio>
#include <string>
#include <vector>

namespace bpf {

namespace {

std::string Hexadecimal(const uint8_t *bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; i++) {
    char pair[3];
    snprintf(pair, sizeof(pair), "%02x", bytes[i]);
    text += pair;
  }
  return text;
}

Napi::Array MapIds(Napi::Env env, const std::vector<uint32_t> &ids) {
  Napi::Array array = Napi::Array::New(env, ids.size());
  for (size_t i = 0; i < ids.size(); i++)
    array[i] = ids[i];
  return array;
}

} // namespace

Napi::Function Program::Define(Napi::Env env) {
  return DefineClass(env, "Program",
                     {
                         StaticMethod<&Program::Open>("open"),
                         StaticMethod<&Program::FromId>("fromId"),
                         InstanceMethod<&Program::Info>("info"),
                         InstanceMethod<&Program::Run>("run"),
                         InstanceMethod("pin", &Program::Pin),
                         InstanceMethod("close", &Program::Close),
                     });
}

Napi::Value Program::Open(const Napi::CallbackInfo &info) {
  int fd = Check(info.Env(), "bpf_obj_get", bpf_obj_get(StringArgument(info, 0).c_str()));
  return Adopt(InstanceOf(info.Env()).program, Fd(fd));
}

Napi::Value Program::FromId(const Napi::CallbackInfo &info) {
  int fd = Check(info.Env(), "bpf_prog_get_fd_by_id", bpf_prog_get_fd_by_id(Uint32Argument(info, 0)));
  return Adopt(InstanceOf(info.Env()).program, Fd(fd));
}

Napi::Value Program::Info(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  bpf_prog_info counted{};
  Describe(env, counted);
  std::vector<uint32_t> mapIds(counted.nr_map_ids);
  bpf_prog_info program{};
  program.nr_map_ids = counted.nr_map_ids;
  program.map_ids = reinterpret_cast<uintptr_t>(mapIds.data());
  Describe(env, program);

  Napi::Object result = Napi::Object::New(env);
  const char *type = libbpf_bpf_prog_type_str(bpf_prog_type(program.type));
  result["type"] = type ? type : "type " + std::to_string(program.type);
  result["id"] = program.id;
  result["name"] = program.name;
  result["tag"] = Hexadecimal(program.tag, BPF_TAG_SIZE);
  result["mapIds"] = MapIds(env, mapIds);
  result["instructions"] = program.xlated_prog_len / sizeof(bpf_insn);
  result["verifiedInstructions"] = program.verified_insns;
  result["jitedBytes"] = program.jited_prog_len;
  return result;
}

/**
 * run(data, output, repeat, metadataSize, ingressIfindex, rxQueueIndex): {returnValue, durationNs, start, end}.
 * The first `metadataSize` bytes of `data` lie before the packet; the packet that comes out is
 * output[start, end).
 */
Napi::Value Program::Run(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  int fd = Descriptor(env);
  Bytes input = BytesArgument(info, 0);
  Bytes output = BytesArgument(info, 1);
  xdp_md context{};
  context.data = Uint32Argument(info, 3);
  context.data_end = input.size;
  context.ingress_ifindex = Uint32Argument(info, 4);
  context.rx_queue_index = Uint32Argument(info, 5);
  xdp_md contextAfter{};

  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = input.data;
  options.data_size_in = input.size;
  options.data_out = output.data;
  options.data_size_out = output.size;
  options.ctx_in = &context;
  options.ctx_size_in = sizeof(context);
  options.ctx_out = &contextAfter;
  options.ctx_size_out = sizeof(contextAfter);
  options.repeat = Uint32Argument(info, 2);
  Check(env, "bpf_prog_test_run_opts", bpf_prog_test_run_opts(fd, &options));

  Napi::Object result = Napi::Object::New(env);
  result["returnValue"] = options.retval;
  result["durationNs"] = options.duration;
  result["start"] = contextAfter.data;
  result["end"] = options.data_size_out;
  return result;
}

} // namespace bpf
