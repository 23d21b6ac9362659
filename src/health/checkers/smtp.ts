// SPDX-License-Identifier: MIT
// SMTP_CHECK: the server greets, accepts a hello and lets go.

import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Address } from "../../model/address.ts";
import type { SmtpCheck } from "../../model/check.ts";
import { markedTcpSocket } from "../../net/marked-socket.ts";
import { endpointOf, failureOf, OK, type Outcome, type Subject } from "./checker.ts";

export function checkSmtp(check: SmtpCheck, subject: Subject): Promise<Outcome> {
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
    // A connection that failed closes itself; an error after that must still find a listener.
    connection.on("error", (error) => resolve(failureOf(error)));
    connection.connect(() => {
      connection.quit();
      resolve(OK);
    });
  });
}
