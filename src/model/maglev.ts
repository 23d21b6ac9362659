// SPDX-License-Identifier: MIT
// How many buckets mh may have. No I/O here.

/** The kernel's `primes` (ip_vs_mh.c): CONFIG_IP_VS_MH_TAB_INDEX is 8 for the first one, 9 for the next, ... */
export const MAGLEV_SIZES = [251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071] as const;
export type MaglevSize = (typeof MAGLEV_SIZES)[number];

export const FIRST_MAGLEV_INDEX = 8;

/** CONFIG_IP_VS_MH_TAB_INDEX=12, the kernel's default. */
export const DEFAULT_MAGLEV_SIZE: MaglevSize = 4093;
