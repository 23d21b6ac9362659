// SPDX-License-Identifier: MIT
// The protocol: acknowledgements, dumps, and the kernel's explanations of its errors.

#include "netlink_request.h"

#include <linux/netlink.h>

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

Request::Request(const char *operation, uint16_t type, uint16_t flags)
    : operation_(operation), message_(mnl_nlmsg_put_header(buffer_.data())) {
  message_->nlmsg_type = type;
  message_->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
}

Connection::Connection(Napi::Env env) : socket_(OpenSocket(env)) {
  // Without this the kernel keeps its explanation of an error to itself.
  int on = 1;
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_EXT_ACK, &on, sizeof(on)) < 0)
    throw SystemError(env, "setsockopt(NETLINK_EXT_ACK)", errno);
}

void Connection::Execute(Napi::Env env, Request &request) {
  Converse(env, request, [](const nlmsghdr *) {});
}

void Connection::ExchangeAll(Napi::Env env, std::vector<std::unique_ptr<Request>> &requests, const Taker &take) {
  if (requests.empty())
    return;
  const char *operation = requests.front()->Operation();
  const uint32_t first = sequence_ + 1;
  std::vector<char> sent;
  for (const auto &request : requests) {
    nlmsghdr *message = request->Message();
    message->nlmsg_seq = ++sequence_;
    message->nlmsg_flags &= ~NLM_F_ACK; // it would be a second answer
    const auto *bytes = reinterpret_cast<const char *>(message);
    sent.insert(sent.end(), bytes, bytes + message->nlmsg_len);
    sent.resize(NLMSG_ALIGN(sent.size()));
  }
  Send(env, operation, sent.data(), sent.size());
  for (size_t answered = 0; answered < requests.size();)
    Receive(env, operation, first, [&](const nlmsghdr *message) {
      answered++;
      take(message);
    });
}

bool Connection::Converse(Napi::Env env, Request &request, const Taker &take) {
  nlmsghdr *sent = request.Message();
  sent->nlmsg_seq = ++sequence_;
  Send(env, request.Operation(), sent, sent->nlmsg_len);
  Outcome outcome;
  while (!outcome.done)
    Receive(env, request.Operation(), sequence_, [&](const nlmsghdr *message) {
      if (message->nlmsg_flags & NLM_F_DUMP_INTR)
        outcome.interrupted = true;
      if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
        Finish(message, outcome);
      else
        take(message);
    });
  if (outcome.error)
    throw SystemError(env, request.Operation(), outcome.error, outcome.detail);
  return !outcome.interrupted;
}

void Connection::Send(Napi::Env env, const char *operation, const void *bytes, size_t size) {
  if (!socket_)
    throw SystemError(env, operation, EBADF, "the netlink socket is closed");
  if (mnl_socket_sendto(socket_.get(), bytes, size) < 0)
    throw SystemError(env, operation, errno);
}

void Connection::Receive(Napi::Env env, const char *operation, uint32_t first, const Taker &take) {
  ssize_t bytes;
  do
    bytes = mnl_socket_recvfrom(socket_.get(), reply_.data(), reply_.size());
  while (bytes < 0 && errno == EINTR);
  if (bytes < 0)
    throw SystemError(env, operation, errno);
  auto left = static_cast<int>(bytes);
  for (const auto *message = reinterpret_cast<const nlmsghdr *>(reply_.data()); mnl_nlmsg_ok(message, left);
       message = mnl_nlmsg_next(message, &left)) {
    const bool isStale = message->nlmsg_seq - first > sequence_ - first; // of an exchange that was given up
    if (!isStale)
      take(message);
  }
}

} // namespace netlink
