// SPDX-License-Identifier: MIT
// rtnetlink messages as plain structs, and those as JavaScript objects. No sockets here.

#pragma once

#include <libmnl/libmnl.h>
#include <napi.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace netlink {

/** Either family in 16 bytes, IPv4 as ::ffff:a.b.c.d: `union ip` of bpf/xdirector.h. */
struct Ip {
  std::array<uint8_t, 16> bytes;

  bool IsV4() const;
  uint8_t Family() const;
  /** Appends the address in its own family's length. */
  void Put(nlmsghdr *message, uint16_t attribute) const;
};

struct Link {
  int index;
  std::string name;
  std::vector<uint8_t> mac;
  uint32_t mtu = 0;
  uint32_t flags;
  std::string kind;
  /** Of a VLAN device: what it is on, and its id there. */
  std::optional<uint32_t> parent;
  std::optional<uint16_t> vlan;
};

struct Address {
  uint32_t ifindex;
  Ip address;
  uint8_t prefix;
  /** IFA_PROTO: who added it; 0: nobody says. */
  uint8_t protocol;
};

struct Route {
  uint8_t type;
  uint32_t ifindex = 0;
  std::optional<Ip> gateway;
  std::optional<Ip> source;
  std::optional<uint32_t> mtu;
};

struct Neighbour {
  int ifindex;
  Ip address;
  uint16_t state;
  std::vector<uint8_t> mac;
};

std::optional<Link> DecodeLink(const nlmsghdr *message);
std::optional<Address> DecodeAddress(const nlmsghdr *message);
std::optional<Route> DecodeRoute(const nlmsghdr *message);
std::optional<Neighbour> DecodeNeighbour(const nlmsghdr *message);

Napi::Object ToJs(Napi::Env env, const Link &link);
Napi::Object ToJs(Napi::Env env, const Address &address);
Napi::Object ToJs(Napi::Env env, const Route &route);
Napi::Object ToJs(Napi::Env env, const Neighbour &neighbour);

} // namespace netlink
