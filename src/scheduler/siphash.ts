// SPDX-License-Identifier: MIT
// hsiphash_1u32() of 64-bit kernels: the lower half of SipHash-1-3 (Aumasson and Bernstein, 2012) of four
// bytes. bpf/sched_hash.h has the same. No I/O here.

/** @param key both halves of the 128-bit key; IPVS's are equal */
export function sipHash(message: number, key: bigint): number {
  const last = (4n << 56n) | BigInt(message >>> 0);
  const state: State = [
    0x736f6d6570736575n ^ key,
    0x646f72616e646f6dn ^ key,
    0x6c7967656e657261n ^ key,
    0x7465646279746573n ^ key ^ last,
  ];
  round(state);
  state[0] ^= last;
  state[2] ^= 0xffn;
  for (let finish = 0; finish < 3; finish++) round(state);
  const [v0, v1, v2, v3] = state;
  return Number((v0 ^ v1 ^ v2 ^ v3) & 0xffffffffn);
}

type State = [bigint, bigint, bigint, bigint];

function round(state: State): void {
  let [v0, v1, v2, v3] = state;
  v0 = wrap(v0 + v1);
  v1 = rotateLeft(v1, 13n) ^ v0;
  v0 = rotateLeft(v0, 32n);
  v2 = wrap(v2 + v3);
  v3 = rotateLeft(v3, 16n) ^ v2;
  v0 = wrap(v0 + v3);
  v3 = rotateLeft(v3, 21n) ^ v0;
  v2 = wrap(v2 + v1);
  v1 = rotateLeft(v1, 17n) ^ v2;
  v2 = rotateLeft(v2, 32n);
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return wrap(value << bits) | (value >> (64n - bits));
}
