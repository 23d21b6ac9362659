// SPDX-License-Identifier: MIT
// A file descriptor with one owner. Every descriptor of the addon is CLOEXEC: the kernel makes those of
// bpf(2) so, and duplicates are made so here.

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace bpf {

class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd &operator=(Fd &&other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { Close(); }

  /** Invalid when the kernel refuses; errno says why. */
  static Fd Duplicate(int fd) { return Fd(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

  int Get() const { return fd_; }
  /** From now on it is the caller's to close. */
  int Release() { return std::exchange(fd_, -1); }
  bool IsOpen() const { return fd_ >= 0; }
  void Close() {
    if (IsOpen())
      close(std::exchange(fd_, -1));
  }

private:
  int fd_ = -1;
};

} // namespace bpf
