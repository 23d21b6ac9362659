// SPDX-License-Identifier: MIT
// Where the daemon and its clients meet unless they are told otherwise.

export const DEFAULT_SOCKET = "/run/xdirector/xdirector.sock";
