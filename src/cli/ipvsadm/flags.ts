// SPDX-License-Identifier: MIT
// The one table of ipvsadm 1.31's flags, section by section in the order of its help text. Parser, legality check
// and help read it. Data only.

import { isMulticast, parseAddress } from "../../model/address.ts";
import { TIMEOUT_MAX } from "../../model/settings.ts";
import { USAGE } from "./errors.ts";
import { type Command, isCommand, isOption, type Option } from "./legality.ts";
import { integer, oneOf, type ValueCheck } from "./values.ts";

export interface Flag {
  readonly long?: string;
  /** One letter, or several that mean the same: "L|l". */
  readonly short?: string;
  /** Placeholder of its value, in brackets when the value may be missing. */
  readonly takes?: string;
  readonly check?: ValueCheck;
  /** The command or option that it counts as, where that is not named like `long`. */
  readonly means?: Command | Option;
  /** Its line in the help; a flag without it is not shown there. */
  readonly text?: string;
}

const INT32_MAX = 2 ** 31 - 1;
const UINT32_MAX = 2 ** 32 - 1;

const WEIGHT = integer(0, INT32_MAX, "illegal weight specified");
const U_THRESHOLD = integer(0, INT32_MAX, "illegal u_threshold specified");
const L_THRESHOLD = integer(0, INT32_MAX, "illegal l_threshold specified");
const TIMEOUT = integer(1, TIMEOUT_MAX, USAGE.badTimeout);
const MARK = integer(1, UINT32_MAX, USAGE.badMark);
const TUNNEL_TYPE = oneOf(["ipip", "gue", "gre"], "illegal tunnel type specified");
const TUNNEL_PORT = integer(1, 65_535, "illegal tunnel port specified");
const START_ROLE = oneOf(["master", "backup"], "illegal start-daemon parameter specified");
const STOP_ROLE = oneOf(["master", "backup"], "illegal start_daemon specified");
const SYNC_ID = integer(0, 255, "illegal syncid specified");
const SYNC_LENGTH = integer(1, 65_507, "illegal sync-maxlen specified");
const MULTICAST_GROUP: ValueCheck = (text) => {
  const address = parseAddress(text);
  if (address !== undefined && isMulticast(address)) return undefined;
  return `invalid ${text.includes(":") ? "IPv6" : "IPv4"} mcast-group \`${text}'`;
};
const MULTICAST_PORT = integer(1, 65_535, "illegal mcast-port specified");
const MULTICAST_TTL = integer(1, 255, "illegal mcast-ttl specified");

export const COMMAND_FLAGS: readonly Flag[] = [
  { long: "add-service", short: "A", text: "add virtual service with options" },
  { long: "edit-service", short: "E", text: "edit virtual service with options" },
  { long: "delete-service", short: "D", text: "delete virtual service" },
  { long: "clear", short: "C", means: "flush", text: "clear the whole table" },
  { long: "restore", short: "R", text: "restore rules from stdin" },
  { long: "save", short: "S", text: "save rules to stdout" },
  { long: "add-server", short: "a", text: "add real server with options" },
  { long: "edit-server", short: "e", text: "edit real server with options" },
  { long: "delete-server", short: "d", text: "delete real server" },
  { long: "list", short: "L|l", text: "list the table" },
  { long: "zero", short: "Z", text: "zero counters in a service or all services" },
  { long: "set", text: "set connection timeout values" },
  { long: "start-daemon", takes: "role", check: START_ROLE, text: "start connection sync daemon" },
  { long: "stop-daemon", takes: "role", check: STOP_ROLE, text: "stop connection sync daemon" },
  { long: "help", short: "h", text: "display this help message" },
  { long: "version", short: "v" },
];

const SERVICE = { takes: "service-address", means: "service-address", text: "service-address is host[:port]" } as const;
const MARK_TEXT = "fwmark is an integer greater than zero";

export const SERVICE_FLAGS: readonly Flag[] = [
  { long: "tcp-service", short: "t", ...SERVICE },
  { long: "udp-service", short: "u", ...SERVICE },
  { long: "sctp-service", ...SERVICE },
  { long: "fwmark-service", short: "f", takes: "fwmark", check: MARK, means: "service-address", text: MARK_TEXT },
];

const SCHEDULERS = "one of rr|wrr|lc|wlc|lblc|lblcr|dh|sh|sed|nq|fo|ovf|mh,\nthe default scheduler is wlc.";
const ENGINES = "alternate persistence engine may be sip,\nnot set by default.";
const TUNNEL_TYPES = "one of ipip|gue|gre,\nthe default tunnel type is ipip.";
const METHOD = "forwarding-method";

export const OPTION_FLAGS: readonly Flag[] = [
  { long: "ipv6", short: "6", text: "fwmark entry uses IPv6" },
  { long: "scheduler", short: "s", takes: "scheduler", text: SCHEDULERS },
  { long: "pe", takes: "engine", text: ENGINES },
  { long: "persistent", short: "p", takes: "[timeout]", check: TIMEOUT, text: "persistent service" },
  { long: "netmask", short: "M", takes: "netmask", text: "persistent granularity mask" },
  { long: "real-server", short: "r", takes: "server-address", text: "server-address is host (and port)" },
  { long: "gatewaying", short: "g", means: METHOD, text: "gatewaying (direct routing) (default)" },
  { long: "ipip", short: "i", means: METHOD, text: "ipip encapsulation (tunneling)" },
  { long: "masquerading", short: "m", means: METHOD, text: "masquerading (NAT)" },
  { long: "tun-type", takes: "type", check: TUNNEL_TYPE, text: TUNNEL_TYPES },
  { long: "tun-port", takes: "port", check: TUNNEL_PORT, text: "tunnel destination port" },
  { long: "tun-nocsum", text: "tunnel encapsulation without checksum" },
  { long: "tun-csum", text: "tunnel encapsulation with checksum" },
  { long: "tun-remcsum", text: "tunnel encapsulation with remote checksum" },
  { long: "weight", short: "w", takes: "weight", check: WEIGHT, text: "capacity of real server" },
  { long: "u-threshold", short: "x", takes: "uthreshold", check: U_THRESHOLD, text: "upper threshold of connections" },
  { long: "l-threshold", short: "y", takes: "lthreshold", check: L_THRESHOLD, text: "lower threshold of connections" },
  { long: "connection", short: "c", text: "output of current IPVS connections" },
  { long: "timeout", text: "output of timeout (tcp tcpfin udp)" },
  { long: "daemon", text: "output of daemon information" },
  { long: "stats", text: "output of statistics information" },
  { long: "rate", text: "output of rate information" },
  { long: "exact", text: "expand numbers (display exact values)" },
  { short: "X", means: "exact" },
  { long: "thresholds", text: "output of thresholds information" },
  { long: "persistent-conn", text: "output of persistent connection info" },
  { long: "tun-info", text: "output of tunnel information" },
  { long: "nosort", text: "disable sorting output of service/server entries" },
  { long: "sort", text: "does nothing, for backwards compatibility" },
  { long: "ops", short: "o", text: "one-packet scheduling" },
  { long: "numeric", short: "n", text: "numeric output of addresses and ports" },
  { long: "sched-flags", short: "b", takes: "flags", text: "scheduler flags (comma-separated)" },
];

/** What ipvsadm does not have; its help text stays what it was. */
export const OWN_FLAGS: readonly Flag[] = [{ long: "lenient", text: "with -R: line by line, as ipvsadm does" }];

export const DAEMON_FLAGS: readonly Flag[] = [
  { long: "syncid", takes: "sid", check: SYNC_ID, text: "syncid for connection sync (default=255)" },
  { long: "sync-maxlen", takes: "length", check: SYNC_LENGTH, text: "Max sync message length (default=1472)" },
  { long: "mcast-interface", takes: "interface", text: "multicast interface for connection sync" },
  { long: "mcast-group", takes: "address", check: MULTICAST_GROUP, text: "IPv4/IPv6 group (default=224.0.0.81)" },
  { long: "mcast-port", takes: "port", check: MULTICAST_PORT, text: "UDP port (default=8848)" },
  { long: "mcast-ttl", takes: "ttl", check: MULTICAST_TTL, text: "Multicast TTL (default=1)" },
];

export const FLAGS: readonly Flag[] = [
  ...COMMAND_FLAGS,
  ...SERVICE_FLAGS,
  ...OPTION_FLAGS,
  ...DAEMON_FLAGS,
  ...OWN_FLAGS,
];

const LONG = new Map(FLAGS.flatMap((flag) => (flag.long === undefined ? [] : [[flag.long, flag] as const])));
const SHORT = new Map(FLAGS.flatMap((flag) => flag.short?.split("|").map((letter) => [letter, flag] as const) ?? []));

export function findLong(name: string): Flag | undefined {
  return LONG.get(name);
}

export function findShort(letter: string): Flag | undefined {
  return SHORT.get(letter);
}

export function commandOf(flag: Flag): Command | undefined {
  const name = flag.means ?? flag.long;
  return isCommand(name) ? name : undefined;
}

/** The option that may be given only once, or undefined for flags that may be repeated. */
export function optionOf(flag: Flag): Option | undefined {
  const name = flag.means ?? flag.long;
  return isOption(name) ? name : undefined;
}
