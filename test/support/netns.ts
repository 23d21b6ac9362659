// SPDX-License-Identifier: MIT
// Network namespaces for tests, the benchmark and the lab. A Sandbox owns namespaces, the processes in them, a folder
// and a bpffs; all of it is named after this process, and goes on close(), on exit, on a signal, on an uncaught error,
// and - through a small shell that waits for this process's end - on kill -9.

import { type ChildProcess, execFile, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { fromRoot } from "./project.ts";

const POLL = fromRoot("build", "bpf", "poll.bpf.o");
const REMOVE = fromRoot("test", "support", "remove-sandbox.sh");
/** A command that hangs must not keep this process from ending: while it runs, signals wait. */
const GUARD = { timeout: 120_000, killSignal: "SIGKILL" } as const;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const open = new Set<Sandbox>();
let created = 0;

/** One end of a link. Addresses have a prefix length: "10.0.0.1/24", "2001:db8::1/64". */
export interface Port {
  readonly namespace: Netns;
  readonly interface: string;
  readonly addresses?: readonly string[];
  /** To send and to receive by; flows are spread over them. 1 unless given. */
  readonly queues?: number;
}

/** An interface of the usual name. */
export function eth0(namespace: Netns, ...addresses: readonly string[]): Port {
  return { namespace, interface: "eth0", addresses };
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Sandbox {
  readonly name: string;
  /** A folder of its own, /tmp/NAME. */
  readonly folder: string;
  readonly #watcher: ChildProcess;
  #bridges = 0;

  /** `label` tells the owners apart in `ip netns list`: letters, digits and "-". */
  constructor(label: string) {
    removeLeftovers();
    created += 1;
    this.name = `xd-${label}${created > 1 ? created : ""}-${process.pid}`;
    this.folder = join("/tmp", this.name);
    mkdirSync(this.folder);
    this.#watcher = spawn(REMOVE, [this.name, "--when-stdin-ends"], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#watcher.unref();
    if (open.size === 0) closeOnEveryExit();
    open.add(this);
  }

  /** A namespace with its loopback up. IPv6 addresses are usable at once (no duplicate address detection). */
  namespace(label: string): Netns {
    const name = `${this.name}.${label}`;
    run("ip", ["netns", "add", name]);
    const namespace = new Netns(name);
    namespace.ip("link", "set", "lo", "up");
    namespace.sysctl("net.ipv6.conf.all.accept_dad", 0);
    namespace.sysctl("net.ipv6.conf.default.accept_dad", 0);
    return namespace;
  }

  /** A folder with a bpffs, for pins: `ip netns exec` hides the machine's own under a fresh /sys. */
  bpffs(label = "bpf"): string {
    const path = join(this.folder, label);
    mkdirSync(path);
    run("mount", ["-t", "bpf", "bpf", path]);
    return path;
  }

  /** A veth pair. */
  link(one: Port, other: Port): void {
    const peer = ["peer", "name", other.interface, ...queuesOf(other), "netns", other.namespace.name];
    one.namespace.ip("link", "add", "name", one.interface, ...queuesOf(one), "type", "veth", ...peer);
    bringUp(one);
    bringUp(other);
  }

  /** One Ethernet segment: a bridge in a namespace of its own, which is returned, with a veth pair to every port. */
  segment(ports: readonly Port[]): Netns {
    const bridge = this.namespace(`bridge${this.#bridges++}`);
    bridge.ip("link", "add", "name", "br0", "type", "bridge", "forward_delay", "0");
    bridge.ip("link", "set", "br0", "up");
    for (const [index, port] of ports.entries()) {
      const name = `port${index}`;
      this.link(port, { namespace: bridge, interface: name });
      bridge.ip("link", "set", name, "master", "br0");
      acceptTransmitted(bridge, name);
    }
    return bridge;
  }

  close(): void {
    if (!open.delete(this)) return;
    this.#watcher.kill("SIGKILL");
    run(REMOVE, [this.name]);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export class Netns {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  ip(...args: readonly string[]): string {
    return run("ip", ["-n", this.name, ...args]);
  }

  sysctl(key: string, value: number): void {
    this.run("sysctl", ["-qw", `${key}=${value}`]);
  }

  /** Runs a command to its end. @returns its standard output; throws when it fails */
  run(command: string, args: readonly string[]): string {
    return run("ip", ["netns", "exec", this.name, command, ...args]);
  }

  /** Like run() without blocking, and a failure is a result. */
  async exec(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Output> {
    const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 28 };
    try {
      const output = await promisify(execFile)("ip", ["netns", "exec", this.name, command, ...args], options);
      return { code: 0, ...output };
    } catch (error) {
      const failed = error as { code?: number | string; stdout?: string; stderr?: string; message: string };
      if (typeof failed.code === "string") throw error;
      return { code: failed.code ?? -1, stdout: failed.stdout ?? "", stderr: failed.stderr ?? failed.message };
    }
  }

  /** Starts a command that goes on. It is out of reach of the terminal's Ctrl-C and ends with the sandbox. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn("ip", ["netns", "exec", this.name, command, ...args], { ...options, detached: true });
  }
}

/** Makes the driver poll, without which it takes no frame that its peer sends back by XDP_TX; see poll.bpf.c. */
export function acceptTransmitted(namespace: Netns, name: string): void {
  namespace.ip("link", "set", "dev", name, "xdpdrv", "obj", POLL, "sec", "xdp");
}

/** What the namespace knows of the way there: the link's MTU, or less. */
export function pathMtu(namespace: Netns, address: string): number {
  type Route = { readonly dev: string; readonly metrics?: readonly { readonly mtu?: number }[] };
  const [route] = JSON.parse(namespace.ip("-j", "route", "get", address)) as [Route];
  const [link] = JSON.parse(namespace.ip("-j", "link", "show", route.dev)) as [{ readonly mtu: number }];
  return route.metrics?.[0]?.mtu ?? link.mtu;
}

function queuesOf({ queues = 1 }: Port): string[] {
  return ["numtxqueues", String(queues), "numrxqueues", String(queues)];
}

function bringUp({ namespace, interface: name, addresses = [] }: Port): void {
  // A veth leaves checksums to hardware that is not there: a program in between would see wrong ones.
  namespace.run("ethtool", ["-K", name, "tx", "off"]);
  for (const address of addresses) namespace.ip("address", "add", address, "dev", name);
  namespace.ip("link", "set", name, "up");
}

/** Runs a command to its end and returns its output. @throws Error with the command and what it said */
export function run(command: string, args: readonly string[]): string {
  const options = { encoding: "utf8", maxBuffer: 2 ** 28, ...GUARD } as const;
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, options);
  if (error) throw error;
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${stderr.trim() || stdout.trim() || (signal ?? `status ${status}`)}`);
}

/** Sandboxes whose process is gone: normally their watcher has removed them. */
function removeLeftovers(): void {
  const namespaces = run("ip", ["netns", "list"])
    .split("\n")
    .map((line) => line.split(/[. ]/)[0] ?? "");
  const names = [...namespaces, ...readdirSync("/tmp")];
  for (const name of new Set(names)) {
    const [, pid] = /^xd-.+-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) run(REMOVE, [name]);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function closeOnEveryExit(): void {
  process.once("exit", closeAll);
  for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(128 + number));
}

function closeAll(): void {
  for (const sandbox of open) sandbox.close();
}
