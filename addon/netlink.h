// SPDX-License-Identifier: MIT
// rtnetlink for JavaScript: links, addresses, routes and neighbours, asked for and watched.

#pragma once

#include <napi.h>

/** Adds `netlink: {Socket, Monitor}` to the exports; src/net/native-netlink.ts declares both classes. */
Napi::Object InitNetlink(Napi::Env env, Napi::Object exports);
