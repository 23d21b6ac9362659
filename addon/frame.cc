// SPDX-License-Identifier: MIT

#include "frame.h"

#include "args.h"
#include "error.h"
#include "fd.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include <cerrno>

namespace bpf {

Napi::Value SendFrame(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  sockaddr_ll destination{};
  destination.sll_family = AF_PACKET;
  destination.sll_ifindex = static_cast<int>(Uint32Argument(info, 0));
  Bytes frame = BytesArgument(info, 1);
  // Protocol 0: it gets no frames.
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket.IsOpen())
    Throw(env, {"socket", errno, "", ""});
  auto *address = reinterpret_cast<sockaddr *>(&destination);
  if (sendto(socket.Get(), frame.data, frame.size, MSG_DONTWAIT, address, sizeof(destination)) < 0)
    Throw(env, {"sendto", errno, "", ""});
  return env.Undefined();
}

} // namespace bpf
