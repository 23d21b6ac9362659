// SPDX-License-Identifier: MIT
// Decodes rtnetlink messages. A message that lacks what names its object is skipped, never guessed at.

#include "netlink_message.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace netlink {

namespace {

constexpr std::array<uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <size_t N> using Attributes = std::array<const nlattr *, N>;

template <size_t N> struct Collector {
  Attributes<N> found{};

  static int Collect(const nlattr *attribute, void *data) {
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type < N)
      static_cast<Collector *>(data)->found[type] = attribute;
    return MNL_CB_OK;
  }
};

template <size_t N> Attributes<N> Parse(const nlmsghdr *message, unsigned int offset) {
  Collector<N> collector;
  mnl_attr_parse(message, offset, Collector<N>::Collect, &collector);
  return collector.found;
}

template <size_t N> Attributes<N> ParseNested(const nlattr *nest) {
  Collector<N> collector;
  mnl_attr_parse_nested(nest, Collector<N>::Collect, &collector);
  return collector.found;
}

std::optional<Ip> IpFrom(const void *bytes, size_t length) {
  Ip ip;
  if (length == 16) {
    std::memcpy(ip.bytes.data(), bytes, 16);
    return ip;
  }
  if (length != 4)
    return std::nullopt;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), ip.bytes.begin());
  std::memcpy(&ip.bytes[12], bytes, 4);
  return ip;
}

std::optional<Ip> IpFrom(const nlattr *attribute) {
  if (!attribute)
    return std::nullopt;
  return IpFrom(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

/** RTA_VIA: a gateway of the other family (RFC 8950). */
std::optional<Ip> IpFromVia(const nlattr *attribute) {
  if (!attribute || mnl_attr_get_payload_len(attribute) < sizeof(rtvia))
    return std::nullopt;
  const auto *via = static_cast<const rtvia *>(mnl_attr_get_payload(attribute));
  return IpFrom(via->rtvia_addr, mnl_attr_get_payload_len(attribute) - sizeof(rtvia));
}

std::vector<uint8_t> BytesFrom(const nlattr *attribute) {
  if (!attribute)
    return {};
  const auto *bytes = static_cast<const uint8_t *>(mnl_attr_get_payload(attribute));
  return {bytes, bytes + mnl_attr_get_payload_len(attribute)};
}

std::string StringFrom(const nlattr *attribute) {
  const std::vector<uint8_t> bytes = BytesFrom(attribute);
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), 0)};
}

std::optional<uint32_t> U32From(const nlattr *attribute) {
  if (!attribute || mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
    return std::nullopt;
  return mnl_attr_get_u32(attribute);
}

std::optional<uint16_t> U16From(const nlattr *attribute) {
  if (!attribute || mnl_attr_validate(attribute, MNL_TYPE_U16) < 0)
    return std::nullopt;
  return mnl_attr_get_u16(attribute);
}

template <typename Header> const Header *HeaderOf(const nlmsghdr *message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(Header))
    return nullptr;
  return static_cast<const Header *>(mnl_nlmsg_get_payload(message));
}

Napi::Value BytesToJs(Napi::Env env, const uint8_t *bytes, size_t length) {
  auto array = Napi::Uint8Array::New(env, length);
  std::copy(bytes, bytes + length, array.Data());
  return array;
}

Napi::Value IpToJs(Napi::Env env, const Ip &ip) {
  return BytesToJs(env, ip.bytes.data(), ip.bytes.size());
}

void SetMac(Napi::Object object, const std::vector<uint8_t> &mac) {
  if (!mac.empty())
    object.Set("mac", BytesToJs(object.Env(), mac.data(), mac.size()));
}

} // namespace

bool Ip::IsV4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

uint8_t Ip::Family() const {
  return IsV4() ? AF_INET : AF_INET6;
}

void Ip::Put(nlmsghdr *message, uint16_t attribute) const {
  if (IsV4())
    mnl_attr_put(message, attribute, 4, &bytes[12]);
  else
    mnl_attr_put(message, attribute, 16, bytes.data());
}

std::optional<Link> DecodeLink(const nlmsghdr *message) {
  const auto *header = HeaderOf<ifinfomsg>(message);
  if (!header)
    return std::nullopt;
  const auto attributes = Parse<IFLA_MAX + 1>(message, sizeof(*header));
  Link link{};
  link.index = header->ifi_index;
  link.flags = header->ifi_flags;
  link.name = StringFrom(attributes[IFLA_IFNAME]);
  link.mac = BytesFrom(attributes[IFLA_ADDRESS]);
  link.mtu = U32From(attributes[IFLA_MTU]).value_or(0);
  if (!attributes[IFLA_LINKINFO])
    return link;
  const auto info = ParseNested<IFLA_INFO_MAX + 1>(attributes[IFLA_LINKINFO]);
  link.kind = StringFrom(info[IFLA_INFO_KIND]);
  if (link.kind == "vlan" && info[IFLA_INFO_DATA]) {
    link.parent = U32From(attributes[IFLA_LINK]);
    link.vlan = U16From(ParseNested<IFLA_VLAN_MAX + 1>(info[IFLA_INFO_DATA])[IFLA_VLAN_ID]);
  }
  return link;
}

std::optional<Address> DecodeAddress(const nlmsghdr *message) {
  const auto *header = HeaderOf<ifaddrmsg>(message);
  if (!header)
    return std::nullopt;
  const auto attributes = Parse<IFA_MAX + 1>(message, sizeof(*header));
  // On a point-to-point link IFA_ADDRESS is the other end and IFA_LOCAL ours.
  const auto address = IpFrom(attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS]);
  if (!address)
    return std::nullopt;
  const uint8_t protocol = attributes[IFA_PROTO] ? mnl_attr_get_u8(attributes[IFA_PROTO]) : 0;
  return Address{header->ifa_index, *address, header->ifa_prefixlen, protocol};
}

std::optional<Route> DecodeRoute(const nlmsghdr *message) {
  const auto *header = HeaderOf<rtmsg>(message);
  if (!header)
    return std::nullopt;
  const auto attributes = Parse<RTA_MAX + 1>(message, sizeof(*header));
  Route route{};
  route.type = header->rtm_type;
  route.ifindex = U32From(attributes[RTA_OIF]).value_or(0);
  route.gateway = attributes[RTA_VIA] ? IpFromVia(attributes[RTA_VIA]) : IpFrom(attributes[RTA_GATEWAY]);
  route.source = IpFrom(attributes[RTA_PREFSRC]);
  if (attributes[RTA_METRICS])
    route.mtu = U32From(ParseNested<RTAX_MAX + 1>(attributes[RTA_METRICS])[RTAX_MTU]);
  return route;
}

std::optional<Neighbour> DecodeNeighbour(const nlmsghdr *message) {
  const auto *header = HeaderOf<ndmsg>(message);
  if (!header)
    return std::nullopt;
  const auto attributes = Parse<NDA_MAX + 1>(message, sizeof(*header));
  const auto address = IpFrom(attributes[NDA_DST]);
  if (!address)
    return std::nullopt;
  return Neighbour{header->ndm_ifindex, *address, header->ndm_state, BytesFrom(attributes[NDA_LLADDR])};
}

Napi::Object ToJs(Napi::Env env, const Link &link) {
  auto object = Napi::Object::New(env);
  object.Set("index", link.index);
  object.Set("name", link.name);
  SetMac(object, link.mac);
  object.Set("mtu", link.mtu);
  object.Set("flags", link.flags);
  object.Set("kind", link.kind);
  if (link.parent && link.vlan) {
    object.Set("parent", *link.parent);
    object.Set("vlan", static_cast<uint32_t>(*link.vlan));
  }
  return object;
}

Napi::Object ToJs(Napi::Env env, const Address &address) {
  auto object = Napi::Object::New(env);
  object.Set("ifindex", address.ifindex);
  object.Set("address", IpToJs(env, address.address));
  object.Set("prefix", static_cast<uint32_t>(address.prefix));
  object.Set("protocol", static_cast<uint32_t>(address.protocol));
  return object;
}

Napi::Object ToJs(Napi::Env env, const Route &route) {
  auto object = Napi::Object::New(env);
  object.Set("type", static_cast<uint32_t>(route.type));
  object.Set("ifindex", route.ifindex);
  if (route.gateway)
    object.Set("gateway", IpToJs(env, *route.gateway));
  if (route.source)
    object.Set("source", IpToJs(env, *route.source));
  if (route.mtu)
    object.Set("mtu", *route.mtu);
  return object;
}

Napi::Object ToJs(Napi::Env env, const Neighbour &neighbour) {
  auto object = Napi::Object::New(env);
  object.Set("ifindex", neighbour.ifindex);
  object.Set("address", IpToJs(env, neighbour.address));
  object.Set("state", static_cast<uint32_t>(neighbour.state));
  SetMac(object, neighbour.mac);
  return object;
}

} // namespace netlink
