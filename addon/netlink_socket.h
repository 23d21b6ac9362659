// SPDX-License-Identifier: MIT
// One rtnetlink socket for requests, as a JavaScript class. Every method waits for the kernel's answer,
// which it gives at once.

#pragma once

#include "netlink_message.h"

#include <linux/neighbour.h>

#include <memory>

namespace netlink {

struct SocketCloser {
  void operator()(mnl_socket *socket) const { mnl_socket_close(socket); }
};
using MnlSocket = std::unique_ptr<mnl_socket, SocketCloser>;

/** A bound CLOEXEC rtnetlink socket. Throws a JavaScript error. */
MnlSocket OpenSocket(Napi::Env env);

/** An error with `operation`, `errno` and, when the kernel said more, `detail`. */
Napi::Error SystemError(Napi::Env env, const std::string &operation, int error, const std::string &detail = "");

class Socket : public Napi::ObjectWrap<Socket> {
public:
  static Napi::Function Define(Napi::Env env);
  explicit Socket(const Napi::CallbackInfo &info);

private:
  struct Request;

  Napi::Value Links(const Napi::CallbackInfo &info);
  Napi::Value LinkByName(const Napi::CallbackInfo &info);
  Napi::Value CreateLink(const Napi::CallbackInfo &info);
  Napi::Value DeleteLink(const Napi::CallbackInfo &info);
  Napi::Value SetLinkUp(const Napi::CallbackInfo &info);
  Napi::Value SetLinkDown(const Napi::CallbackInfo &info);
  Napi::Value Addresses(const Napi::CallbackInfo &info);
  Napi::Value AddAddress(const Napi::CallbackInfo &info);
  Napi::Value DeleteAddress(const Napi::CallbackInfo &info);
  Napi::Value RouteTo(const Napi::CallbackInfo &info);
  Napi::Value Neighbours(const Napi::CallbackInfo &info);
  Napi::Value NeighbourOf(const Napi::CallbackInfo &info);
  Napi::Value ProbeNeighbour(const Napi::CallbackInfo &info);
  Napi::Value Close(const Napi::CallbackInfo &info);

  template <typename T>
  std::vector<T> Exchange(Napi::Env env, Request &request, std::optional<T> (*decode)(const nlmsghdr *));
  void Execute(Napi::Env env, Request &request);
  Napi::Value ChangeFlags(const Napi::CallbackInfo &info, uint32_t flags);
  Napi::Value ChangeAddress(const Napi::CallbackInfo &info, Request &request);
  ndmsg *PutNeighbour(const Napi::CallbackInfo &info, Request &request);

  MnlSocket socket_;
  uint32_t sequence_ = 0;
  std::array<char, 32768> reply_; // the kernel fills a dump's messages up to this much
};

} // namespace netlink
