// SPDX-License-Identifier: MIT
// The listening thread. It keeps nothing and decides nothing: events that the kernel or a slow reader lost
// become one "overrun", after which the reader looks at everything again.

#include "netlink_monitor.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace netlink {

namespace {

constexpr std::array kGroups = {RTNLGRP_LINK,        RTNLGRP_NEIGH,      RTNLGRP_IPV4_IFADDR,
                                RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
constexpr size_t kQueuedBatches = 256; // batches that wait for the JavaScript thread
constexpr int kRetryMs = 50;           // until an overrun that found the queue full is told again

std::optional<Event> EventOf(const nlmsghdr *message) {
  switch (message->nlmsg_type) {
  case RTM_NEWLINK:
  case RTM_DELLINK:
    return Event{"link", message->nlmsg_type == RTM_DELLINK, std::nullopt};
  case RTM_NEWADDR:
  case RTM_DELADDR:
    return Event{"address", message->nlmsg_type == RTM_DELADDR, std::nullopt};
  case RTM_NEWROUTE:
  case RTM_DELROUTE:
    return Event{"route", message->nlmsg_type == RTM_DELROUTE, std::nullopt};
  case RTM_NEWNEIGH:
  case RTM_DELNEIGH:
    if (auto neighbour = DecodeNeighbour(message))
      return Event{"neighbour", message->nlmsg_type == RTM_DELNEIGH, std::move(neighbour)};
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

Napi::Value ToJs(Napi::Env env, const std::vector<Event> &events) {
  auto array = Napi::Array::New(env, events.size());
  for (size_t i = 0; i < events.size(); i++) {
    auto object = Napi::Object::New(env);
    object.Set("type", events[i].type);
    object.Set("removed", events[i].removed);
    if (events[i].neighbour)
      object.Set("neighbour", ToJs(env, *events[i].neighbour));
    array.Set(static_cast<uint32_t>(i), object);
  }
  return array;
}

} // namespace

Napi::Function Monitor::Define(Napi::Env env) {
  return DefineClass(env, "NetlinkMonitor", {InstanceMethod<&Monitor::Close>("close")});
}

Monitor::Monitor(const Napi::CallbackInfo &info)
    : Napi::ObjectWrap<Monitor>(info), env_(info.Env()), socket_(OpenSocket(info.Env())),
      stop_fd_(eventfd(0, EFD_CLOEXEC)) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction())
    throw Napi::TypeError::New(env, "a callback expected");
  for (int group : kGroups)
    if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
      throw SystemError(env, "setsockopt(NETLINK_ADD_MEMBERSHIP)", errno);
  if (!stop_fd_.IsOpen())
    throw SystemError(env, "eventfd", errno);
  callback_ = Napi::ThreadSafeFunction::New(env, info[0].As<Napi::Function>(), "NetlinkMonitor", kQueuedBatches, 1);
  callback_.Unref(env);
  thread_ = std::thread(&Monitor::Listen, this);
  // Added after the callback's own hook and therefore run before it: a worker that exits first stops the thread.
  napi_add_env_cleanup_hook(env, StopAtExit, this);
  Ref(); // it listens until it is told to stop, even if nobody keeps it
}

Monitor::~Monitor() {
  Stop();
}

Napi::Value Monitor::Close(const Napi::CallbackInfo &info) {
  if (thread_.joinable())
    Unref();
  Stop();
  return info.Env().Undefined();
}

void Monitor::StopAtExit(void *monitor) {
  static_cast<Monitor *>(monitor)->Stop();
}

void Monitor::Stop() {
  if (!thread_.joinable())
    return;
  *open_ = false;
  eventfd_write(stop_fd_.Get(), 1);
  thread_.join();
  stop_fd_.Close();
  socket_.reset();
  napi_remove_env_cleanup_hook(env_, StopAtExit, this);
}

/** The thread. It owns the callback's only reference and gives it back at the end. */
void Monitor::Listen() {
  std::vector<char> buffer(32768);
  std::array<pollfd, 2> waits = {pollfd{stop_fd_.Get(), POLLIN, 0},
                                 pollfd{mnl_socket_get_fd(socket_.get()), POLLIN, 0}};
  bool overrun = false;
  for (;;) {
    const int ready = poll(waits.data(), waits.size(), overrun ? kRetryMs : -1);
    if (ready < 0 && errno == EINTR)
      continue;
    if (waits[0].revents)
      break;
    std::vector<Event> events;
    if (waits[1].revents && !Receive(buffer, events))
      overrun = true;
    if (overrun)
      events.push_back(Event{"overrun", false, std::nullopt});
    if (events.empty())
      continue;
    const napi_status status = Deliver(std::move(events));
    if (status == napi_closing)
      return; // the reference is gone with it
    overrun = status != napi_ok;
  }
  callback_.Release();
}

/** False when messages were lost. */
bool Monitor::Receive(std::vector<char> &buffer, std::vector<Event> &events) const {
  const ssize_t bytes = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
  if (bytes < 0)
    return errno == EINTR;
  auto left = static_cast<int>(bytes);
  for (const auto *message = reinterpret_cast<const nlmsghdr *>(buffer.data()); mnl_nlmsg_ok(message, left);
       message = mnl_nlmsg_next(message, &left))
    if (auto event = EventOf(message))
      events.push_back(std::move(*event));
  return true;
}

napi_status Monitor::Deliver(std::vector<Event> events) {
  return callback_.NonBlockingCall([events = std::move(events), open = open_](Napi::Env env, Napi::Function callback) {
    if (*open)
      callback.Call({ToJs(env, events)});
  });
}

} // namespace netlink
