// SPDX-License-Identifier: MIT
// The real web servers: one nginx for each real server. All serve one shared folder, each says its own name in a header.

import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";
import type { RealServerHost } from "./topology.ts";

export const NAME_HEADER = "x-real-server";

/** The page that every real server serves. Large enough for several segments. */
const PAGE = `<!doctype html>\n<title>xdirector lab</title>\n${"<p>All real servers serve this folder.</p>\n".repeat(100)}`;
export const PAGE_LENGTH = PAGE.length;

/** @returns the shared document root in `folder` */
export function writeSite(folder: string): string {
  const root = join(folder, "site");
  mkdirSync(root);
  writeFileSync(join(root, "index.html"), PAGE);
  return root;
}

/** A web server with pages of its own; resolves once it answers. */
export function startWebServer(host: RealServerHost, root: string, folder: string): Promise<ChildProcess> {
  return startNginx(host, folder, () => site(host.name, root));
}

/**
 * Starts nginx in the host's namespace, in a folder of its own in `folder`, which `http`, the body of that block, is
 * told; resolves once it answers.
 */
export async function startNginx(
  host: RealServerHost,
  folder: string,
  http: (prefix: string) => string,
): Promise<ChildProcess> {
  const prefix = join(folder, host.name);
  mkdirSync(prefix);
  const configuration = join(prefix, "nginx.conf");
  writeFileSync(configuration, nginxConfiguration(prefix, http(prefix)));
  const log = join(prefix, "error.log");
  const child = host.namespace.spawn("nginx", ["-p", prefix, "-e", log, "-c", configuration], { stdio: "ignore" });
  await until(`nginx of ${host.name} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`nginx of ${host.name} ended; see ${log}`);
    return (await host.namespace.exec("curl", ["-s", "-o", "/dev/null", `http://${host.rip}/`])).code === 0;
  });
  return child;
}

function nginxConfiguration(prefix: string, http: string): string {
  return `
user root;
daemon off;
worker_processes 1;
pid ${prefix}/nginx.pid;
error_log ${prefix}/error.log;
events {}
http {
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  types { text/html html; }
${http}
}
`;
}

function site(name: string, root: string): string {
  return `
  access_log off;
  server {
    listen 80 reuseport;
    root ${root};
    add_header ${NAME_HEADER} ${name} always;
    location = /name.txt { return 200 "${name}\\n"; }
    location = /slow.bin { limit_rate 100k; }
  }`;
}
