// SPDX-License-Identifier: MIT
// `xdirector run`: puts the parts together, starts them in order, ends them in the opposite one.

import { join } from "node:path";
import { buildApp } from "../api/app.ts";
import { claimSocketPath, listen } from "../api/listen.ts";
import { StateFile } from "../config/state-file.ts";
import { openKernelDataplane } from "../dataplane/open.ts";
import { Pins } from "../dataplane/pins.ts";
import { ProbePath } from "../dataplane/probe-path.ts";
import { Director } from "../director.ts";
import { Keepalived } from "../ha/keepalived.ts";
import { CheckThread } from "../health/check-thread.ts";
import { Health } from "../health/health.ts";
import { goFirst } from "../health/priority.ts";
import { VerdictFile } from "../health/verdict-file.ts";
import type { Address } from "../model/address.ts";
import { type DesiredState, endpoint } from "../model/service.ts";
import { AddressOwner, releaseAddresses } from "../net/address-owner.ts";
import { NextHopWatcher } from "../net/next-hops.ts";
import { BaselineFile } from "../stats/baseline-file.ts";
import { ConfigSource } from "./config-source.ts";
import { DAEMON_HELP, type DaemonOptions, parseDaemonOptions } from "./daemon-options.ts";
import { initialState } from "./initial-state.ts";
import { InterfaceFollower } from "./interface-follower.ts";
import { assertMachine } from "./machine.ts";
import { version } from "./version.ts";

export async function runDaemon(argv: string[]): Promise<number> {
  const options = parseDaemonOptions(argv);
  if (options === "help") {
    process.stdout.write(DAEMON_HELP);
    return 0;
  }
  const onHangUp = hangUps();
  assertMachine();
  await claimSocketPath(options.socket);
  const stateFile = new StateFile(options.stateDir);
  const source = configSource(options);
  const desired = await initialState({ source, resumes: options.resume, saved: stateFile });
  const pins = new Pins(options.pinDir);
  const adopts = pins.exist() && !options.fresh;
  const closers: Closer[] = [];
  try {
    await start({ options, source, stateFile, desired, onHangUp, closers });
  } catch (error) {
    await closeAll(closers);
    if (!adopts) removeAll(pins);
    throw error;
  }
  await closeAll(closers);
  if (options.onStop === "detach") removeAll(pins);
  else report(`stopped; the data plane goes on (pinned at ${options.pinDir})`);
  return 0;
}

/** No packet comes to a VIP any more when nobody forwards it. */
function removeAll(pins: Pins): void {
  releaseAddresses();
  pins.removeAll();
}

type Closer = () => Promise<void>;

interface Start {
  readonly options: DaemonOptions;
  readonly source: ConfigSource | undefined;
  readonly stateFile: StateFile;
  readonly desired: DesiredState;
  readonly onHangUp: ReturnType<typeof hangUps>;
  /** Filled as parts start; to be called in the opposite order. */
  readonly closers: Closer[];
}

/** Who decides what packets find, and who tells it what it goes by. */
interface Running {
  readonly director: Director;
  readonly health: Health;
  readonly vrrp: Keepalived;
}

/** Resolves when the daemon is told to stop. */
async function start(begun: Start): Promise<void> {
  const stopped = stopSignal();
  const running = await startDirector(begun);
  const address = await serve(running, begun);
  const { options, source, onHangUp, closers } = begun;
  const reload = reloading(source, options, running.director);
  onHangUp(reload);
  if (options.watch) source?.watch(reload);
  closers.push(async () => source?.close());
  report(`ready: API on ${address}`);
  await stopped;
}

/** When it resolves, packets are served as desired. */
async function startDirector({ options, stateFile, desired, closers }: Start): Promise<Running> {
  const port = openKernelDataplane(options);
  closers.push(() => port.close());
  for (const { name, mode } of port.status().attachments) report(`attached to ${name} (${mode} XDP)`);

  const nextHops = new NextHopWatcher({
    onChange: () => void director.refresh(),
    onTables: () => tellTables(),
    onError: (error) => report(`network: ${(error as Error).message}`),
  });
  const verdicts = new VerdictFile(options.stateDir);
  const wasDown = await verdicts.load();
  const addresses = new AddressOwner({ interface: options.interfaces[0] as string, report });
  closers.push(async () => addresses.close());
  const probes = new ProbePath(() => port.status().attachments.map(({ ifindex }) => ifindex));
  closers.push(async () => probes.close());
  const passageTo: ProbePath["passageTo"] = (target) => probes.passageTo(target);
  goFirst();
  const checks = new CheckThread(report);
  closers.push(async () => checks.close());
  const health = new Health({
    report,
    onChange: () => void director.refresh(),
    verdicts,
    wasDown,
    passageTo,
    perform: (job, signal) => checks.perform(job, signal),
    forgetFiles: () => checks.forgetFiles(),
  });
  const vrrp = new Keepalived({ folder: join(options.stateDir, "vrrp"), report });
  const director = new Director({
    port,
    nextHops,
    store: stateFile,
    health,
    probes,
    addresses,
    baselines: new BaselineFile(options.stateDir),
    onDesired: (desired) => void vrrp.follow(desired),
    report,
  });
  const interfaces = new InterfaceFollower({ port, report, onAttached: () => void director.refresh() });
  closers.push(async () => interfaces.close());
  closers.push(async () => nextHops.close());
  const tellTables = () => {
    const { vlans, macs } = nextHops.links();
    port.forgetReplyRoutes(vlans);
    port.putOwnMacs(macs);
    addresses.check();
    interfaces.check();
  };
  nextHops.start();
  tellTables();
  closers.push(() => director.stop());
  closers.push(() => health.stop());
  // The first to go: addresses move to the other director while this one still forwards.
  closers.push(() => vrrp.stop());
  await director.start(desired);
  return { director, health, vrrp };
}

/** Where the API is, for people. */
async function serve(running: Running, { options, closers }: Start): Promise<string> {
  const app = buildApp({ ...running, version: version() });
  const tcp = await listen(app, { socketPath: options.socket, ...(options.listen && { tcp: options.listen }) });
  closers.push(() => app.close());
  return `${options.socket}${tcp ? ` and http://${endpoint(tcp.address as Address, tcp.port)}` : ""}`;
}

async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) await close();
}

function configSource({ config, configId }: DaemonOptions): ConfigSource | undefined {
  return config === undefined ? undefined : new ConfigSource({ path: config, configId, report });
}

function reloading(source: ConfigSource | undefined, { config }: DaemonOptions, director: Director): () => void {
  return () => {
    if (source)
      void source.reload((edit) => director.change(edit, { by: config ?? "", how: "the file was read again" }));
    else report("SIGHUP ignored: there is no --config to read again");
  };
}

/** Listens from the first moment on: a hang-up during start-up would end the process; it is heeded behind it. */
function hangUps(): (heed: () => void) => void {
  let isWaiting = false;
  let onSignal = () => {
    isWaiting = true;
  };
  process.on("SIGHUP", () => onSignal());
  return (heed) => {
    onSignal = heed;
    if (isWaiting) heed();
  };
}

/** Listens from the first moment on: a signal during start-up must not leave things half done. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

/** To stderr, which the service manager keeps with a time stamp. */
function report(message: string): void {
  process.stderr.write(`xdirector: ${message}\n`);
}
