// SPDX-License-Identifier: MIT
// Tells those who want to know what happened: notification pipes, notify and quorum scripts, mail. Nothing
// here holds up checks, and what goes wrong is reported, no more.

import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings, type NotifyFifo } from "../model/health.ts";
import type { HealthEvent } from "./events.ts";
import { Mailer } from "./mailer.ts";
import { NotifyPipe } from "./notify-pipe.ts";
import { NotifyScripts } from "./notify-scripts.ts";
import type { ScriptPolicy } from "./scripts.ts";

/** For everybody to be told at the end, in ms. */
const PARTING_PATIENCE = 5_000;

export class Notifier {
  readonly #report: (message: string) => void;
  readonly #mailer: Mailer;
  readonly #scripts: NotifyScripts;
  #settings: HealthSettings = DEFAULT_HEALTH_SETTINGS;
  #pipes: readonly NotifyPipe[] = [];
  /** Pipes that are not wanted any more. */
  #closing: Promise<unknown> = Promise.resolve();

  constructor(report: (message: string) => void) {
    this.#report = report;
    this.#mailer = new Mailer(report);
    this.#scripts = new NotifyScripts(report);
  }

  /** From now on these settings hold. Pipes that are still wanted stay open. */
  configure(settings: HealthSettings = DEFAULT_HEALTH_SETTINGS): void {
    this.#settings = settings;
    const wanted = [settings.lvsNotifyFifo, settings.notifyFifo].filter(
      (fifo): fifo is NotifyFifo => fifo !== undefined,
    );
    const kept = this.#pipes.filter(({ config }) => wanted.some((fifo) => isDeepStrictEqual(fifo, config)));
    const removed = this.#pipes.filter((pipe) => !kept.includes(pipe));
    this.#closing = Promise.all([this.#closing, ...removed.map((pipe) => pipe.close())]);
    const options = { policy: this.#policy, report: this.#report, before: this.#closing };
    const added = wanted.filter((fifo) => !kept.some(({ config }) => isDeepStrictEqual(fifo, config)));
    this.#pipes = [...kept, ...added.map((fifo) => new NotifyPipe(fifo, options))];
  }

  tell(events: readonly HealthEvent[]): void {
    for (const { notice, service, server = "" } of events) {
      if (!notice) continue;
      const { line, script, mail } = notice;
      if (line !== undefined) for (const pipe of this.#pipes) pipe.write(line);
      if (script) this.#scripts.run(`${service} ${server}`.trimEnd(), { script, policy: this.#policy });
      if (mail && this.#settings.mail) this.#mailer.send(mail, this.#settings.mail);
    }
  }

  /** Resolves when everything that was to be told is, or has had its time. */
  async close(): Promise<void> {
    const told = Promise.all([this.#scripts.drain(), this.#mailer.drain()]);
    const patience = new AbortController();
    const { signal } = patience;
    const isLate = setTimeout(PARTING_PATIENCE, true, { signal }).catch(() => false);
    if (await Promise.race([told.then(() => false), isLate])) this.#giveUp();
    patience.abort();
    await Promise.all([this.#scripts.drain(), this.#closing, ...this.#pipes.map((pipe) => pipe.close())]);
    this.#pipes = [];
  }

  /** Of many mails and scripts that hang the last one would be through in hours. */
  #giveUp(): void {
    this.#scripts.giveUp();
    this.#mailer.giveUp();
  }

  get #policy(): ScriptPolicy {
    const { scriptUser: user, scriptSecurity: security } = this.#settings;
    return { ...(user && { user }), security };
  }
}
