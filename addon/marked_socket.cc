// SPDX-License-Identifier: MIT

#include "marked_socket.h"

#include "args.h"
#include "error.h"
#include "fd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace bpf {

namespace {

constexpr size_t kAddressBytes = 16;

/**
 * What a real server takes for a container of its own may go one hop further; what it sends back, because the VIP is
 * not its own, is not forwarded to another server by a director.
 */
constexpr int kHops = 2;

/** Leaves room for tunnel headers, whatever the server announces. */
constexpr int kSegmentSize = 1220;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size;
};

/** IPv4 comes as ::ffff:a.b.c.d. */
SocketAddress AddressOf(const uint8_t *bytes) {
  SocketAddress result{};
  in6_addr address;
  memcpy(&address, bytes, sizeof(address));
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    auto *ipv4 = reinterpret_cast<sockaddr_in *>(&result.storage);
    ipv4->sin_family = AF_INET;
    memcpy(&ipv4->sin_addr, bytes + kAddressBytes - sizeof(ipv4->sin_addr), sizeof(ipv4->sin_addr));
    result.size = sizeof(*ipv4);
  } else {
    auto *ipv6 = reinterpret_cast<sockaddr_in6 *>(&result.storage);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_addr = address;
    result.size = sizeof(*ipv6);
  }
  return result;
}

void SetOption(Napi::Env env, const Fd &socket, int level, int name, int value) {
  if (setsockopt(socket.Get(), level, name, &value, sizeof(value)) != 0)
    Throw(env, {"setsockopt", errno, "", ""});
}

} // namespace

Napi::Value MarkedSocket(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  bool isTcp = StringArgument(info, 0) == "tcp";
  uint32_t mark = Uint32Argument(info, 1);
  SocketAddress source = AddressOf(BytesArgument(info, 2, kAddressBytes));
  int family = source.storage.ss_family;
  Fd socket(::socket(family, (isTcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.IsOpen())
    Throw(env, {"socket", errno, "", ""});
  SetOption(env, socket, SOL_SOCKET, SO_MARK, static_cast<int>(mark));
  if (family == AF_INET)
    SetOption(env, socket, IPPROTO_IP, IP_TTL, kHops);
  else
    SetOption(env, socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHops);
  // The port is chosen when it connects: then those of connections to other servers can be taken, too.
  SetOption(env, socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (isTcp)
    SetOption(env, socket, IPPROTO_TCP, TCP_MAXSEG, kSegmentSize);
  if (bind(socket.Get(), reinterpret_cast<sockaddr *>(&source.storage), source.size) != 0)
    Throw(env, {"bind", errno, "", ""});
  return Napi::Number::New(env, socket.Release());
}

} // namespace bpf
