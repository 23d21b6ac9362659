// SPDX-License-Identifier: MIT

#include "probe.h"

#include "args.h"
#include "error.h"
#include "fd.h"

#include <bpf/libbpf.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace bpf {

namespace {

constexpr size_t kMacBytes = 6;

/** Fills in `request` for the interface it names; false when there is none of that name. */
bool Ask(Napi::Env env, int socket, unsigned long what, const char *operation, ifreq &request) {
  if (ioctl(socket, what, &request) == 0)
    return true;
  if (errno == ENODEV || errno == ENXIO)
    return false;
  Throw(env, {operation, errno, "", ""});
}

Napi::Value DescribeInterface(Napi::Env env, const std::string &name) {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.IsOpen())
    Throw(env, {"socket", errno, "", ""});
  ifreq index{}, address{}, mtu{};
  // What follows a colon names an alias to these calls, and they would find the interface without it.
  if (name.size() >= sizeof(index.ifr_name) || name.find(':') != std::string::npos)
    return env.Undefined();
  for (ifreq *request : {&index, &address, &mtu})
    strcpy(request->ifr_name, name.c_str());
  bool exists = Ask(env, socket.Get(), SIOCGIFINDEX, "SIOCGIFINDEX", index) &&
                Ask(env, socket.Get(), SIOCGIFHWADDR, "SIOCGIFHWADDR", address) &&
                Ask(env, socket.Get(), SIOCGIFMTU, "SIOCGIFMTU", mtu);
  if (!exists)
    return env.Undefined();
  Napi::Uint8Array mac = Napi::Uint8Array::New(env, kMacBytes);
  memcpy(mac.Data(), address.ifr_hwaddr.sa_data, kMacBytes);
  Napi::Object result = Napi::Object::New(env);
  result["index"] = index.ifr_ifindex;
  result["name"] = name;
  result["mac"] = mac;
  result["mtu"] = mtu.ifr_mtu;
  return result;
}

} // namespace

Napi::Value PossibleCpus(const Napi::CallbackInfo &info) {
  int cpus = Check(info.Env(), "libbpf_num_possible_cpus", libbpf_num_possible_cpus());
  return Napi::Number::New(info.Env(), cpus);
}

Napi::Value InterfaceByName(const Napi::CallbackInfo &info) {
  return DescribeInterface(info.Env(), StringArgument(info, 0));
}

Napi::Value InterfaceByIndex(const Napi::CallbackInfo &info) {
  char name[IF_NAMESIZE];
  if (!if_indextoname(Uint32Argument(info, 0), name))
    return info.Env().Undefined();
  return DescribeInterface(info.Env(), name);
}

Napi::Value MountBpffs(const Napi::CallbackInfo &info) {
  std::string path = StringArgument(info, 0);
  if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
    Throw(info.Env(), {"mount", errno, path, ""});
  return info.Env().Undefined();
}

} // namespace bpf
