// SPDX-License-Identifier: MIT
// TCP_CHECK: the server is up when it accepts a connection.

import type { TcpCheck } from "../../model/check.ts";
import { endpointOf, failure, failureOf, GIVEN_UP, OK, type Outcome, type Subject } from "./checker.ts";
import { openSocket } from "./socket.ts";

export function checkTcp(check: TcpCheck, subject: Subject, signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = openSocket(endpointOf(check, subject), check.connectTimeout);
    const giveUp = (): void => end(GIVEN_UP);
    const end = (outcome: Outcome): void => {
      signal?.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(outcome);
    };
    signal?.addEventListener("abort", giveUp);
    socket.on("connect", () => end(OK));
    socket.on("error", (error) => end(failureOf(error)));
    socket.on("timeout", () => end(failure("timeout connecting")));
  });
}
