// SPDX-License-Identifier: MIT
// `xdirector realserver`: the other end of direct routing and tunnelling. Options in, one line of result out.

import { parseArgs } from "node:util";
import { type Address, familyOf, isUnicast, parseAddress } from "../model/address.ts";
import { type Opener, setUpRealServer, undoRealServer } from "../net/realserver/set-up.ts";
import { CommandError } from "./command-error.ts";
import { assertMachine } from "./machine.ts";

const DEFAULT_PIN_DIR = "/sys/fs/bpf/xdirector-realserver";
const DEFAULT_STATE_FILE = "/run/xdirector/realserver-IFACE.json";
const METHODS = ["direct", "tunnel"] as const;

const HELP = `usage: xdirector realserver -i IFACE --vip ADDR[,ADDR...] [OPTION...]
       xdirector realserver -i IFACE --undo

Makes this machine a real server: each VIP is put on lo without being answered for by ARP, and with
--method tunnel packets are taken out of their IPIP tunnel: by tunl0 where the kernel has ipip, by an
XDP program on the interface otherwise. Run it again with other VIPs to change them.

  -i, --interface IFACE    where packets of the director come in
      --vip ADDR[,ADDR...] addresses of the virtual services; may be given several times
      --method METHOD      direct or tunnel (direct)
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
    assertMachine();
    const undone = undoRealServer(stateFile);
    process.stdout.write(undone ? `${name}: no real server any more\n` : `${name}: nothing to undo\n`);
    return 0;
  }
  const method = parseMethod(values.method);
  const vips = parseVips(values.vip, method);
  assertMachine();
  const opener = setUpRealServer({ interface: name, vips, method, pinDir: values["pin-dir"], stateFile });
  process.stdout.write(`${name}: real server for ${vips.join(", ")} (${describe(opener)})\n`);
  return 0;
}

function parseMethod(text: string): (typeof METHODS)[number] {
  const method = METHODS.find((candidate) => candidate === text);
  if (!method) throw new CommandError(`--method: "${text}" is none of ${METHODS.join(", ")}`);
  return method;
}

function parseVips(lists: readonly string[], method: (typeof METHODS)[number]): Address[] {
  const vips = lists.flatMap((list) => list.split(",")).map((text) => parseVip(text.trim()));
  if (vips.length === 0) throw new CommandError("give at least one VIP: --vip ADDR[,ADDR...]");
  const ipv6 = vips.find((vip) => familyOf(vip) === "ipv6");
  if (method === "tunnel" && ipv6) throw new CommandError(`--vip ${ipv6}: tunnelling over ipv6 is not available yet`);
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
