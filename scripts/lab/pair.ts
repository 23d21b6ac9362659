// SPDX-License-Identifier: MIT
// The two-armed pair of the LVS tutorials: two directors that share a virtual address outside and the real servers'
// gateway inside, by VRRP, each run with an ordinary keepalived.conf.
//
//   client --- 10.87.0.0/24 ---+--- d1 ---+--- 172.29.0.0/24 --- rs1, rs2
//                  .100 (VIP)  +--- d2 ---+    .254 (gateway)

import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "../../test/support/daemon.ts";
import { acceptTransmitted, type Netns, type Sandbox } from "../../test/support/netns.ts";
import { until } from "../../test/support/until.ts";
import type { RealServerHost } from "./topology.ts";
import { startWebServer, writeSite } from "./web.ts";

export const PAIR_VIP = "10.87.0.100";
const GATEWAY = "172.29.0.254";
const ARMS = ["eth0", "eth1"] as const;

export interface PairDirector {
  readonly name: string;
  readonly namespace: Netns;
  readonly config: string;
  readonly daemon: Daemon;
}

export interface Pair {
  readonly client: Netns;
  /** The first has the higher priority. */
  readonly directors: readonly [PairDirector, PairDirector];
  readonly realServers: readonly RealServerHost[];
  /** What must go on running, by name. */
  readonly processes: Map<string, ChildProcess>;
  readonly root: string;
}

/** Resolves when both directors run and the first one has the addresses. */
export async function startPair(sandbox: Sandbox): Promise<Pair> {
  const client = sandbox.namespace("client");
  const namespaces = ["d1", "d2"].map((name) => sandbox.namespace(name)) as [Netns, Netns];
  const realServers = [1, 2].map((number) => ({
    name: `rs${number}`,
    rip: `172.29.0.${10 + number}`,
    namespace: sandbox.namespace(`rs${number}`),
  }));
  sandbox.segment([
    { namespace: client, interface: "eth0", addresses: ["10.87.0.9/24"] },
    ...namespaces.map((namespace, index) => port(namespace, ARMS[0], `10.87.0.${index + 1}/24`)),
  ]);
  sandbox.segment([
    ...namespaces.map((namespace, index) => port(namespace, ARMS[1], `172.29.0.${index + 1}/24`)),
    ...realServers.map(({ namespace, rip }) => port(namespace, "eth0", `${rip}/24`)),
  ]);
  acceptTransmitted(client, "eth0");
  const root = writeSite(sandbox.folder);
  const processes = new Map<string, ChildProcess>();
  for (const host of realServers) {
    host.namespace.ip("route", "add", "default", "via", GATEWAY);
    processes.set(`nginx of ${host.name}`, await startWebServer(host, root, sandbox.folder));
  }
  const directors = [await startDirector(sandbox, namespaces, 0), await startDirector(sandbox, namespaces, 1)] as const;
  for (const { name, daemon } of directors) processes.set(`director ${name}`, daemon.process);
  const pair = { client, directors, realServers, processes, root };
  await until("the first director has the addresses", async () => (await masterOf(pair)) === directors[0]);
  return pair;
}

/** The director that says it is master of both sides; undefined while none or both do. */
export async function masterOf({ directors }: Pick<Pair, "directors">): Promise<PairDirector | undefined> {
  const masters: PairDirector[] = [];
  for (const director of directors) {
    if (director.daemon.process.exitCode === null && (await isMaster(director))) masters.push(director);
  }
  return masters.length === 1 ? masters[0] : undefined;
}

/** As if its power failed: no farewell to the other director, and no packet any more. */
export async function pullThePlug({ namespace, daemon }: PairDirector): Promise<void> {
  daemon.process.kill("SIGKILL");
  for (const file of ["vrrp.pid", "vrrp.vrrp.pid"]) {
    const pid = await readFile(join(daemon.place.folder, "state", "vrrp", file), "utf8");
    process.kill(Number(pid), "SIGSTOP");
  }
  for (const name of ARMS) namespace.ip("link", "set", name, "down");
}

interface VrrpDocument {
  readonly instances: readonly { readonly kind: string; readonly state: string }[];
}

async function isMaster({ daemon }: PairDirector): Promise<boolean> {
  const answer = await daemon.request("GET", "/v1/vrrp").catch(() => undefined);
  const instances = (answer?.body as VrrpDocument | undefined)?.instances ?? [];
  const single = instances.filter(({ kind }) => kind === "instance");
  return single.length === ARMS.length && single.every(({ state }) => state === "MASTER");
}

function port(namespace: Netns, name: string, address: string) {
  return { namespace, interface: name, addresses: [address] };
}

async function startDirector(sandbox: Sandbox, namespaces: readonly Netns[], index: 0 | 1): Promise<PairDirector> {
  const namespace = namespaces[index] as Netns;
  const name = `d${index + 1}`;
  namespace.sysctl("net.ipv4.ip_forward", 1);
  const folder = join(sandbox.folder, name);
  mkdirSync(folder);
  const config = join(folder, "keepalived.conf");
  writeFileSync(config, keepalivedConf(name, index === 0 ? "MASTER" : "BACKUP", index === 0 ? 150 : 100));
  const pinDir = join(sandbox.bpffs(`bpf-${name}`), "xdirector");
  const daemon = await Daemon.start({ namespace, folder, pinDir, interfaces: ARMS }, ["--config", config]);
  return { name, namespace, config, daemon };
}

/** Word for word what the tutorials have. */
function keepalivedConf(routerId: string, state: "MASTER" | "BACKUP", priority: number): string {
  const instance = (name: string, device: string, id: number, address: string) => `
vrrp_instance ${name} {
    state ${state}
    interface ${device}
    virtual_router_id ${id}
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${address}
    }
}
`;
  const server = (rip: string) => `
    real_server ${rip} 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 1
        }
    }`;
  return `! Configuration File for keepalived

global_defs {
    router_id ${routerId}
}

vrrp_sync_group VG1 {
    group {
        VI_1
        VI_GATEWAY
    }
}
${instance("VI_1", "eth0", 51, `${PAIR_VIP}/24`)}${instance("VI_GATEWAY", "eth1", 52, `${GATEWAY}/24`)}
virtual_server ${PAIR_VIP} 80 {
    delay_loop 1
    lb_algo rr
    lb_kind NAT
    protocol TCP
${server("172.29.0.11")}
${server("172.29.0.12")}
}
`;
}
