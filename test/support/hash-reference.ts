// SPDX-License-Identifier: MIT
// sh and mh once more, written from what the kernel does and sharing nothing with src/scheduler and bpf: what the
// data plane is compared with. Fast enough for a million clients.

export interface ReferenceServer {
  readonly name: number;
  /** 32 bits; of IPv6 the four words XORed. */
  readonly address: number;
  readonly port: number;
  readonly weight: number;
  /** The latest weight other than 0. */
  readonly lastWeight: number;
}

/** Name of the server for a client: its address plus its port where the service counts that in. */
export type ReferenceChoice = (client: number) => number | undefined;

export interface ReferenceOptions {
  /** Newest first. */
  readonly servers: readonly ReferenceServer[];
  readonly fallback: boolean;
  /** Buckets of mh. */
  readonly size: number;
}

/** ip_vs_sh_reassign(), ip_vs_sh_get_fallback() */
export function referenceSh({ servers, fallback }: ReferenceOptions): ReferenceChoice {
  const owners: ReferenceServer[] = [];
  let at = 0;
  let count = 0;
  while (owners.length < 256) {
    const owner = servers[at % servers.length] as ReferenceServer;
    owners.push(owner);
    if (++count >= owner.weight) {
      at++;
      count = 0;
    }
  }
  return (client) => {
    const key = (offset: number) => (offset + (Math.imul(client, 0x61c88647) >>> 24)) & 255;
    const first = key(0);
    if ((owners[first] as ReferenceServer).weight > 0) return owners[first]?.name;
    for (let offset = 0; fallback && offset < 256; offset++) {
      const owner = owners[key((offset + first) % 256)] as ReferenceServer;
      if (owner.weight > 0) return owner.name;
    }
    return undefined;
  };
}

/** ip_vs_mh_populate(), ip_vs_mh_get_fallback() */
export function referenceMh({ servers, fallback, size }: ReferenceOptions): ReferenceChoice {
  const owners = maglev(servers, size);
  const hash = (value: number) => halfOfSipHash13(value | 0, 2654435761);
  return (client) => {
    const first = hash(client);
    const owner = owners[first % size];
    if (owner === undefined || owner.weight > 0) return owner?.name;
    for (let offset = 0; fallback && offset < size; offset++) {
      const other = owners[hash(client + (((offset + first) >>> 0) % size)) % size] as ReferenceServer;
      if (other.weight > 0) return other.name;
    }
    return undefined;
  };
}

function maglev(servers: readonly ReferenceServer[], size: number): readonly (ReferenceServer | undefined)[] {
  const owners = new Array<ReferenceServer | undefined>(size).fill(undefined);
  const turns = turnsPerRound(servers, size);
  if (turns.every((count) => count === 0)) return owners;
  const at = servers.map(({ address, port }) => halfOfSipHash13((address + port) | 0, 2654435761) % size);
  const skip = servers.map(({ address, port }) => (halfOfSipHash13((address + port) | 0, 2654446892) % (size - 1)) + 1);
  for (let filled = 0; ; ) {
    for (const [index, server] of servers.entries()) {
      for (let turn = 0; turn < (turns[index] as number); turn++) {
        while (owners[at[index] as number]) at[index] = ((at[index] as number) + (skip[index] as number)) % size;
        owners[at[index] as number] = server;
        if (++filled === size) return owners;
      }
    }
  }
}

function turnsPerRound(servers: readonly ReferenceServer[], size: number): number[] {
  const weights = servers.map(({ lastWeight }) => lastWeight);
  let divisor = Math.max(...weights);
  while (divisor > 0 && weights.some((weight) => weight % divisor !== 0)) divisor--;
  const bits = Math.floor(Math.ceil(Math.log2(size)) / 2);
  let shift = 0;
  while (Math.max(...weights) / divisor >= 2 ** (bits + shift)) shift++;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight / divisor / 2 ** shift))));
}

/** v0 to v3, each as its lower and its upper half. */
const v = new Int32Array(8);
const SIP_CONSTANTS = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];

/** Lower half of SipHash-1-3 of a 32-bit number; both halves of the key are `key`. */
function halfOfSipHash13(message: number, key: number): number {
  for (let word = 0; word < 8; word++) v[word] = (SIP_CONSTANTS[word] as number) ^ (word % 2 === 0 ? key : 0);
  const length = 4 << 24;
  (v[6] as number) ^= message;
  (v[7] as number) ^= length;
  round();
  (v[0] as number) ^= message;
  (v[1] as number) ^= length;
  (v[4] as number) ^= 0xff;
  round();
  round();
  round();
  return ((v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number)) >>> 0;
}

function round(): void {
  add(0, 2);
  rotate(2, 13);
  mix(2, 0);
  swap(0);
  add(4, 6);
  rotate(6, 16);
  mix(6, 4);
  add(0, 6);
  rotate(6, 21);
  mix(6, 0);
  add(4, 2);
  rotate(2, 17);
  mix(2, 4);
  swap(4);
}

function add(to: number, from: number): void {
  const low = ((v[to] as number) >>> 0) + ((v[from] as number) >>> 0);
  v[to] = low;
  v[to + 1] = (v[to + 1] as number) + (v[from + 1] as number) + (low > 0xffffffff ? 1 : 0);
}

function rotate(at: number, bits: number): void {
  const low = v[at] as number;
  const high = v[at + 1] as number;
  v[at] = (low << bits) | (high >>> (32 - bits));
  v[at + 1] = (high << bits) | (low >>> (32 - bits));
}

function mix(to: number, from: number): void {
  (v[to] as number) ^= v[from] as number;
  (v[to + 1] as number) ^= v[from + 1] as number;
}

function swap(at: number): void {
  const low = v[at] as number;
  v[at] = v[at + 1] as number;
  v[at + 1] = low;
}
