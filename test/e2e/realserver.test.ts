// SPDX-License-Identifier: MIT
// `xdirector realserver` on a real host: a namespace with a server, and a client on its link that makes every frame
// by hand, as a director would send them.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, beforeEach, describe, it } from "node:test";
import { BpfMap } from "../../src/bpf/index.ts";
import type { IpRecord } from "../../src/dataplane/records.ts";
import { addressFromBytes } from "../../src/model/address.ts";
import { type Netns, type Output, Sandbox } from "../support/netns.ts";
import { decode, layersOf, type Packet, packet } from "../support/packet.ts";
import { fromRoot } from "../support/project.ts";
import { until } from "../support/until.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const VIP = "192.0.2.80";
const OTHER_VIP = "192.0.2.81";
const CIP = "10.1.0.1";
const RIP = "10.1.0.2";
const CLIENT_MAC = "02:00:00:00:01:01";
const SERVER_MAC = "02:00:00:00:01:02";
/** Named as a VLAN's: such a dot has no place in the name of a pin, nor between the parts of a sysctl. */
const SECOND = "eth1.7";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const ETHERTYPE_ARP = 0x0806;

const sandbox = new Sandbox("realserver");
after(() => sandbox.close());
const client = sandbox.namespace("client");
const server = sandbox.namespace("server");
sandbox.segment([
  { namespace: client, interface: "eth0", addresses: [`${CIP}/24`] },
  { namespace: server, interface: "eth0", addresses: [`${RIP}/24`] },
]);
sandbox.segment([{ namespace: server, interface: SECOND, addresses: ["10.2.0.2/24"] }]);
client.ip("link", "set", "eth0", "address", CLIENT_MAC);
server.ip("link", "set", "eth0", "address", SERVER_MAC);
const bpffs = sandbox.bpffs();
const pinDir = join(bpffs, "realserver");
const stateDir = join(sandbox.folder, "state");

const SERVE = 'require("net").createServer((socket) => socket.end("hello")).listen(80, "::")';
server.spawn(process.execPath, ["-e", SERVE], { stdio: "ignore" });

/** Sends and prints frames, one a line, in hexadecimal. */
const WIRE = `
import os, select, socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    for ready in select.select([0, wire], [], [])[0]:
        if ready is wire:
            frame, address = wire.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING:
                print(frame.hex(), flush=True)
        else:
            lines = os.read(0, 65536)
            if not lines:
                sys.exit()
            for line in lines.split():
                wire.send(bytes.fromhex(line.decode()))
`;

/** The client's end of the link. */
class Wire {
  readonly received: Uint8Array[] = [];
  readonly #process: ReturnType<Netns["spawn"]>;
  #isReady = false;

  constructor(namespace: Netns) {
    this.#process = namespace.spawn("python3", ["-c", WIRE, "eth0"], { stdio: ["pipe", "pipe", "inherit"] });
    if (!this.#process.stdout) throw new Error("no pipe to the wire");
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (line === "ready") this.#isReady = true;
      else this.received.push(Buffer.from(line, "hex"));
    });
  }

  async ready(): Promise<void> {
    await until("the wire listens", () => this.#isReady);
  }

  send(...frames: readonly Uint8Array[]): void {
    const lines = frames.map((frame) => `${Buffer.from(frame).toString("hex")}\n`);
    this.#process.stdin?.write(lines.join(""));
  }

  /** Frames since the last call, once there is one that `isLast`. */
  async take(what: string, isLast: (frame: Uint8Array) => boolean): Promise<Uint8Array[]> {
    await until(what, () => this.received.some(isLast));
    return this.received.splice(0);
  }
}

const wire = new Wire(client);
const fromDirector = { destination: SERVER_MAC, source: CLIENT_MAC };
let lastPort = 20_000;

/** A SYN to `vip` from a port of its own. */
function syn(vip: string, tunnel?: { readonly to: string }): { frame: Uint8Array; port: number } {
  const port = ++lastPort;
  const l2 = packet().ethernet(fromDirector);
  const l3 = tunnel ? l2.ipv4({ source: CIP, destination: tunnel.to }) : l2;
  const frame = l3.ipv4({ source: CIP, destination: vip }).tcp({ sourcePort: port, destinationPort: 80 }).bytes();
  return { frame, port };
}

/** Whether the frame is the server's SYN ACK from `vip` to that port. */
function isAnswer(vip: string, port: number): (frame: Uint8Array) => boolean {
  return (frame) => {
    const decoded = decode(frame);
    const [[ip], [tcp]] = [layersOf(decoded, "ipv4"), layersOf(decoded, "tcp")];
    return ip?.source === vip && tcp?.destinationPort === port && tcp.flags.join() === "syn,ack";
  };
}

function arpRequest(address: string): Uint8Array {
  const mac = Buffer.from(CLIENT_MAC.replaceAll(":", ""), "hex");
  const [cip, wanted] = [CIP, address].map((text) => Buffer.from(text.split(".").map(Number)));
  const head = Buffer.from("0001080006040001", "hex");
  const body = Buffer.concat([head, mac, cip!, Buffer.alloc(6), wanted!]);
  const ethernet = { destination: BROADCAST, source: CLIENT_MAC, etherType: ETHERTYPE_ARP };
  return packet().ethernet(ethernet).payload(body).padTo().bytes();
}

/** `request 10.1.0.2` or `reply 192.0.2.80`, with the address of the sender; undefined for other frames. */
function arpOf(frame: Uint8Array): string | undefined {
  const bytes = Buffer.from(frame);
  if (bytes.readUInt16BE(12) !== ETHERTYPE_ARP) return undefined;
  return `${bytes.readUInt16BE(20) === 1 ? "request" : "reply"} ${bytes.subarray(28, 32).join(".")}`;
}

function realserver(...options: readonly string[]): Promise<Output> {
  const name = options[options.indexOf("-i") + 1] ?? "none";
  const stateFile = join(stateDir, `realserver-${name}.json`);
  const places = ["--pin-dir", pinDir, "--state-file", stateFile];
  return server.exec(process.execPath, [MAIN, "realserver", ...places, ...options]);
}

async function succeeds(expected: string, ...options: readonly string[]): Promise<void> {
  assert.deepEqual(await realserver(...options), { code: 0, stdout: `${expected}\n`, stderr: "" });
}

/** Everything that the command may touch. */
function host(): Record<string, unknown> {
  const settings = server.run("sysctl", ["-a", "-r", String.raw`\.(arp_ignore|arp_announce|rp_filter)$`]);
  const addresses = JSON.parse(server.ip("-j", "address", "show", "lo")) as { addr_info: { local: string }[] }[];
  const links = JSON.parse(server.ip("-j", "-d", "link", "show")) as {
    ifname: string;
    flags: string[];
    xdp?: unknown;
  }[];
  return {
    settings,
    addresses: addresses.flatMap(({ addr_info }) => addr_info.map(({ local }) => local)),
    links: links.map(({ ifname, flags, xdp }) => [ifname, flags, xdp !== undefined]),
    pins: readdirSync(bpffs),
    records: existsSync(stateDir) ? readdirSync(stateDir) : [],
  };
}

const untouched = host();

beforeEach(async () => {
  await wire.ready();
  await realserver("-i", "eth0", "--undo");
  await realserver("-i", SECOND, "--undo");
  wire.received.splice(0);
  assert.deepEqual(host(), untouched);
});

describe("a real server for direct routing", () => {
  it("serves the VIP without a word of it in ARP", async () => {
    await succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    // The answer to the SYN needs the client's MAC: who asks for it must not do so in the VIP's name.
    server.ip("neighbour", "flush", "dev", "eth0");
    const { frame, port } = syn(VIP);
    wire.send(frame);
    const asked = await wire.take("the SYN is answered", isAnswer(VIP, port));
    assert.deepEqual([...new Set(asked.map(arpOf).filter((text) => text !== undefined))], [`request ${RIP}`]);

    wire.send(arpRequest(VIP), arpRequest(RIP));
    const answered = await wire.take("its own address is answered for", (frame) => arpOf(frame) === `reply ${RIP}`);
    assert.ok(!answered.map(arpOf).includes(`reply ${VIP}`), "the VIP must not be answered for");
  });

  it("would answer for the VIP without these settings, so the test can see it", async () => {
    server.ip("address", "add", `${VIP}/32`, "dev", "lo");
    wire.send(arpRequest(VIP));
    await wire.take("the VIP is answered for", (frame) => arpOf(frame) === `reply ${VIP}`);
    server.ip("address", "delete", `${VIP}/32`, "dev", "lo");
  });

  it("takes IPv6 VIPs, which need no settings", async () => {
    const vip = "2001:db8:80::80";
    await succeeds(`eth0: real server for ${vip} (direct routing)`, "-i", "eth0", "--vip", vip);
    const { settings, addresses } = host();
    assert.equal(settings, untouched["settings"]);
    assert.deepEqual(addresses, ["127.0.0.1", "::1", vip].toSorted());
  });
});

describe("a real server at the end of a tunnel", () => {
  const opened = `eth0: real server for ${VIP} (tunnels end in XDP, native mode)`;

  it("serves the VIP to tunnelled packets, which it could not before", async () => {
    await succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    const [before, bare] = [syn(VIP, { to: RIP }), syn(VIP)];
    wire.send(before.frame, bare.frame);
    const without = await wire.take("the bare SYN is answered", isAnswer(VIP, bare.port));
    assert.ok(!without.some(isAnswer(VIP, before.port)), "a tunnelled SYN was answered without decapsulation");

    await succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const tunnelled = syn(VIP, { to: RIP });
    wire.send(tunnelled.frame);
    await wire.take("the tunnelled SYN is answered", isAnswer(VIP, tunnelled.port));
  });

  it("takes packets from clients whom it would answer by another way", async () => {
    const filters = ["all", "eth0"].map((name) => `net.ipv4.conf.${name}.rp_filter`);
    for (const filter of filters) server.sysctl(filter, 1);
    await succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    assert.equal(server.run("sysctl", ["-n", ...filters]), "0\n0\n");
    await succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    assert.equal(server.run("sysctl", ["-n", ...filters]), "1\n1\n");
    for (const filter of filters) server.sysctl(filter, 0);
  });

  it("opens any type, or the one it is told", async () => {
    const wrap = packet().ethernet(fromDirector).ipv4({ source: CIP, destination: RIP });
    const send = (between: Packet) => {
      const port = ++lastPort;
      const inner = between.ipv4({ source: CIP, destination: VIP }).tcp({ sourcePort: port, destinationPort: 80 });
      wire.send(inner.bytes());
      return isAnswer(VIP, port);
    };
    const gue = () => send(wrap.udp({ destinationPort: 5555 }).gue());
    const gre = () => send(wrap.gre({ checksum: "computed" }));

    const options = ["-i", "eth0", "--vip", VIP, "--method", "tunnel"];
    await succeeds(opened, ...options, "--tunnel-port", "5555");
    await wire.take("the SYN in GUE is answered", gue());
    await wire.take("the SYN in GRE is answered", gre());
    await succeeds(opened, ...options, "--tunnel", "gre");
    const inGue = gue();
    const received = await wire.take("the SYN in GRE is answered still", gre());
    assert.ok(!received.some(inGue), "GUE was not to be opened any more");
  });

  it("serves an IPv6 VIP out of a tunnel over IPv4, which needs no settings", async () => {
    const [vip, cip] = ["2001:db8:80::80", "2001:db8:1::1"];
    client.ip("address", "add", `${cip}/64`, "dev", "eth0", "nodad");
    server.ip("address", "add", "2001:db8:1::2/64", "dev", "eth0", "nodad");
    const options = ["-i", "eth0", "--vip", vip, "--method", "tunnel"];
    await succeeds(`eth0: real server for ${vip} (tunnels end in XDP, native mode)`, ...options);
    assert.equal(host()["settings"], untouched["settings"]);
    const port = ++lastPort;
    const outer = packet().ethernet(fromDirector).ipv4({ source: CIP, destination: RIP });
    wire.send(outer.ipv6({ source: cip, destination: vip }).tcp({ sourcePort: port, destinationPort: 80 }).bytes());
    await wire.take("the SYN is answered", (frame) => {
      const [[ip], [tcp]] = [layersOf(decode(frame), "ipv6"), layersOf(decode(frame), "tcp")];
      return ip?.source === vip && tcp?.destinationPort === port && tcp.flags.join() === "syn,ack";
    });
    client.ip("address", "delete", `${cip}/64`, "dev", "eth0");
    server.ip("address", "delete", "2001:db8:1::2/64", "dev", "eth0");
  });

  it("opens no tunnel that hides a packet to another of its addresses", async () => {
    await succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const [hidden, allowed] = [syn(RIP, { to: RIP }), syn(VIP, { to: RIP })];
    wire.send(hidden.frame, allowed.frame);
    const received = await wire.take("the SYN to the VIP is answered", isAnswer(VIP, allowed.port));
    assert.ok(!received.some(isAnswer(RIP, hidden.port)));
  });

  it("opens its own tunnels but none that it forwards to another host", async () => {
    server.sysctl("net.ipv4.ip_forward", 1);
    await succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    const [forwarded, own] = [syn(VIP, { to: "10.2.0.9" }), syn(VIP, { to: RIP })];
    wire.send(forwarded.frame, own.frame);
    const received = await wire.take("the SYN in its own tunnel is answered", isAnswer(VIP, own.port));
    assert.ok(!received.some(isAnswer(VIP, forwarded.port)));
    server.sysctl("net.ipv4.ip_forward", 0);
  });

  it("is done with tunnels when it changes to direct routing", async () => {
    await succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    const direct = host();
    await succeeds(opened, "-i", "eth0", "--vip", VIP, "--method", "tunnel");
    assert.notDeepEqual(host(), direct);
    await succeeds(`eth0: real server for ${VIP} (direct routing)`, "-i", "eth0", "--vip", VIP);
    assert.deepEqual(host(), direct);
  });
});

describe("running it again", () => {
  const options = ["-i", "eth0", "--method", "tunnel"];
  const result = (vips: string) => `eth0: real server for ${vips} (tunnels end in XDP, native mode)`;

  it("changes nothing when nothing else is wanted", async () => {
    await succeeds(result(VIP), ...options, "--vip", VIP);
    const once = host();
    await succeeds(result(VIP), ...options, "--vip", VIP);
    assert.deepEqual(host(), once);
  });

  it("goes over to other VIPs, and packets with it", async () => {
    await succeeds(result(VIP), ...options, "--vip", VIP);
    const [first, second] = [syn(VIP, { to: RIP }), syn(OTHER_VIP, { to: RIP })];
    wire.send(second.frame, first.frame);
    const before = await wire.take("the first VIP answers", isAnswer(VIP, first.port));
    assert.ok(!before.some(isAnswer(OTHER_VIP, second.port)));

    await succeeds(result(OTHER_VIP), ...options, "--vip", OTHER_VIP);
    const [third, fourth] = [syn(VIP, { to: RIP }), syn(OTHER_VIP, { to: RIP })];
    wire.send(third.frame, fourth.frame);
    const now = await wire.take("the second VIP answers", isAnswer(OTHER_VIP, fourth.port));
    assert.ok(!now.some(isAnswer(VIP, third.port)));
    assert.deepEqual(host()["addresses"], ["127.0.0.1", "::1", OTHER_VIP].toSorted());
    using accepted = BpfMap.open<IpRecord, number>(join(pinDir, "eth0", "maps", "vips"));
    const vips = Array.from(accepted.keys(), ({ bytes }) => addressFromBytes(bytes));
    assert.deepEqual(vips, [OTHER_VIP], "packets to the first VIP must not be let out any more");
  });

  it("takes VIPs as a list and as several options, each once", async () => {
    const vips = ["--vip", `${VIP},${OTHER_VIP}`, "--vip", VIP];
    await succeeds(result(`${VIP}, ${OTHER_VIP}`), ...options, ...vips);
    assert.deepEqual(host()["addresses"], ["127.0.0.1", "::1", VIP, OTHER_VIP].toSorted());
  });
});

describe("--undo", () => {
  it("puts back what was there before the first of several runs", async () => {
    server.sysctl("net.ipv4.conf.all.rp_filter", 2);
    server.sysctl("net.ipv4.conf.eth0.arp_ignore", 3);
    server.ip("address", "add", `${OTHER_VIP}/32`, "dev", "lo");
    const before = host();
    await realserver("-i", "eth0", "--vip", `${VIP},${OTHER_VIP}`, "--method", "tunnel");
    await realserver("-i", "eth0", "--vip", VIP);
    await realserver("-i", "eth0", "--vip", `${VIP},${OTHER_VIP}`, "--method", "tunnel");
    await succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    assert.deepEqual(host(), before);
    server.ip("address", "delete", `${OTHER_VIP}/32`, "dev", "lo");
    server.sysctl("net.ipv4.conf.all.rp_filter", 0);
    server.sysctl("net.ipv4.conf.eth0.arp_ignore", 0);
  });

  it("has nothing to do the second time", async () => {
    await realserver("-i", "eth0", "--vip", VIP);
    await succeeds("eth0: no real server any more", "-i", "eth0", "--undo");
    await succeeds("eth0: nothing to undo", "-i", "eth0", "--undo");
  });

  it("leaves what another interface still needs, whichever came first", async () => {
    await realserver("-i", SECOND, "--vip", VIP, "--method", "tunnel");
    const alone = host();
    await realserver("-i", SECOND, "--undo");

    for (const order of [
      ["eth0", SECOND],
      [SECOND, "eth0"],
    ]) {
      for (const name of order) await realserver("-i", name, "--vip", VIP, "--method", "tunnel");
      await realserver("-i", "eth0", "--undo");
      assert.deepEqual(host(), alone, `set up in the order ${order.join(", ")}`);
      await realserver("-i", SECOND, "--undo");
      assert.deepEqual(host(), untouched, `set up in the order ${order.join(", ")}`);
    }
  });
});

describe("refused, with nothing changed", () => {
  for (const { desc, options, code, message } of [
    {
      desc: "no interface",
      options: ["--vip", VIP],
      code: 2,
      message: "give the interface: xdirector realserver -i IFACE",
    },
    {
      desc: "an interface that does not exist",
      options: ["-i", "eth9", "--vip", VIP],
      code: 1,
      message: 'no interface "eth9"',
    },
    {
      desc: "lo",
      options: ["-i", "lo", "--vip", VIP],
      code: 2,
      message: "-i lo: give the interface where packets of the director come in",
    },
    { desc: "no VIP", options: ["-i", "eth0"], code: 2, message: "give at least one VIP: --vip ADDR[,ADDR...]" },
    {
      desc: "a VIP that is no address",
      options: ["-i", "eth0", "--vip", "192.0.2"],
      code: 2,
      message: '--vip: "192.0.2" is not an address',
    },
    {
      desc: "a VIP that is no unicast address",
      options: ["-i", "eth0", "--vip", "224.0.0.1"],
      code: 2,
      message: "--vip: 224.0.0.1 is not a unicast address",
    },
    {
      desc: "a VIP that is the host's own address elsewhere",
      options: ["-i", "eth0", "--vip", RIP],
      code: 1,
      message: `${RIP} is an address of eth0: remove it there first`,
    },
    {
      desc: "an unknown method",
      options: ["-i", "eth0", "--vip", VIP, "--method", "nat"],
      code: 2,
      message: '--method: "nat" is none of direct, tunnel',
    },
    {
      desc: "an unknown type of tunnel",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel", "vxlan"],
      code: 2,
      message: '--tunnel: "vxlan" is none of ipip, gue, gre',
    },
    {
      desc: "a type of tunnel for direct routing",
      options: ["-i", "eth0", "--vip", VIP, "--tunnel", "gre"],
      code: 2,
      message: "--tunnel goes with --method tunnel",
    },
    {
      desc: "a port that is none",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel-port", "65536"],
      code: 2,
      message: '--tunnel-port: "65536" is no port from 1 to 65535',
    },
    {
      desc: "a port for tunnels that have none",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel", "gre", "--tunnel-port", "6080"],
      code: 2,
      message: "--tunnel-port goes with tunnels of type gue",
    },
    {
      desc: "VIPs together with --undo",
      options: ["-i", "eth0", "--vip", VIP, "--undo"],
      code: 2,
      message: "--undo puts everything back: it does not go with --vip",
    },
  ]) {
    it(desc, async () => {
      assert.deepEqual(await realserver(...options), { code, stdout: "", stderr: `xdirector: ${message}\n` });
      assert.deepEqual(host(), untouched);
    });
  }

  it("the record of another network namespace", async () => {
    await realserver("-i", "eth0", "--vip", VIP);
    const stateFile = join(stateDir, "realserver-eth0.json");
    const options = ["realserver", "-i", "eth0", "--undo", "--state-file", stateFile];
    assert.deepEqual(await client.exec(process.execPath, [MAIN, ...options]), {
      code: 1,
      stdout: "",
      stderr: `xdirector: ${stateFile} belongs to another network namespace: give --state-file\n`,
    });
  });

  it("pins where they would be gone with the command", async () => {
    const folder = join(sandbox.folder, "no-bpffs");
    const options = ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--pin-dir", join(folder, "pins")];
    assert.deepEqual(await realserver(...options), {
      code: 1,
      stdout: "",
      stderr: `xdirector: ${folder} is not a bpffs; mount one and give --pin-dir: mounts of this command end with it\n`,
    });
    assert.deepEqual(host(), untouched);
  });

  it("an interface on which another program runs", async () => {
    server.ip("link", "set", "dev", SECOND, "xdpdrv", "obj", fromRoot("build", "bpf", "poll.bpf.o"), "sec", "xdp");
    const before = host();
    const { code, stderr } = await realserver("-i", SECOND, "--vip", VIP, "--method", "tunnel");
    assert.equal(code, 1);
    assert.match(stderr, /^xdirector: cannot attach to eth1\.7: bpf_link_create: .+\n$/);
    assert.deepEqual(host(), before);
    server.ip("link", "set", "dev", SECOND, "xdpdrv", "off");
  });
});
