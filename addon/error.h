// SPDX-License-Identifier: MIT
// Failures as JavaScript's BpfError, and libbpf's warnings, which go into it rather than to stderr.

#pragma once

#include <napi.h>

#include <string>

namespace bpf {

struct Failure {
  std::string operation; // the function that failed, by libbpf's name
  int error;             // errno
  std::string detail;    // what libbpf had to say
  std::string verifierLog;
};

/** A BpfError for `failure`, ready to be thrown or to reject a promise. */
Napi::Error MakeError(Napi::Env env, const Failure &failure);

[[noreturn]] void Throw(Napi::Env env, const Failure &failure);

/** Passes a result of libbpf on; a negative one (-errno) is thrown. */
int Check(Napi::Env env, const char *operation, int result);

/** Directs libbpf's prints to the recorder below. */
void RecordWarnings();

/** Forgets this thread's warnings: call it before the operation they are wanted of. */
void ClearWarnings();

/** This thread's warnings since ClearWarnings(), joined into one line. */
std::string TakeWarnings();

} // namespace bpf
