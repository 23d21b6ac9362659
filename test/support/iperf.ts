// SPDX-License-Identifier: MIT
// iperf3 between namespaces, and what its receiver says.

import type { Netns } from "./netns.ts";
import { until } from "./until.ts";

export const IPERF_PORT = 5201;

/** A guard against a transfer that stands still. */
const GUARD_SECONDS = "60";
const STREAM_BYTES = 6_000_000;
/** Little of a stream is under way at a time: the receiver does not count what comes after the sender's last word. */
const WINDOW = "200K";
/** Fits every tunnel on a link of 1,500 bytes, so that no datagram comes in fragments. */
const DATAGRAM_BYTES = 1200;
/** Less than a socket holds: a receiver that others keep waiting loses none. */
const DATAGRAMS = 80;

/** One for each address: iperf3 sends its datagrams as whom the kernel likes otherwise. @returns once all listen */
export async function startIperf(namespace: Netns, addresses: readonly string[]): Promise<void> {
  const port = String(IPERF_PORT);
  for (const address of addresses) {
    namespace.spawn("iperf3", ["--server", "--port", port, "--bind", address], { stdio: "ignore" });
  }
  const sockets = ["-H", "-l", "-t", "-n", "sport", "=", port];
  await until("iperf3 listens", async () => {
    const { stdout } = await namespace.exec("ss", sockets);
    return stdout.trim().split("\n").length === addresses.length;
  });
}

/** @returns what part of a stream arrived: 1 or a little less */
export async function stream(client: Netns, host: string, direction: "upload" | "download"): Promise<number> {
  const reverse = direction === "download" ? ["--reverse"] : [];
  const { sum_received } = await iperf(client, host, STREAM_BYTES, ["--window", WINDOW, ...reverse]);
  return (sum_received?.bytes ?? 0) / STREAM_BYTES;
}

/** Sends datagrams that all fit their receiver's socket. @returns how many of them arrived, as a part of 1 */
export async function datagrams(client: Netns, host: string): Promise<number> {
  const args = ["--udp", "--length", String(DATAGRAM_BYTES), "--bitrate", "20M"];
  const { sum } = await iperf(client, host, DATAGRAMS * DATAGRAM_BYTES, args);
  return sum ? (sum.packets - sum.lost_packets) / DATAGRAMS : 0;
}

interface Report {
  readonly error?: string;
  readonly end: {
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly packets: number; readonly lost_packets: number };
  };
}

/** What a server says that has not come to its last client's end yet. */
const IS_BUSY = /server is busy/;

/** @throws Error with what iperf3 says */
async function iperf(client: Netns, host: string, bytes: number, args: readonly string[]): Promise<Report["end"]> {
  const common = ["--client", host, "--port", String(IPERF_PORT), "--bytes", String(bytes), "--json"];
  let report: Report | undefined;
  await until("iperf3's server is free", async () => {
    const { stdout } = await client.exec("timeout", [GUARD_SECONDS, "iperf3", ...common, ...args]);
    report = JSON.parse(stdout) as Report;
    return !IS_BUSY.test(report.error ?? "");
  });
  if (!report || report.error !== undefined) throw new Error(`iperf3: ${report?.error}`);
  return report.end;
}
