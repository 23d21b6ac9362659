// SPDX-License-Identifier: MIT
// `xdirector realserver`: the other end of direct routing and tunnelling. Options in, one line of result out.

import { parseArgs } from "node:util";
import { type Address, isUnicast, parseAddress } from "../model/address.ts";
import { TUNNEL_TYPES, type Tunnel } from "../model/service.ts";
import { type Opener, setUpRealServer, undoRealServer } from "../net/realserver/set-up.ts";
import { CommandError } from "./command-error.ts";
import { assertMachine } from "./machine.ts";

const DEFAULT_PIN_DIR = "/sys/fs/bpf/xdirector-realserver";
const DEFAULT_STATE_FILE = "/run/xdirector/realserver-IFACE.json";
const METHODS = ["direct", "tunnel"] as const;
/** IANA's. */
const DEFAULT_GUE_PORT = 6080;

const HELP = `usage: xdirector realserver -i IFACE --vip ADDR[,ADDR...] [OPTION...]
       xdirector realserver -i IFACE --undo

Makes this machine a real server: each VIP is put on lo without being answered for by ARP, and with
--method tunnel packets are taken out of their tunnel by an XDP program on the interface, either IP
version out of either; with --tunnel ipip and none but IPv4 VIPs by tunl0 where the kernel has it,
which takes IPv4 out of IPv4. Run it again with other VIPs or tunnels to change them.

  -i, --interface IFACE    where packets of the director come in
      --vip ADDR[,ADDR...] addresses of the virtual services; may be given several times
      --method METHOD      direct or tunnel (direct)
      --tunnel TYPE        the only type of tunnel that is opened: ipip, gue or gre (all of them)
      --tunnel-port PORT   UDP port that GUE comes in on (${DEFAULT_GUE_PORT})
      --undo               put back what was found before the first run
      --pin-dir DIR        where the XDP program is pinned, on a bpffs (${DEFAULT_PIN_DIR})
      --state-file FILE    what was found (${DEFAULT_STATE_FILE})
  -h, --help               print this
`;

export async function runRealserver(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      interface: { type: "string", short: "i" },
      vip: { type: "string", multiple: true, default: [] },
      method: { type: "string", default: "direct" },
      tunnel: { type: "string" },
      "tunnel-port": { type: "string" },
      undo: { type: "boolean", default: false },
      "pin-dir": { type: "string", default: DEFAULT_PIN_DIR },
      "state-file": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const name = values.interface;
  if (!name) throw new CommandError("give the interface: xdirector realserver -i IFACE");
  if (name === "lo") throw new CommandError("-i lo: give the interface where packets of the director come in");
  const stateFile = values["state-file"] ?? DEFAULT_STATE_FILE.replace("IFACE", name);
  if (values.undo) {
    if (values.vip.length > 0) throw new CommandError("--undo puts everything back: it does not go with --vip");
    undo(name, stateFile);
    return 0;
  }
  const method = parseMethod(values.method);
  const tunnels = parseTunnels(values.tunnel, method);
  const guePort = parseGuePort(values["tunnel-port"], tunnels);
  const vips = parseVips(values.vip);
  assertMachine();
  const pinDir = values["pin-dir"];
  const opener = setUpRealServer({ interface: name, vips, method, tunnels, guePort, pinDir, stateFile });
  process.stdout.write(`${name}: real server for ${vips.join(", ")} (${describe(opener)})\n`);
  return 0;
}

function undo(name: string, stateFile: string): void {
  assertMachine();
  const undone = undoRealServer(stateFile);
  process.stdout.write(undone ? `${name}: no real server any more\n` : `${name}: nothing to undo\n`);
}

function parseMethod(text: string): (typeof METHODS)[number] {
  const method = METHODS.find((candidate) => candidate === text);
  if (!method) throw new CommandError(`--method: "${text}" is none of ${METHODS.join(", ")}`);
  return method;
}

/** None for direct routing. */
function parseTunnels(text: string | undefined, method: (typeof METHODS)[number]): readonly Tunnel["type"][] {
  if (method !== "tunnel") {
    if (text !== undefined) throw new CommandError("--tunnel goes with --method tunnel");
    return [];
  }
  if (text === undefined) return TUNNEL_TYPES;
  const type = TUNNEL_TYPES.find((candidate) => candidate === text);
  if (!type) throw new CommandError(`--tunnel: "${text}" is none of ${TUNNEL_TYPES.join(", ")}`);
  return [type];
}

function parseGuePort(text: string | undefined, tunnels: readonly Tunnel["type"][]): number {
  if (text === undefined) return DEFAULT_GUE_PORT;
  if (!tunnels.includes("gue")) throw new CommandError("--tunnel-port goes with tunnels of type gue");
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new CommandError(`--tunnel-port: "${text}" is no port from 1 to 65535`);
  return port;
}

function parseVips(lists: readonly string[]): Address[] {
  const vips = lists.flatMap((list) => list.split(",")).map((text) => parseVip(text.trim()));
  if (vips.length === 0) throw new CommandError("give at least one VIP: --vip ADDR[,ADDR...]");
  return [...new Set(vips)];
}

function parseVip(text: string): Address {
  const vip = parseAddress(text);
  if (!vip) throw new CommandError(`--vip: "${text}" is not an address`);
  if (!isUnicast(vip)) throw new CommandError(`--vip: ${vip} is not a unicast address`);
  return vip;
}

function describe(opener: Opener | undefined): string {
  if (!opener) return "direct routing";
  return "device" in opener ? `tunnels end in ${opener.device}` : `tunnels end in XDP, ${opener.program} mode`;
}
