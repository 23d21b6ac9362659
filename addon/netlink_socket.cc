// SPDX-License-Identifier: MIT
// The requests, one method each. What an errno means to the caller is decided in TypeScript.

#include "netlink_socket.h"

#include "args.h"
#include "netlink_message.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

namespace netlink {

namespace {

Ip IpArgument(const Napi::CallbackInfo &info, size_t index) {
  Ip ip;
  std::memcpy(ip.bytes.data(), bpf::BytesArgument(info, index, ip.bytes.size()), ip.bytes.size());
  return ip;
}

/** A name of an interface or of its kind: what fits into the request's buffer, the kernel checks the rest. */
std::string NameArgument(const Napi::CallbackInfo &info, size_t index) {
  std::string name = bpf::StringArgument(info, index);
  if (name.size() >= IFNAMSIZ)
    throw bpf::WrongArgument(info, index, "of at most 15 characters");
  return name;
}

/** Their answers fit into the socket's buffer, whatever its size. */
constexpr size_t kRoutesAtOnce = 64;

std::unique_ptr<Request> RouteRequest(const uint8_t *destination) {
  auto request = std::make_unique<Request>("RTM_GETROUTE", RTM_GETROUTE, 0);
  Ip ip;
  std::memcpy(ip.bytes.data(), destination, ip.bytes.size());
  auto *header = request->Put<rtmsg>();
  header->rtm_family = ip.Family();
  header->rtm_dst_len = ip.IsV4() ? 32 : 128;
  ip.Put(request->Message(), RTA_DST);
  return request;
}

/** The route, or a positive errno. */
Napi::Value RouteOrError(Napi::Env env, const nlmsghdr *message) {
  if (message->nlmsg_type == NLMSG_ERROR)
    return Napi::Number::New(env, -static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(message))->error);
  const auto route = DecodeRoute(message);
  return route ? ToJs(env, *route) : env.Undefined();
}

template <typename T> Napi::Value FirstOrUndefined(Napi::Env env, const std::vector<T> &found) {
  return found.empty() ? env.Undefined() : ToJs(env, found.front());
}

template <typename T> Napi::Value ArrayToJs(Napi::Env env, const std::vector<T> &found) {
  auto array = Napi::Array::New(env, found.size());
  for (size_t i = 0; i < found.size(); i++)
    array.Set(static_cast<uint32_t>(i), ToJs(env, found[i]));
  return array;
}

} // namespace

Napi::Function Socket::Define(Napi::Env env) {
  return DefineClass(env, "NetlinkSocket",
                     {
                         InstanceMethod<&Socket::Links>("links"),
                         InstanceMethod<&Socket::LinkByName>("link"),
                         InstanceMethod<&Socket::CreateLink>("createLink"),
                         InstanceMethod<&Socket::DeleteLink>("deleteLink"),
                         InstanceMethod<&Socket::SetLinkUp>("setLinkUp"),
                         InstanceMethod<&Socket::SetLinkDown>("setLinkDown"),
                         InstanceMethod<&Socket::Addresses>("addresses"),
                         InstanceMethod<&Socket::AddAddress>("addAddress"),
                         InstanceMethod<&Socket::AddVip>("addVip"),
                         InstanceMethod<&Socket::DeleteAddress>("deleteAddress"),
                         InstanceMethod<&Socket::Routes>("routes"),
                         InstanceMethod<&Socket::Neighbours>("neighbours"),
                         InstanceMethod<&Socket::NeighbourOf>("neighbour"),
                         InstanceMethod<&Socket::ProbeNeighbour>("probeNeighbour"),
                         InstanceMethod<&Socket::Close>("close"),
                     });
}

Socket::Socket(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Socket>(info), connection_(info.Env()) {}

Napi::Value Socket::Links(const Napi::CallbackInfo &info) {
  Request request("RTM_GETLINK", RTM_GETLINK, NLM_F_DUMP);
  request.Put<ifinfomsg>();
  mnl_attr_put_u32(request.Message(), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return ArrayToJs(info.Env(), connection_.Exchange(info.Env(), request, DecodeLink));
}

Napi::Value Socket::LinkByName(const Napi::CallbackInfo &info) {
  Request request("RTM_GETLINK", RTM_GETLINK, 0);
  request.Put<ifinfomsg>();
  mnl_attr_put_u32(request.Message(), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  mnl_attr_put_strz(request.Message(), IFLA_IFNAME, NameArgument(info, 0).c_str());
  return FirstOrUndefined(info.Env(), connection_.Exchange(info.Env(), request, DecodeLink));
}

Napi::Value Socket::CreateLink(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWLINK", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.Put<ifinfomsg>();
  mnl_attr_put_strz(request.Message(), IFLA_IFNAME, NameArgument(info, 0).c_str());
  nlattr *nest = mnl_attr_nest_start(request.Message(), IFLA_LINKINFO);
  mnl_attr_put_strz(request.Message(), IFLA_INFO_KIND, NameArgument(info, 1).c_str());
  mnl_attr_nest_end(request.Message(), nest);
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::DeleteLink(const Napi::CallbackInfo &info) {
  Request request("RTM_DELLINK", RTM_DELLINK, 0);
  request.Put<ifinfomsg>()->ifi_index = bpf::Uint32Argument(info, 0);
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::SetLinkUp(const Napi::CallbackInfo &info) {
  return ChangeFlags(info, IFF_UP);
}

Napi::Value Socket::SetLinkDown(const Napi::CallbackInfo &info) {
  return ChangeFlags(info, 0);
}

Napi::Value Socket::ChangeFlags(const Napi::CallbackInfo &info, uint32_t flags) {
  Request request("RTM_SETLINK", RTM_SETLINK, 0);
  auto *header = request.Put<ifinfomsg>();
  header->ifi_index = bpf::Uint32Argument(info, 0);
  header->ifi_change = IFF_UP;
  header->ifi_flags = flags;
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::Addresses(const Napi::CallbackInfo &info) {
  Request request("RTM_GETADDR", RTM_GETADDR, NLM_F_DUMP);
  request.Put<ifaddrmsg>();
  return ArrayToJs(info.Env(), connection_.Exchange(info.Env(), request, DecodeAddress));
}

Napi::Value Socket::AddAddress(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWADDR", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  return ChangeAddress(info, request);
}

/**
 * addVip(ifindex, address, prefix, protocol). An IPv6 one is usable at once, and never chosen as the source of what the
 * machine sends itself.
 */
Napi::Value Socket::AddVip(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWADDR", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  PutAddress(info, request);
  mnl_attr_put_u8(request.Message(), IFA_PROTO, bpf::Uint32Argument(info, 3));
  if (!IpArgument(info, 1).IsV4()) {
    ifa_cacheinfo lifetime{};
    lifetime.ifa_valid = UINT32_MAX;
    mnl_attr_put(request.Message(), IFA_CACHEINFO, sizeof(lifetime), &lifetime);
    mnl_attr_put_u32(request.Message(), IFA_FLAGS, IFA_F_NODAD);
  }
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::DeleteAddress(const Napi::CallbackInfo &info) {
  Request request("RTM_DELADDR", RTM_DELADDR, 0);
  return ChangeAddress(info, request);
}

Napi::Value Socket::ChangeAddress(const Napi::CallbackInfo &info, Request &request) {
  PutAddress(info, request);
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

void Socket::PutAddress(const Napi::CallbackInfo &info, Request &request) {
  auto *header = request.Put<ifaddrmsg>();
  header->ifa_index = bpf::Uint32Argument(info, 0);
  const Ip ip = IpArgument(info, 1);
  header->ifa_family = ip.Family();
  header->ifa_prefixlen = bpf::Uint32Argument(info, 2);
  ip.Put(request.Message(), IFA_LOCAL);
  ip.Put(request.Message(), IFA_ADDRESS);
}

Napi::Value Socket::Routes(const Napi::CallbackInfo &info) {
  const bpf::Bytes destinations = bpf::BytesArgument(info, 0);
  const size_t count = destinations.size / sizeof(Ip);
  auto routes = Napi::Array::New(info.Env(), count);
  for (size_t first = 0; first < count; first += kRoutesAtOnce) {
    std::vector<std::unique_ptr<Request>> requests;
    for (size_t i = first; i < std::min(count, first + kRoutesAtOnce); i++)
      requests.push_back(RouteRequest(destinations.data + i * sizeof(Ip)));
    auto index = static_cast<uint32_t>(first);
    connection_.ExchangeAll(info.Env(), requests,
                            [&](const nlmsghdr *message) { routes.Set(index++, RouteOrError(info.Env(), message)); });
  }
  return routes;
}

Napi::Value Socket::Neighbours(const Napi::CallbackInfo &info) {
  Request request("RTM_GETNEIGH", RTM_GETNEIGH, NLM_F_DUMP);
  request.Put<ndmsg>();
  return ArrayToJs(info.Env(), connection_.Exchange(info.Env(), request, DecodeNeighbour));
}

Napi::Value Socket::NeighbourOf(const Napi::CallbackInfo &info) {
  Request request("RTM_GETNEIGH", RTM_GETNEIGH, 0);
  PutNeighbour(info, request);
  return FirstOrUndefined(info.Env(), connection_.Exchange(info.Env(), request, DecodeNeighbour));
}

Napi::Value Socket::ProbeNeighbour(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  PutNeighbour(info, request)->ndm_flags = NTF_USE;
  connection_.Execute(info.Env(), request);
  return info.Env().Undefined();
}

ndmsg *Socket::PutNeighbour(const Napi::CallbackInfo &info, Request &request) {
  auto *header = request.Put<ndmsg>();
  header->ndm_ifindex = static_cast<int>(bpf::Uint32Argument(info, 0));
  const Ip ip = IpArgument(info, 1);
  header->ndm_family = ip.Family();
  ip.Put(request.Message(), NDA_DST);
  return header;
}

Napi::Value Socket::Close(const Napi::CallbackInfo &info) {
  connection_.Close();
  return info.Env().Undefined();
}

} // namespace netlink
