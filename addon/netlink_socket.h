// SPDX-License-Identifier: MIT
// One rtnetlink socket for requests, as a JavaScript class. Every method waits for the kernel's answer,
// which it gives at once.

#pragma once

#include "netlink_request.h"

#include <napi.h>

#include <linux/neighbour.h>

namespace netlink {

class Socket : public Napi::ObjectWrap<Socket> {
public:
  static Napi::Function Define(Napi::Env env);
  explicit Socket(const Napi::CallbackInfo &info);

private:
  Napi::Value Links(const Napi::CallbackInfo &info);
  Napi::Value LinkByName(const Napi::CallbackInfo &info);
  Napi::Value CreateLink(const Napi::CallbackInfo &info);
  Napi::Value DeleteLink(const Napi::CallbackInfo &info);
  Napi::Value SetLinkUp(const Napi::CallbackInfo &info);
  Napi::Value SetLinkDown(const Napi::CallbackInfo &info);
  Napi::Value Addresses(const Napi::CallbackInfo &info);
  Napi::Value AddAddress(const Napi::CallbackInfo &info);
  Napi::Value AddVip(const Napi::CallbackInfo &info);
  Napi::Value DeleteAddress(const Napi::CallbackInfo &info);
  Napi::Value Routes(const Napi::CallbackInfo &info);
  Napi::Value Neighbours(const Napi::CallbackInfo &info);
  Napi::Value NeighbourOf(const Napi::CallbackInfo &info);
  Napi::Value ProbeNeighbour(const Napi::CallbackInfo &info);
  Napi::Value Close(const Napi::CallbackInfo &info);

  Napi::Value ChangeFlags(const Napi::CallbackInfo &info, uint32_t flags);
  Napi::Value ChangeAddress(const Napi::CallbackInfo &info, Request &request);
  void PutAddress(const Napi::CallbackInfo &info, Request &request);
  ndmsg *PutNeighbour(const Napi::CallbackInfo &info, Request &request);

  Connection connection_;
};

} // namespace netlink
