// SPDX-License-Identifier: MIT
// Mails about servers and services (smtp_alert), through the configured SMTP server, one after the other.

import { hostname } from "node:os";
import { createTransport } from "nodemailer";
import type { MailSettings } from "../model/health.ts";

/** Mails that wait at most; a server that is down for long must not fill the memory. */
const QUEUE_LIMIT = 1_000;

export interface Mail {
  readonly subject: string;
  readonly body: string;
}

export class Mailer {
  readonly #report: (message: string) => void;
  #waiting = 0;
  #isGivenUp = false;
  #last: Promise<void> = Promise.resolve();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  send(mail: Mail, settings: MailSettings): void {
    if (this.#waiting >= QUEUE_LIMIT) {
      this.#report(`mail not sent, too many wait: ${mail.subject}`);
      return;
    }
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => (this.#isGivenUp ? undefined : deliver(mail, settings)))
      .catch((error: Error) => this.#report(`mail not sent: ${mail.subject}: ${error.message}`))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** What waits is not sent any more. */
  giveUp(): void {
    if (this.#waiting > 0) this.#report(`${this.#waiting} mails not sent: the director ends`);
    this.#isGivenUp = true;
  }

  /** Resolves when no mail waits. */
  drain(): Promise<void> {
    return this.#last;
  }
}

async function deliver({ subject, body }: Mail, settings: MailSettings): Promise<void> {
  const { server, port, connectTimeout, helo = hostname(), from = `keepalived@${hostname()}`, to } = settings;
  const transport = createTransport({
    host: server,
    port,
    name: helo,
    connectionTimeout: connectTimeout,
    greetingTimeout: connectTimeout,
    socketTimeout: connectTimeout,
    // As good as it gets: a relay in the own network seldom has a certificate that anybody knows.
    tls: { rejectUnauthorized: false },
  });
  try {
    await transport.sendMail({ from, to: [...to], subject, text: `${body}\n` });
  } finally {
    transport.close();
  }
}
