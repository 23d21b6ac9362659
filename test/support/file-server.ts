// SPDX-License-Identifier: MIT
// Files to and from nginx in another namespace: what arrives is told by its digest.

import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Netns, Sandbox } from "./netns.ts";
import { until } from "./until.ts";

/** Thousands of packets, and no multiple of any segment size. */
const FILE_BYTES = 3_000_001;
/** A guard against a transfer that stands still. */
const GUARD_SECONDS = "60";

/** nginx in a namespace: it serves a random file, and takes uploads. */
export class FileServer {
  readonly digest: string;
  readonly #folder: string;
  #transfers = 0;

  private constructor(folder: string) {
    const content = randomBytes(FILE_BYTES);
    this.digest = sha256(content);
    this.#folder = folder;
    mkdirSync(join(folder, "files"), { recursive: true });
    writeFileSync(join(folder, "files", "download"), content);
  }

  /** On every address of the namespace. @returns once it answers */
  static async start(sandbox: Sandbox, namespace: Netns, ports: readonly number[]): Promise<FileServer> {
    const folder = join(sandbox.folder, `files-${namespace.name}`);
    const server = new FileServer(folder);
    const [port = 80] = ports;
    writeFileSync(join(folder, "nginx.conf"), configuration(folder, ports));
    const paths = ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")];
    namespace.spawn("nginx", paths, { stdio: "ignore" });
    const answers = ["-s", "-o", "/dev/null", `http://127.0.0.1:${port}/`];
    await until("nginx answers", async () => (await namespace.exec("curl", answers)).code === 0);
    return server;
  }

  /** @returns the digest of what arrived at the client */
  async download(client: Netns, host: string): Promise<string> {
    const path = join(this.#folder, `download${this.#transfers++}`);
    await curl(client, ["-o", path, `http://${host}/download`]);
    return sha256(readFileSync(path));
  }

  /** The same file the other way. @returns the digest of what arrived here */
  async upload(client: Netns, host: string): Promise<string> {
    const name = `upload${this.#transfers++}`;
    await curl(client, ["-T", join(this.#folder, "files", "download"), `http://${host}/${name}`]);
    return sha256(readFileSync(join(this.#folder, "files", name)));
  }
}

function configuration(folder: string, ports: readonly number[]): string {
  const listen = ports.map((port) => `listen ${port}; listen [::]:${port};`).join(" ");
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
user root;
daemon off;
pid ${folder}/pid;
events {}
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ")}
  client_max_body_size 0;
  server {
    ${listen}
    root ${folder}/files;
    dav_methods PUT;
    location = / { return 204; }
  }
}
`;
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function curl(client: Netns, args: readonly string[]): Promise<void> {
  const { code, stderr } = await client.exec("curl", ["-s", "-S", "-f", "-g", "-m", GUARD_SECONDS, ...args]);
  if (code !== 0) throw new Error(stderr.trim());
}
