// SPDX-License-Identifier: MIT
// A thread that listens to rtnetlink's multicast groups and tells JavaScript what changed.

#pragma once

#include "fd.h"
#include "netlink_message.h"
#include "netlink_request.h"

#include <memory>
#include <thread>

namespace netlink {

/** One change. `neighbour` is set for changes of neighbours only. */
struct Event {
  const char *type; // "link", "address", "route", "neighbour", "overrun"
  bool removed;
  std::optional<Neighbour> neighbour;
};

class Monitor : public Napi::ObjectWrap<Monitor> {
public:
  static Napi::Function Define(Napi::Env env);
  /** Takes the callback; it gets an array of events and never runs after close(). */
  explicit Monitor(const Napi::CallbackInfo &info);
  ~Monitor() override;

private:
  Napi::Value Close(const Napi::CallbackInfo &info);

  void Listen();
  bool Receive(std::vector<char> &buffer, std::vector<Event> &events) const;
  napi_status Deliver(std::vector<Event> events);
  void Stop();
  static void StopAtExit(void *monitor);

  napi_env env_;
  MnlSocket socket_;
  bpf::Fd stop_fd_;                                           // an eventfd: readable once the thread is to end
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true); // the JavaScript thread's alone
  Napi::ThreadSafeFunction callback_;
  std::thread thread_;
};

} // namespace netlink
