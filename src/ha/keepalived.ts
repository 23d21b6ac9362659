// SPDX-License-Identifier: MIT
// The real keepalived, run for VRRP alone: started, restarted with back-off, told of changes, stopped with
// the director. What it says becomes the state of the instances.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DesiredState } from "../model/service.ts";
import { type Fifo, readFifo } from "./fifo.ts";
import { composeVrrpConfig } from "./vrrp-config.ts";
import { followLine, type VrrpInstance, type VrrpInstances } from "./vrrp-state.ts";

/** ms between a death and the next start: doubled each time, forgotten after a quiet minute. */
const FIRST_BACK_OFF = 1_000;
const LONGEST_BACK_OFF = 30_000;
const QUIET = 60_000;
/** ms for withdrawing addresses after SIGTERM. */
const STOP_PATIENCE = 10_000;
/** ms for keepalived -t. */
const CHECK_PATIENCE = 30_000;
/** keepalived -t: fine, and fine but for what it complained about. */
const ACCEPTED = [0, 5, 6];

export interface KeepalivedOptions {
  /** Where the configuration, pid files and pipe are kept; only root gets in. */
  readonly folder: string;
  readonly report: (message: string) => void;
  /** Told of every change of an instance. */
  readonly onChange?: (instance: VrrpInstance) => void;
}

export interface VrrpStatus {
  readonly running: boolean;
  readonly pid?: number;
  /** Deaths that nobody asked for. */
  readonly restarts: number;
  readonly instances: readonly VrrpInstance[];
}

export class Keepalived {
  readonly #folder: string;
  readonly #report: (message: string) => void;
  readonly #onChange: ((instance: VrrpInstance) => void) | undefined;
  #config: string | undefined;
  #child: ChildProcess | undefined;
  #fifo: Fifo | undefined;
  #instances: VrrpInstances = new Map();
  #restarts = 0;
  #backOff = FIRST_BACK_OFF;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The last change; the next one starts when it is through. */
  #queue: Promise<void> = Promise.resolve();

  constructor({ folder, report, onChange }: KeepalivedOptions) {
    this.#folder = folder;
    this.#report = report;
    this.#onChange = onChange;
  }

  get status(): VrrpStatus {
    const pid = this.#child?.pid;
    return {
      running: pid !== undefined,
      ...(pid !== undefined && { pid }),
      restarts: this.#restarts,
      instances: [...this.#instances.values()],
    };
  }

  /** Makes keepalived do what the state says: nothing, the same as before, or something else. Never rejects. */
  follow(state: DesiredState): Promise<void> {
    this.#queue = this.#queue
      .then(() => this.#follow(state))
      .catch((error: Error) => this.#report(`VRRP: ${error.message}`));
    return this.#queue;
  }

  /** Resolves when its addresses are withdrawn and it is gone. */
  async stop(): Promise<void> {
    await this.#queue;
    await this.#end();
  }

  async #follow(state: DesiredState): Promise<void> {
    const config = composeVrrpConfig(state, this.#path("fifo"));
    if (config === this.#config) return;
    if (config === undefined) return this.#end();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    if (!(await this.#write(config))) return;
    if (this.#config === undefined) await this.#begin();
    else this.#child?.kill("SIGHUP");
    this.#config = config;
  }

  /** False, and nothing has changed, when keepalived cannot use it. */
  async #write(config: string): Promise<boolean> {
    const draft = this.#path("conf.new");
    await writeFile(draft, config, { mode: 0o600 });
    const { code, complaints } = await checkConfig(draft);
    for (const complaint of complaints) this.#report(`keepalived: ${complaint}`);
    if (!ACCEPTED.includes(code)) {
      this.#report(`VRRP stays as it was: keepalived -t ended with ${code}`);
      return false;
    }
    await rename(draft, this.#path("conf"));
    return true;
  }

  async #begin(): Promise<void> {
    await this.#endPredecessor();
    this.#fifo = await readFifo(this.#path("fifo"), (line) => this.#hear(line));
    this.#spawn();
  }

  #spawn(): void {
    const files = ["-f", this.#path("conf"), "-p", this.#path("pid"), "-r", this.#path("vrrp.pid")];
    const child = spawn("keepalived", ["--vrrp", "-n", "-l", "-D", ...files], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#startedAt = Date.now();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#report(`keepalived: ${withoutTime(line)}`));
    }
    child.once("error", (error) => this.#report(`keepalived cannot be run: ${error.message}`));
    // Not before its children have ended, too: they say so in the pipe, and withdraw addresses.
    child.once("close", (code, signal) => this.#died(child, signal ?? `status ${code}`));
  }

  #died(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#instances = new Map();
    this.#restarts++;
    if (Date.now() - this.#startedAt > QUIET) this.#backOff = FIRST_BACK_OFF;
    this.#report(`keepalived ended (${how}); started again in ${this.#backOff / 1000} s`);
    this.#timer = setTimeout(() => this.#spawn(), this.#backOff);
    this.#backOff = Math.min(this.#backOff * 2, LONGEST_BACK_OFF);
  }

  #hear(line: string): void {
    const before = this.#instances;
    this.#instances = followLine(before, line, new Date());
    for (const [key, instance] of this.#instances) {
      const { kind, name, state } = instance;
      if (before.get(key)?.state === state) continue;
      this.#report(`VRRP ${kind} ${name} is ${state}`);
      this.#onChange?.(instance);
    }
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    this.#config = undefined;
    if (child) await terminate(child);
    this.#fifo?.close();
    this.#fifo = undefined;
    this.#instances = new Map();
  }

  /** One that a killed director left behind. Two of them would both answer for the addresses. */
  async #endPredecessor(): Promise<void> {
    const pid = Number(await readFile(this.#path("pid"), "utf8").catch(() => ""));
    if (!pid || !(await isOurs(pid, this.#path("conf")))) return;
    this.#report(`ending the keepalived that was left behind (pid ${pid})`);
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < STOP_PATIENCE && (await isOurs(pid, this.#path("conf"))); waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (await isOurs(pid, this.#path("conf"))) process.kill(pid, "SIGKILL");
  }

  #path(name: string): string {
    return join(this.#folder, `vrrp.${name}`);
  }
}

/** What keepalived -t says. @throws when it cannot be run */
function checkConfig(path: string): Promise<{ code: number; complaints: string[] }> {
  return new Promise((resolve, reject) => {
    execFile("keepalived", ["-t", "-f", path], { timeout: CHECK_PATIENCE }, (error, _stdout, stderr) => {
      if (error && typeof error.code !== "number")
        return reject(new Error(`keepalived cannot be run: ${error.message}`));
      const complaints = stderr.split("\n").filter((line) => line.trim() !== "");
      resolve({ code: Number(error?.code ?? 0), complaints });
    });
  });
}

async function isOurs(pid: number, config: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.split("\0").includes(config);
}

/** It has ended when it has, whoever else has its output open. */
async function terminate(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE);
  await ended;
  clearTimeout(timer);
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

/** keepalived -l puts the time in front, and so does whoever keeps our messages. */
function withoutTime(line: string): string {
  return line.replace(/^\w{3} \w{3} +\d+ [\d:]+ \d{4}: /, "");
}
