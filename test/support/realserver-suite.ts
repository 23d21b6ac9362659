// SPDX-License-Identifier: MIT
// `xdirector realserver` on a real host: a namespace with a server, and a client on its link.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach } from "node:test";
import { type Netns, type Output, Sandbox } from "./netns.ts";
import { fromRoot } from "./project.ts";
import { CIP, CLIENT_MAC, RIP, SERVER_MAC, Wire } from "./realserver-wire.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
/** Named as a VLAN's: such a dot has no place in the name of a pin, nor between the parts of a sysctl. */
export const SECOND = "eth1.7";

/** `ip`, whoever calls it, may make it in any bpffs that it sees. */
const FOLDER_OF_IPROUTE2 = "ip";

const SERVE = 'require("net").createServer((socket) => socket.end("hello")).listen(80, "::")';

/** What a test finds: nothing is set up, and the server answers on port 80. */
export class RealServerSuite {
  readonly sandbox: Sandbox;
  readonly client: Netns;
  readonly server: Netns;
  readonly wire: Wire;
  readonly pinDir: string;
  readonly #stateDir: string;
  readonly #bpffs: string;
  /** What {@link host} says before a test. */
  readonly untouched: Record<string, unknown>;

  /** To be called where the suite begins; `name`: of the sandbox, no other one's. */
  constructor(name: string) {
    this.sandbox = new Sandbox(name);
    after(() => this.sandbox.close());
    this.client = this.sandbox.namespace("client");
    this.server = this.sandbox.namespace("server");
    this.#connect();
    this.#bpffs = this.sandbox.bpffs();
    this.pinDir = join(this.#bpffs, "realserver");
    this.#stateDir = join(this.sandbox.folder, "state");
    this.server.spawn(process.execPath, ["-e", SERVE], { stdio: "ignore" });
    this.wire = new Wire(this.client);
    this.untouched = this.host();
    beforeEach(() => this.#undoAll());
  }

  run(...options: readonly string[]): Promise<Output> {
    return this.#runIn(this.server, options);
  }

  /** In the client's namespace, with the places of the server. */
  runAtClient(...options: readonly string[]): Promise<Output> {
    return this.#runIn(this.client, options);
  }

  async succeeds(expected: string, ...options: readonly string[]): Promise<void> {
    assert.deepEqual(await this.run(...options), { code: 0, stdout: `${expected}\n`, stderr: "" });
  }

  stateFile(name: string): string {
    return join(this.#stateDir, `realserver-${name}.json`);
  }

  /** Everything that the command may touch. */
  host(): Record<string, unknown> {
    const settings = this.server.run("sysctl", ["-a", "-r", String.raw`\.(arp_ignore|arp_announce|rp_filter)$`]);
    const addresses = JSON.parse(this.server.ip("-j", "address", "show", "lo")) as { addr_info: { local: string }[] }[];
    const links = JSON.parse(this.server.ip("-j", "-d", "link", "show")) as {
      ifname: string;
      flags: string[];
      xdp?: unknown;
    }[];
    return {
      settings,
      addresses: addresses.flatMap(({ addr_info }) => addr_info.map(({ local }) => local)),
      links: links.map(({ ifname, flags, xdp }) => [ifname, flags, xdp !== undefined]),
      pins: readdirSync(this.#bpffs).filter((name) => name !== FOLDER_OF_IPROUTE2),
      records: existsSync(this.#stateDir) ? readdirSync(this.#stateDir) : [],
    };
  }

  #runIn(namespace: Netns, options: readonly string[]): Promise<Output> {
    const stateFile = this.stateFile(options[options.indexOf("-i") + 1] ?? "none");
    const places = ["--pin-dir", this.pinDir, "--state-file", stateFile];
    return namespace.exec(process.execPath, [MAIN, "realserver", ...places, ...options]);
  }

  #connect(): void {
    this.sandbox.segment([
      { namespace: this.client, interface: "eth0", addresses: [`${CIP}/24`] },
      { namespace: this.server, interface: "eth0", addresses: [`${RIP}/24`] },
    ]);
    this.sandbox.segment([{ namespace: this.server, interface: SECOND, addresses: ["10.2.0.2/24"] }]);
    this.client.ip("link", "set", "eth0", "address", CLIENT_MAC);
    this.server.ip("link", "set", "eth0", "address", SERVER_MAC);
  }

  async #undoAll(): Promise<void> {
    await this.wire.ready();
    await this.run("-i", "eth0", "--undo");
    await this.run("-i", SECOND, "--undo");
    this.wire.received.splice(0);
    assert.deepEqual(this.host(), this.untouched);
  }
}
