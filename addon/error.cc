// SPDX-License-Identifier: MIT

#include "error.h"

#include "instance.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace bpf {

namespace {

// libbpf's print callback has no context argument; the thread is the only thing that ties a warning to
// the call it belongs to.
thread_local std::string warnings;

constexpr size_t kWarningsMax = 4096;

std::string WithoutDecoration(std::string line) {
  static constexpr char kPrefix[] = "libbpf: ";
  if (line.rfind(kPrefix, 0) == 0)
    line.erase(0, sizeof(kPrefix) - 1);
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  return line;
}

int Record(libbpf_print_level level, const char *format, va_list arguments) {
  if (level != LIBBPF_WARN)
    return 0;
  char line[1024];
  int length = vsnprintf(line, sizeof(line), format, arguments);
  if (warnings.size() + sizeof(line) > kWarningsMax)
    return length;
  if (!warnings.empty())
    warnings += "; ";
  warnings += WithoutDecoration(line);
  return length;
}

} // namespace

void RecordWarnings() {
  libbpf_set_print(Record);
}

void ClearWarnings() {
  warnings.clear();
}

std::string TakeWarnings() {
  return std::exchange(warnings, {});
}

Napi::Error MakeError(Napi::Env env, const Failure &failure) {
  Napi::Object fields = Napi::Object::New(env);
  fields["operation"] = failure.operation;
  fields["errno"] = failure.error;
  if (!failure.detail.empty())
    fields["detail"] = failure.detail;
  if (!failure.verifierLog.empty())
    fields["verifierLog"] = failure.verifierLog;
  return Napi::Error(env, InstanceOf(env).error.New({fields}));
}

void Throw(Napi::Env env, const Failure &failure) {
  throw MakeError(env, failure);
}

int Check(Napi::Env env, const char *operation, int result) {
  if (result < 0)
    Throw(env, {operation, -result, "", ""});
  return result;
}

} // namespace bpf
