// SPDX-License-Identifier: MIT
// One request to rtnetlink and the kernel's answer to it.

#pragma once

#include <libmnl/libmnl.h>
#include <napi.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace netlink {

struct SocketCloser {
  void operator()(mnl_socket *socket) const { mnl_socket_close(socket); }
};
using MnlSocket = std::unique_ptr<mnl_socket, SocketCloser>;

/** A bound CLOEXEC rtnetlink socket. Throws a JavaScript error. */
MnlSocket OpenSocket(Napi::Env env);

/** An error with `operation`, `errno` and, when the kernel said more, `detail`. */
Napi::Error SystemError(Napi::Env env, const std::string &operation, int error, const std::string &detail = "");

/** A request under construction: a header by Put(), then attributes. */
class Request {
public:
  Request(const char *operation, uint16_t type, uint16_t flags);
  Request(const Request &) = delete; // message_ points into buffer_
  Request &operator=(const Request &) = delete;

  const char *Operation() const { return operation_; }
  nlmsghdr *Message() { return message_; }
  template <typename Header> Header *Put() {
    return static_cast<Header *>(mnl_nlmsg_put_extra_header(message_, sizeof(Header)));
  }

private:
  const char *operation_;
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  nlmsghdr *message_;
};

/** A socket on which one request follows the other. Everything throws JavaScript errors. */
class Connection {
public:
  explicit Connection(Napi::Env env);
  void Close() { socket_.reset(); }

  /** For requests that are only acknowledged. */
  void Execute(Napi::Env env, Request &request);

  using Taker = std::function<void(const nlmsghdr *)>;

  /**
   * Requests that the kernel gets all at once. Each has one message as its answer, in their order: what was asked for,
   * or NLMSG_ERROR.
   */
  void ExchangeAll(Napi::Env env, std::vector<std::unique_ptr<Request>> &requests, const Taker &take);

  /** Every message of the answer, decoded; a dump that was overtaken by a change is repeated. */
  template <typename T>
  std::vector<T> Exchange(Napi::Env env, Request &request, std::optional<T> (*decode)(const nlmsghdr *)) {
    std::vector<T> found;
    const auto take = [&](const nlmsghdr *message) {
      if (auto decoded = decode(message))
        found.push_back(std::move(*decoded));
    };
    while (!Converse(env, request, take))
      found.clear();
    return found;
  }

private:
  /** False: what a dump walked over changed meanwhile. */
  bool Converse(Napi::Env env, Request &request, const Taker &take);
  void Send(Napi::Env env, const char *operation, const void *bytes, size_t size);
  /** Calls `take` with every message of the next datagram that answers requests from `first` on. */
  void Receive(Napi::Env env, const char *operation, uint32_t first, const Taker &take);

  MnlSocket socket_;
  uint32_t sequence_ = 0;
  std::array<char, 32768> reply_; // the kernel fills a dump's messages up to this much
};

} // namespace netlink
