// SPDX-License-Identifier: MIT
// Tells those who want to know what happened: notification pipes, notify and quorum scripts, mail. Nothing
// here holds up checks, and what goes wrong is reported, no more.

import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings, type NotifyFifo } from "../model/health.ts";
import type { Script } from "../model/script.ts";
import type { HealthEvent } from "./events.ts";
import { Mailer } from "./mailer.ts";
import { NotifyPipe } from "./notify-pipe.ts";
import { runScript, type ScriptPolicy } from "./scripts.ts";

/** For a notify or quorum script, in ms. */
const SCRIPT_TIMEOUT = 60_000;
/** For everybody to be told at the end, in ms. */
const PARTING_PATIENCE = 5_000;

export class Notifier {
  readonly #report: (message: string) => void;
  readonly #mailer: Mailer;
  #settings: HealthSettings = DEFAULT_HEALTH_SETTINGS;
  #pipes: readonly NotifyPipe[] = [];
  /** Pipes that are not wanted any more. */
  #closing: Promise<unknown> = Promise.resolve();
  /** Ends scripts when the director does. */
  readonly #abort = new AbortController();
  /** The last script about each server or service: the next one waits for it, so that "down" never overtakes "up". */
  readonly #scripts = new Map<string, Promise<void>>();

  constructor(report: (message: string) => void) {
    this.#report = report;
    this.#mailer = new Mailer(report);
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
      if (script) this.#run(script, `${service} ${server}`);
      if (mail && this.#settings.mail) this.#mailer.send(mail, this.#settings.mail);
    }
  }

  /** Resolves when everything that was to be told is, or has had its time. */
  async close(): Promise<void> {
    const told = Promise.all([...this.#scripts.values(), this.#mailer.drain()]);
    const patience = new AbortController();
    const { signal } = patience;
    const isLate = setTimeout(PARTING_PATIENCE, true, { signal }).catch(() => false);
    if (await Promise.race([told.then(() => false), isLate])) this.#giveUp();
    patience.abort();
    await Promise.all([...this.#scripts.values(), this.#closing, ...this.#pipes.map((pipe) => pipe.close())]);
    this.#pipes = [];
  }

  /** Of many mails and scripts that hang the last one would be through in hours. */
  #giveUp(): void {
    this.#abort.abort();
    this.#mailer.giveUp();
  }

  get #policy(): ScriptPolicy {
    const { scriptUser: user, scriptSecurity: security } = this.#settings;
    return { ...(user && { user }), security };
  }

  get #whyKilled(): string {
    return this.#abort.signal.aborted ? "the director ends" : `it took more than ${SCRIPT_TIMEOUT / 1000} s`;
  }

  #run(script: Script, subject: string): void {
    const policy = this.#policy;
    const run = (this.#scripts.get(subject) ?? Promise.resolve()).then(async () => {
      const { signal } = this.#abort;
      const end = await runScript({ script, timeout: SCRIPT_TIMEOUT, signal }, policy);
      if (end.kind === "not-run") this.#report(`script ${script.argv[0]} not run: ${end.reason}`);
      if (end.kind === "timeout") this.#report(`script ${script.argv[0]} killed: ${this.#whyKilled}`);
      if (this.#scripts.get(subject) === run) this.#scripts.delete(subject);
    });
    this.#scripts.set(subject, run);
  }
}
