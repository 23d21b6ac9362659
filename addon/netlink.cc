// SPDX-License-Identifier: MIT
// Puts the two rtnetlink classes into the exports.

#include "netlink.h"

#include "netlink_monitor.h"
#include "netlink_socket.h"

Napi::Object InitNetlink(Napi::Env env, Napi::Object exports) {
  auto netlink = Napi::Object::New(env);
  netlink.Set("Socket", netlink::Socket::Define(env));
  netlink.Set("Monitor", netlink::Monitor::Define(env));
  exports.Set("netlink", netlink);
  return exports;
}
