// SPDX-License-Identifier: MIT
// The PEM files of https checks, read once and kept while they are the same.

import { readFile } from "node:fs/promises";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import type { TlsFiles } from "../../model/health.ts";

type Trust = Pick<ConnectionOptions, "secureContext">;

/** By the files' names: a configuration that is read again names the same ones. */
const contexts = new Map<string, Promise<Trust>>();

/** @throws Error that names the file */
export function readTlsFiles(files: TlsFiles): Promise<Trust> {
  const key = JSON.stringify(files);
  const known = contexts.get(key) ?? load(files);
  contexts.set(key, known);
  known.catch(() => contexts.delete(key));
  return known;
}

/** To be called with every configuration: certificates that were replaced on disk are read again. */
export function forgetTlsFiles(): void {
  contexts.clear();
}

async function load({ ca, certificate, key, password }: TlsFiles): Promise<Trust> {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [caText, cert, keyText] = await Promise.all([read(ca), read(certificate), read(key)]);
  return {
    secureContext: createSecureContext({
      ...(caText && { ca: caText }),
      ...(cert && { cert }),
      ...(keyText && { key: keyText }),
      ...(password !== undefined && { passphrase: password }),
    }),
  };
}
