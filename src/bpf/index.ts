// SPDX-License-Identifier: MIT
/**
 * libbpf for TypeScript: load BPF objects, use their maps like JavaScript's `Map`, attach XDP programs.
 * Stands on its own: it knows nothing of load balancing but for the walks in flows.ts.
 *
 * Three nouns in three phases: a {@link BpfObject} is opened, configured and loaded; out of it come each
 * {@link BpfMap} and {@link BpfProgram}; an {@link XdpLink} puts a program on an interface. Each owns a resource of
 * the kernel: close it, or declare it with `using`. Closing twice is fine, using it afterwards throws, and
 * garbage collection closes what was forgotten. Everything works in worker threads, too.
 *
 * @example
 * import { BpfObject, probe, XdpLink } from "xdirector/bpf";
 *
 * const object = BpfObject.open("counter.bpf.o");
 * object.setRodata("sample_every", 100); // const volatile __u32 sample_every;
 * object.setPinPath("packets", "/sys/fs/bpf/counter/packets"); // its contents outlive this process
 * object.load();
 *
 * const eth0 = probe.interfaceByName("eth0");
 * if (!eth0) throw new Error("no eth0");
 * const link = XdpLink.attach(object.program("count"), eth0.index);
 * console.log(`attached in ${link.mode} mode`);
 *
 * // struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __type(key, struct flow); __type(value, __u64); ... } packets
 * const packets = object.map<{ source: number; port: number }, bigint[]>("packets");
 * for (const [flow, perCpu] of packets) console.log(flow, perCpu.reduce((sum, count) => sum + count));
 */
export { BpfError } from "./error.ts";
export { type FilterPrograms, TcFilters } from "./filters.ts";
export {
  type FlowControl,
  type FlowCounts,
  type FlowPage,
  type ListedFlow,
  listFlows,
  purgeServer,
  shedFlows,
  sweepFlows,
} from "./flows.ts";
export { XdpLink, type XdpMode } from "./link.ts";
export { BpfMap, MAP_FLAGS, type MapOptions } from "./map.ts";
export type { MapInfo, ProgramInfo } from "./native.ts";
export { BpfObject } from "./object.ts";
export { unpin } from "./pin.ts";
export type { NetworkInterface } from "./probe.ts";
export * as probe from "./probe.ts";
export { BpfProgram, type RunOptions, type RunResult } from "./program.ts";
export { MappedRegion } from "./region.ts";
export { type ListedTemplate, listTemplates, sweepTemplates, type TemplateCounts } from "./templates.ts";
