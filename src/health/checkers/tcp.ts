// SPDX-License-Identifier: MIT
// TCP_CHECK: the server is up when it accepts a connection.

import { connect } from "node:net";
import type { TcpCheck } from "../../model/health.ts";
import { endpointOf, failure, failureOf, OK, type Outcome, type Subject } from "./checker.ts";

export function checkTcp(check: TcpCheck, subject: Subject): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ ...endpointOf(check, subject), timeout: check.connectTimeout });
    const end = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on("connect", () => end(OK));
    socket.on("error", (error) => end(failureOf(error)));
    socket.on("timeout", () => end(failure("timeout connecting")));
  });
}
