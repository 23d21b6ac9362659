// SPDX-License-Identifier: MIT
// SMTP_CHECK: the server greets, accepts a hello and lets go.

import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Address } from "../../model/address.ts";
import type { SmtpCheck } from "../../model/check.ts";
import { markedTcpSocket } from "../../net/marked-socket.ts";
import { endpointOf, failure, failureOf, GIVEN_UP, longestRun, OK, type Outcome, type Subject } from "./checker.ts";

export function checkSmtp(check: SmtpCheck, subject: Subject, signal?: AbortSignal): Promise<Outcome> {
  const { host, port, localAddress, mark } = endpointOf(check, subject);
  const timeout = check.connectTimeout;
  return new Promise((resolve) => {
    const connection = new SMTPConnection({
      host,
      port,
      ...(localAddress !== undefined && { localAddress }),
      ...(mark !== undefined && { socket: markedTcpSocket(mark, localAddress as Address) }),
      name: check.heloName,
      ignoreTLS: true,
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
    });
    const end = (outcome: Outcome): void => {
      connection.close();
      resolve(outcome);
    };
    // Also for a server that does not let go: the connection is to end, though the check has.
    const timer = setTimeout(() => end(failure("timeout")), longestRun(timeout));
    const giveUp = (): void => end(GIVEN_UP);
    connection.once("end", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    });
    signal?.addEventListener("abort", giveUp);
    // A connection that failed closes itself; an error after that must still find a listener.
    connection.on("error", (error) => resolve(failureOf(error)));
    connection.connect((error) => {
      // A server that closes before it has greeted.
      if (error) return end(failureOf(error));
      connection.quit();
      resolve(OK);
    });
  });
}
