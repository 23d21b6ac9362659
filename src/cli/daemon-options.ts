// SPDX-License-Identifier: MIT
// The options of `xdirector run`, and the defaults that other verbs share. No I/O here.

import { parseArgs } from "node:util";
import { CommandError } from "./command-error.ts";
import { DEFAULT_SOCKET } from "./socket.ts";

export const DEFAULT_PIN_DIR = "/sys/fs/bpf/xdirector";
const DEFAULT_STATE_DIR = "/var/lib/xdirector";

/** Forty bits of table would be 5 TB; this is the most that slot numbers of 32 bits allow. */
const MAX_FLOWS_LIMIT = 2 ** 31;

const XDP_MODES = ["auto", "native", "generic"] as const;
const ON_STOP = ["keep", "detach"] as const;

export interface DaemonOptions {
  readonly interfaces: readonly string[];
  readonly config: string | undefined;
  readonly configId: string | undefined;
  readonly watch: boolean;
  readonly resume: boolean;
  readonly socket: string;
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly stateDir: string;
  readonly pinDir: string;
  readonly xdpMode: (typeof XDP_MODES)[number];
  /** undefined: as many as the pinned table holds, or the default of a new one. */
  readonly maxFlows: number | undefined;
  readonly onStop: (typeof ON_STOP)[number];
  readonly fresh: boolean;
}

export const DAEMON_HELP = `usage: xdirector run -i IFACE [OPTION...]

  -i, --interface IFACE    attach to this interface; may be given several times
      --config FILE        desired state, a keepalived.conf, or YAML or JSON of PUT /v1/config; re-read on SIGHUP
      --config-id ID       what @ID lines of a keepalived.conf are for (the host name up to its first dot)
      --watch              read the file again whenever it or a file it includes changes
      --resume             prefer the saved state to --config
      --socket PATH        unix socket of the API (${DEFAULT_SOCKET})
      --listen ADDR:PORT   serve the API and /metrics over TCP too (off)
      --state-dir DIR      where the desired state is saved (${DEFAULT_STATE_DIR})
      --pin-dir DIR        where the data plane is pinned, on a bpffs (${DEFAULT_PIN_DIR})
      --xdp-mode MODE      auto, native or generic (auto: native where the driver can)
      --max-flows N        size of the flow table (1048576; 128 bytes each)
      --on-stop WHAT       keep: the data plane goes on after the daemon; detach: it ends too (keep)
      --fresh              forget what is pinned: flows, counters and attachments
  -h, --help               print this
`;

/** @throws CommandError naming the option; "help" when that was asked for */
export function parseDaemonOptions(argv: string[]): DaemonOptions | "help" {
  const { values } = parseArgs({
    args: argv,
    options: {
      interface: { type: "string", short: "i", multiple: true },
      config: { type: "string" },
      "config-id": { type: "string" },
      watch: { type: "boolean", default: false },
      resume: { type: "boolean", default: false },
      socket: { type: "string", default: DEFAULT_SOCKET },
      listen: { type: "string" },
      "state-dir": { type: "string", default: DEFAULT_STATE_DIR },
      "pin-dir": { type: "string", default: DEFAULT_PIN_DIR },
      "xdp-mode": { type: "string", default: "auto" },
      "max-flows": { type: "string" },
      "on-stop": { type: "string", default: "keep" },
      fresh: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const interfaces = [...new Set(values.interface)];
  if (values.watch && values.config === undefined) throw new CommandError("--watch: there is no --config to watch");
  if (interfaces.length === 0) throw new CommandError("give at least one interface: xdirector run -i IFACE");
  return {
    interfaces,
    config: values.config,
    configId: values["config-id"],
    watch: values.watch,
    resume: values.resume,
    socket: values.socket,
    listen: values.listen === undefined ? undefined : parseListen(values.listen),
    stateDir: values["state-dir"],
    pinDir: values["pin-dir"],
    xdpMode: oneOf("--xdp-mode", XDP_MODES, values["xdp-mode"]),
    maxFlows: values["max-flows"] === undefined ? undefined : parseMaxFlows(values["max-flows"]),
    onStop: oneOf("--on-stop", ON_STOP, values["on-stop"]),
    fresh: values.fresh,
  };
}

function oneOf<const T extends string>(option: string, choices: readonly T[], text: string): T {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new CommandError(`${option}: "${text}" is none of ${choices.join(", ")}`);
  return choice;
}

function parseMaxFlows(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= MAX_FLOWS_LIMIT) return number;
  throw new CommandError(`--max-flows: "${text}" is not a number from 1 to ${MAX_FLOWS_LIMIT}`);
}

function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) throw new CommandError(`--listen: "${text}" is not ADDRESS:PORT`);
  return { host: bracketed ?? (plain || "::"), port };
}
