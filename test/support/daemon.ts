// SPDX-License-Identifier: MIT
// The real daemon as a process in a namespace, and its real command line.

import { type ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ApiResponse, connectApi } from "../../src/cli/client.ts";
import type { DirectorSnapshot } from "../../src/stats/snapshot.ts";
import type { Netns, Output, Sandbox } from "./netns.ts";
import { fromRoot } from "./project.ts";
import { until } from "./until.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const XVSADM = fromRoot("build", "ts", "src", "cli", "xvsadm.js");

export interface DaemonPlace {
  readonly namespace: Netns;
  /** Holds state and socket. */
  readonly folder: string;
  readonly pinDir: string;
  readonly interfaces: readonly string[];
}

export class Daemon {
  readonly place: DaemonPlace;
  readonly socket: string;
  /** What it wrote to stderr so far. */
  log = "";
  readonly process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(place: DaemonPlace, extra: readonly string[]) {
    this.place = place;
    this.socket = join(place.folder, "sock");
    const { namespace, folder, pinDir, interfaces } = place;
    const attach = interfaces.flatMap((name) => ["-i", name]);
    const paths = ["--state-dir", join(folder, "state"), "--pin-dir", pinDir, "--socket", this.socket];
    this.process = namespace.spawn(
      process.execPath,
      [...nodeOptions(MAIN), MAIN, "run", ...attach, ...paths, ...extra],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    this.#ended = once(this.process, "exit");
  }

  /** A place for it in the sandbox: state, socket and a bpffs. */
  static place(sandbox: Sandbox, namespace: Netns, interfaces: readonly string[] = ["eth0"]): DaemonPlace {
    return { namespace, folder: sandbox.folder, pinDir: join(sandbox.bpffs(), "xdirector"), interfaces };
  }

  /** Resolves when its API answers. @throws Error with its last words when it ends instead */
  static async start(place: DaemonPlace, extra: readonly string[] = []): Promise<Daemon> {
    const daemon = Daemon.launch(place, extra);
    await daemon.says("ready: ");
    return daemon;
  }

  /** Does not wait until it has started. */
  static launch(place: DaemonPlace, extra: readonly string[] = []): Daemon {
    return new Daemon(place, extra);
  }

  /** Resolves when it has written `words`. @throws Error with its last words when it ends instead */
  says(words: string): Promise<void> {
    return until(`the director says ${words}`, () => {
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`the director ended: ${this.log}`);
      return this.log.includes(words);
    });
  }

  request(method: "GET" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<ApiResponse> {
    return connectApi(this.socket).request({ method, path, body });
  }

  /** @throws Error unless the answer is a success */
  async put(path: string, body: unknown): Promise<void> {
    const { status, body: answer } = await this.request("PUT", path, body);
    if (status >= 300) throw new Error(`PUT ${path}: ${status} ${JSON.stringify(answer)}`);
  }

  async services(): Promise<DirectorSnapshot["services"]> {
    return ((await this.request("GET", "/v1/services")).body as DirectorSnapshot).services;
  }

  async verdicts(): Promise<Record<string, number>> {
    return ((await this.request("GET", "/v1/stats")).body as { verdicts: Record<string, number> }).verdicts;
  }

  async xvsadm(...args: readonly string[]): Promise<Output> {
    const env = { ...process.env, XDIRECTOR_SOCKET: this.socket };
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, [XVSADM, ...args], { env })) };
    } catch (error) {
      const failed = error as { code: number; stdout: string; stderr: string };
      return { code: failed.code, stdout: failed.stdout, stderr: failed.stderr };
    }
  }

  /** Resolves when it has ended. */
  async kill(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.process.kill(signal);
    await this.#ended;
  }

  hangUp(): void {
    this.process.kill("SIGHUP");
  }
}

/** Those that its first line gives to Node.js, as for everybody who runs it by its name. */
function nodeOptions(script: string): string[] {
  const options = /^#!\/usr\/bin\/env -S node (.*)$/m.exec(readFileSync(script, "utf8"))?.[1];
  if (options === undefined) throw new Error(`${script} does not begin as expected`);
  return options.split(" ");
}
