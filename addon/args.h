// SPDX-License-Identifier: MIT
// Arguments of native functions, checked. src/bpf/native.ts gives their types to the compiler; these
// checks keep a caller who goes around it from reading or writing foreign memory.

#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace bpf {

inline Napi::TypeError WrongArgument(const Napi::CallbackInfo &info, size_t index, const std::string &expected) {
  return Napi::TypeError::New(info.Env(), "argument " + std::to_string(index) + " must be " + expected);
}

inline std::string StringArgument(const Napi::CallbackInfo &info, size_t index) {
  if (!info[index].IsString())
    throw WrongArgument(info, index, "a string");
  return info[index].As<Napi::String>().Utf8Value();
}

inline uint32_t Uint32Argument(const Napi::CallbackInfo &info, size_t index) {
  if (!info[index].IsNumber())
    throw WrongArgument(info, index, "an unsigned 32-bit integer");
  double number = info[index].As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= UINT32_MAX) || number != static_cast<uint32_t>(number))
    throw WrongArgument(info, index, "an unsigned 32-bit integer");
  return static_cast<uint32_t>(number);
}

inline uint64_t SizeArgument(const Napi::CallbackInfo &info, size_t index) {
  constexpr double kMaxSafeInteger = 9007199254740991;
  if (!info[index].IsNumber())
    throw WrongArgument(info, index, "a size");
  double number = info[index].As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= kMaxSafeInteger))
    throw WrongArgument(info, index, "a size");
  return static_cast<uint64_t>(number);
}

struct Bytes {
  uint8_t *data;
  size_t size;
};

inline Bytes BytesArgument(const Napi::CallbackInfo &info, size_t index) {
  if (!info[index].IsTypedArray() || info[index].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw WrongArgument(info, index, "a Uint8Array");
  auto array = info[index].As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

/** Bytes of a buffer that the kernel is about to read or fill: never shorter than it expects. */
inline uint8_t *BytesArgument(const Napi::CallbackInfo &info, size_t index, size_t size) {
  Bytes bytes = BytesArgument(info, index);
  if (bytes.size < size)
    throw WrongArgument(info, index, "at least " + std::to_string(size) + " bytes long");
  return bytes.data;
}

/** The C++ side of an instance of the addon's own class `T`. */
template <typename T>
T *WrappedArgument(const Napi::CallbackInfo &info, size_t index, const Napi::FunctionReference &constructor) {
  if (!info[index].IsObject() || !info[index].As<Napi::Object>().InstanceOf(constructor.Value()))
    throw WrongArgument(info, index, "an object of the addon's class");
  return T::Unwrap(info[index].As<Napi::Object>());
}

} // namespace bpf
