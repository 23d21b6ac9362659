// SPDX-License-Identifier: MIT
// Raised by every verb of `xdirector` for a command line that it cannot obey.

/** Ends the process with exit code 2 and one line on stderr. */
export class CommandError extends Error {}
