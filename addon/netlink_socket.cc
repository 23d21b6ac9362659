// SPDX-License-Identifier: MIT
// Requests to rtnetlink and their answers. What an errno means to the caller is decided in TypeScript.

#include "netlink_socket.h"

#include "args.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstring>

namespace netlink {

namespace {

/** How the kernel ended its answer. */
struct Outcome {
  bool done = false;
  bool interrupted = false; // what a dump walked over changed meanwhile
  int error = 0;
  std::string detail;
};

int TakeDetail(const nlattr *attribute, void *data) {
  if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
    *static_cast<std::string *>(data) = mnl_attr_get_str(attribute);
  return MNL_CB_OK;
}

/** Both ends of an answer start with a negative errno: an NLMSG_ERROR (0: acknowledged) and a dump's NLMSG_DONE. */
void Finish(const nlmsghdr *message, Outcome &outcome) {
  outcome.done = true;
  size_t details = sizeof(int);
  if (mnl_nlmsg_get_payload_len(message) < details)
    return;
  int error;
  std::memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
  outcome.error = -error;
  if (message->nlmsg_type == NLMSG_ERROR) {
    // Then comes the request's header and, unless capped, the rest of the request.
    const auto *failure = static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(message));
    details = sizeof(nlmsgerr);
    if (mnl_nlmsg_get_payload_len(message) < details)
      return;
    if (!(message->nlmsg_flags & NLM_F_CAPPED))
      details += mnl_nlmsg_get_payload_len(&failure->msg);
  }
  if (message->nlmsg_flags & NLM_F_ACK_TLVS && mnl_nlmsg_get_payload_len(message) >= details)
    mnl_attr_parse(message, details, TakeDetail, &outcome.detail);
}

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

Napi::Error SystemError(Napi::Env env, const std::string &operation, int error, const std::string &detail) {
  const std::string reason = detail.empty() ? std::strerror(error) : detail;
  Napi::Error exception = Napi::Error::New(env, operation + ": " + reason);
  exception.Set("operation", Napi::String::New(env, operation));
  exception.Set("errno", Napi::Number::New(env, error));
  if (!detail.empty())
    exception.Set("detail", Napi::String::New(env, detail));
  return exception;
}

MnlSocket OpenSocket(Napi::Env env) {
  MnlSocket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket)
    throw SystemError(env, "socket(NETLINK_ROUTE)", errno);
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw SystemError(env, "bind(NETLINK_ROUTE)", errno);
  return socket;
}

/** A request under construction; `header` points into `buffer`. */
struct Socket::Request {
  const char *operation;
  alignas(nlmsghdr) std::array<char, 1024> buffer{};
  nlmsghdr *header;

  Request(const char *name, uint16_t type, uint16_t flags) : operation(name) {
    header = mnl_nlmsg_put_header(buffer.data());
    header->nlmsg_type = type;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  }
  Request(const Request &) = delete;
  Request &operator=(const Request &) = delete;

  template <typename Header> Header *Put() {
    return static_cast<Header *>(mnl_nlmsg_put_extra_header(header, sizeof(Header)));
  }
};

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
                         InstanceMethod<&Socket::DeleteAddress>("deleteAddress"),
                         InstanceMethod<&Socket::RouteTo>("route"),
                         InstanceMethod<&Socket::Neighbours>("neighbours"),
                         InstanceMethod<&Socket::NeighbourOf>("neighbour"),
                         InstanceMethod<&Socket::ProbeNeighbour>("probeNeighbour"),
                         InstanceMethod<&Socket::Close>("close"),
                     });
}

Socket::Socket(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Socket>(info), socket_(OpenSocket(info.Env())) {
  // Without this the kernel keeps its explanation of an error to itself.
  int on = 1;
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_EXT_ACK, &on, sizeof(on)) < 0)
    throw SystemError(info.Env(), "setsockopt(NETLINK_EXT_ACK)", errno);
}

/** Sends the request and decodes every message of the answer; a dump that was overtaken by a change is repeated. */
template <typename T>
std::vector<T> Socket::Exchange(Napi::Env env, Request &request, std::optional<T> (*decode)(const nlmsghdr *)) {
  if (!socket_)
    throw SystemError(env, request.operation, EBADF, "the netlink socket is closed");
  for (;;) {
    request.header->nlmsg_seq = ++sequence_;
    if (mnl_socket_sendto(socket_.get(), request.header, request.header->nlmsg_len) < 0)
      throw SystemError(env, request.operation, errno);
    std::vector<T> found;
    Outcome outcome;
    while (!outcome.done) {
      ssize_t bytes = mnl_socket_recvfrom(socket_.get(), reply_.data(), reply_.size());
      if (bytes < 0 && errno == EINTR)
        continue;
      if (bytes < 0)
        throw SystemError(env, request.operation, errno);
      auto left = static_cast<int>(bytes);
      for (const auto *message = reinterpret_cast<const nlmsghdr *>(reply_.data()); mnl_nlmsg_ok(message, left);
           message = mnl_nlmsg_next(message, &left)) {
        if (message->nlmsg_seq != sequence_)
          continue; // of an exchange that was given up
        if (message->nlmsg_flags & NLM_F_DUMP_INTR)
          outcome.interrupted = true;
        if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
          Finish(message, outcome);
        else if (auto decoded = decode(message))
          found.push_back(std::move(*decoded));
      }
    }
    if (outcome.error)
      throw SystemError(env, request.operation, outcome.error, outcome.detail);
    if (!outcome.interrupted)
      return found;
  }
}

/** For requests that are only acknowledged. */
void Socket::Execute(Napi::Env env, Request &request) {
  Exchange(env, request, DecodeLink);
}

Napi::Value Socket::Links(const Napi::CallbackInfo &info) {
  Request request("RTM_GETLINK", RTM_GETLINK, NLM_F_DUMP);
  request.Put<ifinfomsg>();
  mnl_attr_put_u32(request.header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return ArrayToJs(info.Env(), Exchange(info.Env(), request, DecodeLink));
}

Napi::Value Socket::LinkByName(const Napi::CallbackInfo &info) {
  Request request("RTM_GETLINK", RTM_GETLINK, 0);
  request.Put<ifinfomsg>();
  mnl_attr_put_u32(request.header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  mnl_attr_put_strz(request.header, IFLA_IFNAME, NameArgument(info, 0).c_str());
  return FirstOrUndefined(info.Env(), Exchange(info.Env(), request, DecodeLink));
}

Napi::Value Socket::CreateLink(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWLINK", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.Put<ifinfomsg>();
  mnl_attr_put_strz(request.header, IFLA_IFNAME, NameArgument(info, 0).c_str());
  nlattr *nest = mnl_attr_nest_start(request.header, IFLA_LINKINFO);
  mnl_attr_put_strz(request.header, IFLA_INFO_KIND, NameArgument(info, 1).c_str());
  mnl_attr_nest_end(request.header, nest);
  Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::DeleteLink(const Napi::CallbackInfo &info) {
  Request request("RTM_DELLINK", RTM_DELLINK, 0);
  request.Put<ifinfomsg>()->ifi_index = bpf::Uint32Argument(info, 0);
  Execute(info.Env(), request);
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
  Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::Addresses(const Napi::CallbackInfo &info) {
  Request request("RTM_GETADDR", RTM_GETADDR, NLM_F_DUMP);
  request.Put<ifaddrmsg>();
  return ArrayToJs(info.Env(), Exchange(info.Env(), request, DecodeAddress));
}

Napi::Value Socket::AddAddress(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWADDR", RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  return ChangeAddress(info, request);
}

Napi::Value Socket::DeleteAddress(const Napi::CallbackInfo &info) {
  Request request("RTM_DELADDR", RTM_DELADDR, 0);
  return ChangeAddress(info, request);
}

Napi::Value Socket::ChangeAddress(const Napi::CallbackInfo &info, Request &request) {
  auto *header = request.Put<ifaddrmsg>();
  header->ifa_index = bpf::Uint32Argument(info, 0);
  const Ip ip = IpArgument(info, 1);
  header->ifa_family = ip.Family();
  header->ifa_prefixlen = bpf::Uint32Argument(info, 2);
  ip.Put(request.header, IFA_LOCAL);
  ip.Put(request.header, IFA_ADDRESS);
  Execute(info.Env(), request);
  return info.Env().Undefined();
}

Napi::Value Socket::RouteTo(const Napi::CallbackInfo &info) {
  Request request("RTM_GETROUTE", RTM_GETROUTE, 0);
  auto *header = request.Put<rtmsg>();
  const Ip ip = IpArgument(info, 0);
  header->rtm_family = ip.Family();
  header->rtm_dst_len = ip.IsV4() ? 32 : 128;
  ip.Put(request.header, RTA_DST);
  return FirstOrUndefined(info.Env(), Exchange(info.Env(), request, DecodeRoute));
}

Napi::Value Socket::Neighbours(const Napi::CallbackInfo &info) {
  Request request("RTM_GETNEIGH", RTM_GETNEIGH, NLM_F_DUMP);
  request.Put<ndmsg>();
  return ArrayToJs(info.Env(), Exchange(info.Env(), request, DecodeNeighbour));
}

Napi::Value Socket::NeighbourOf(const Napi::CallbackInfo &info) {
  Request request("RTM_GETNEIGH", RTM_GETNEIGH, 0);
  PutNeighbour(info, request);
  return FirstOrUndefined(info.Env(), Exchange(info.Env(), request, DecodeNeighbour));
}

Napi::Value Socket::ProbeNeighbour(const Napi::CallbackInfo &info) {
  Request request("RTM_NEWNEIGH", RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  PutNeighbour(info, request)->ndm_flags = NTF_USE;
  Execute(info.Env(), request);
  return info.Env().Undefined();
}

ndmsg *Socket::PutNeighbour(const Napi::CallbackInfo &info, Request &request) {
  auto *header = request.Put<ndmsg>();
  header->ndm_ifindex = static_cast<int>(bpf::Uint32Argument(info, 0));
  const Ip ip = IpArgument(info, 1);
  header->ndm_family = ip.Family();
  ip.Put(request.header, NDA_DST);
  return header;
}

Napi::Value Socket::Close(const Napi::CallbackInfo &info) {
  socket_.reset();
  return info.Env().Undefined();
}

} // namespace netlink
