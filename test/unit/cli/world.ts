// SPDX-License-Identifier: MIT
// A world for xvsadm without network, files and daemon.

import type { ApiClient } from "../../../src/cli/client.ts";
import type { Outcome } from "../../../src/cli/ipvsadm/intent.ts";
import { parsePortNames } from "../../../src/cli/ipvsadm/port-names.ts";
import { runIpvsadm, type World } from "../../../src/cli/ipvsadm/run.ts";
import type { Address } from "../../../src/model/address.ts";

export const SERVICES_FILE = `
# Network services, Internet style
http		80/tcp		www		# WorldWideWeb HTTP
https		443/tcp
domain		53/tcp
domain		53/udp
snmp		161/tcp
snmp		161/udp
snmp-trap	162/tcp		snmptrap
snmp-trap	162/udp		snmptrap
snpp		444/tcp
microsoft-ds	445/tcp
sip		5060/udp
sip-tls		5061/udp
http-alt	8080/tcp	webcache
`;

/** IPv4 and IPv6 addresses by name, as /etc/hosts would have them. */
const HOSTS: Readonly<Record<string, string>> = {
  localhost: "127.0.0.1",
  "six.example": "2001:db8::6",
  "a-very-long-host-name.of.some.example.company.example": "10.9.9.9",
  "long6-very-long-host-name.of.some.example.company.example.org": "2001:db8::1",
  abcdefghijklmnopqrst: "10.9.9.8",
};

/** The end of a command; all that went to standard output is in `stdout`. */
export async function answer(argv: readonly string[], world: TestWorld): Promise<Outcome> {
  const outcome = await runIpvsadm(argv, world);
  return { ...outcome, stdout: world.printed.splice(0).join("") + outcome.stdout };
}

export type TestWorld = World & { readonly printed: string[] };

/** A world with `input` on standard input; what is printed to it is kept. */
export function makeWorld(api: ApiClient, input = ""): TestWorld {
  const printed: string[] = [];
  return {
    printed,
    input: async () => input,
    notice: () => undefined,
    print: async (text) => void printed.push(typeof text === "string" ? text : Buffer.from(text).toString()),
    program: "ipvsadm",
    api,
    portNames: parsePortNames(SERVICES_FILE),
    hostNames: {
      addressOf: async (name) => {
        const address = HOSTS[name];
        return address?.includes(":") ? undefined : (address as Address | undefined);
      },
      nameOf: async (address) => Object.keys(HOSTS).find((name) => HOSTS[name] === address) ?? address,
    },
  };
}
