// SPDX-License-Identifier: MIT
// Tells those who want to know what happened: notification pipes, notify and quorum scripts, mail. Nothing
// here holds up checks, and what goes wrong is reported, no more.

import { isDeepStrictEqual } from "node:util";
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings, type NotifyFifo } from "../model/health.ts";
import type { Script } from "../model/script.ts";
import type { HealthEvent } from "./events.ts";
import { Mailer } from "./mailer.ts";
import { NotifyPipe } from "./notify-pipe.ts";
import { runScript, type ScriptPolicy } from "./scripts.ts";

/** For a notify or quorum script, in ms. */
const SCRIPT_TIMEOUT = 60_000;

export class Notifier {
  readonly #report: (message: string) => void;
  readonly #mailer: Mailer;
  #settings: HealthSettings = DEFAULT_HEALTH_SETTINGS;
  #pipes: readonly NotifyPipe[] = [];
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
    for (const pipe of this.#pipes) if (!kept.includes(pipe)) void pipe.close();
    const added = wanted.filter((fifo) => !kept.some(({ config }) => isDeepStrictEqual(fifo, config)));
    this.#pipes = [...kept, ...added.map((fifo) => new NotifyPipe(fifo, this.#policy, this.#report))];
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

  /** Resolves when everything that was to be told is. */
  async close(): Promise<void> {
    await Promise.all([...this.#scripts.values(), this.#mailer.drain(), ...this.#pipes.map((pipe) => pipe.close())]);
    this.#pipes = [];
  }

  get #policy(): ScriptPolicy {
    const { scriptUser: user, scriptSecurity: security } = this.#settings;
    return { ...(user && { user }), security };
  }

  #run(script: Script, subject: string): void {
    const policy = this.#policy;
    const run = (this.#scripts.get(subject) ?? Promise.resolve()).then(async () => {
      const end = await runScript({ script, timeout: SCRIPT_TIMEOUT }, policy);
      if (end.kind === "not-run") this.#report(`script ${script.argv[0]} not run: ${end.reason}`);
      if (end.kind === "timeout") this.#report(`script ${script.argv[0]} killed after ${SCRIPT_TIMEOUT / 1000} s`);
      if (this.#scripts.get(subject) === run) this.#scripts.delete(subject);
    });
    this.#scripts.set(subject, run);
  }
}
