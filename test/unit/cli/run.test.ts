// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ApiClient, type ApiRequest, type ApiResponse, DaemonUnreachable } from "../../../src/cli/client.ts";
import { runIpvsadm, runSave } from "../../../src/cli/ipvsadm/run.ts";
import { toDocument } from "../../../src/config/document.ts";
import { toSettingsDocument } from "../../../src/config/settings.ts";
import { service } from "../../support/memory-director.ts";
import { QuietApi, refuse } from "./quiet-api.ts";
import { makeWorld } from "./world.ts";

const run = (command: string, api: ApiClient) => runIpvsadm(command.split(" "), makeWorld(api));

/** Answers every request alike. */
function answering(response: ApiResponse): ApiClient {
  return { request: () => Promise.resolve(response), open: () => Promise.resolve(response) };
}

function failing(error: NodeJS.ErrnoException): ApiClient {
  const fail = () => Promise.reject(new DaemonUnreachable("/run/x.sock", error));
  return { request: fail, open: fail };
}

/** What -E resets, as ipvsadm's form says it. */
const PLAIN = { schedulerFlags: [], persistence: null, persistenceEngine: null, onePacket: false };
const UNLIMITED = { upperThreshold: 0, lowerThreshold: 0 };

describe("a command becomes one request", () => {
  const web = "/v1/services/tcp/192.0.2.1/80";
  const listing = "/v1/compat/ipvsadm/services";
  const rows: readonly [command: string, request: ApiRequest][] = [
    ["-A -t 192.0.2.1:80 -s rr", { method: "PUT", path: web, body: { scheduler: "rr" }, onlyCreate: true }],
    ["-A -t 192.0.2.1:http", { method: "PUT", path: web, body: { scheduler: "wlc" }, onlyCreate: true }],
    ["-E -t 192.0.2.1:80 -s wrr", { method: "PATCH", path: web, body: { ...PLAIN, scheduler: "wrr" } }],
    ["-E -t 192.0.2.1:80", { method: "PATCH", path: web, body: { ...PLAIN, scheduler: "wlc" } }],
    ["-D -u [2001:db8::1]:53", { method: "DELETE", path: "/v1/services/udp/2001:db8::1/53" }],
    ["-L --timeout", { method: "GET", path: "/v1/settings" }],
    ["--set 60 0 30", { method: "PATCH", path: "/v1/settings", body: { timeouts: { tcp: 60, udp: 30 } } }],
    ["--set 0 +5 0", { method: "PATCH", path: "/v1/settings", body: { timeouts: { tcpfin: 5 } } }],
    [
      "-A -u [2001:db8::1]:0 -s sh -b sh-port,flag-3 -p 60 -M 64 --pe sip -o",
      {
        method: "PUT",
        path: "/v1/services/udp/2001:db8::1/0",
        body: {
          scheduler: "sh",
          schedulerFlags: ["sh-port", "flag-3"],
          persistence: { timeout: 60, netmask: 64 },
          persistenceEngine: "sip",
          onePacket: true,
        },
        onlyCreate: true,
      },
    ],
    [
      "-E -f 7 -6 -p",
      {
        method: "PATCH",
        path: "/v1/services/fwm6/7",
        body: { ...PLAIN, scheduler: "wlc", persistence: { timeout: 360 } },
      },
    ],
    [
      "-a -f 7 -r 10.0.0.1:8080 -x 5 -y 2",
      {
        method: "PUT",
        path: "/v1/services/fwm/7/servers/10.0.0.1/8080",
        body: { method: "direct", weight: 1, upperThreshold: 5, lowerThreshold: 2 },
        onlyCreate: true,
      },
    ],
    [
      "-a -t 192.0.2.1:80 -r 10.0.0.1",
      {
        method: "PUT",
        path: `${web}/servers/10.0.0.1/80`,
        body: { ...UNLIMITED, method: "direct", weight: 1 },
        onlyCreate: true,
      },
    ],
    [
      "-a -r 10.0.0.1:8080 -iw0 -t 192.0.2.1:80",
      {
        method: "PUT",
        path: `${web}/servers/10.0.0.1/80`,
        body: { ...UNLIMITED, method: "tunnel", weight: 0, tunnel: { type: "ipip" } },
        onlyCreate: true,
      },
    ],
    [
      "-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m",
      {
        method: "PUT",
        path: `${web}/servers/10.0.0.1/8080`,
        body: { ...UNLIMITED, method: "masquerade", weight: 1 },
        onlyCreate: true,
      },
    ],
    [
      "-e -t 192.0.2.1:80 -r 10.0.0.1 -i",
      {
        method: "PATCH",
        path: `${web}/servers/10.0.0.1/80`,
        body: { ...UNLIMITED, method: "tunnel", weight: 1, tunnel: { type: "ipip" } },
      },
    ],
    [
      "-e -t 192.0.2.1:80 -r 10.0.0.1 -i --tun-type gue --tun-port 6080 --tun-csum",
      {
        method: "PATCH",
        path: `${web}/servers/10.0.0.1/80`,
        body: { ...UNLIMITED, method: "tunnel", weight: 1, tunnel: { type: "gue", port: 6080, checksum: true } },
      },
    ],
    [
      "-e -t 192.0.2.1:80 -r 10.0.0.1 -i --tun-nocsum --tun-type gre",
      {
        method: "PATCH",
        path: `${web}/servers/10.0.0.1/80`,
        body: { ...UNLIMITED, method: "tunnel", weight: 1, tunnel: { type: "gre", checksum: false } },
      },
    ],
    [
      "-e -t 192.0.2.1:80 -r 10.0.0.1:8080 -w5",
      { method: "PATCH", path: `${web}/servers/10.0.0.1/80`, body: { ...UNLIMITED, method: "direct", weight: 5 } },
    ],
    ["-d -t 192.0.2.1:80 -r 10.0.0.1:8080", { method: "DELETE", path: `${web}/servers/10.0.0.1/8080` }],
    ["-d -t 192.0.2.1:80 -r localhost", { method: "DELETE", path: `${web}/servers/127.0.0.1/80` }],
    ["-Ln", { method: "GET", path: listing }],
    ["-ln --rate --exact --nosort", { method: "GET", path: `${listing}?format=rate&figures=exact&order=kernel` }],
    ["-ln -t 192.0.2.1:80", { method: "GET", path: `${listing}/tcp/192.0.2.1/80` }],
    ["-L -f 7 -6", { method: "GET", path: `${listing}/fwm6/7` }],
    ["-Lc", { method: "GET", path: "/v1/compat/ipvsadm/connections" }],
    ["-S", { method: "GET", path: "/v1/compat/ipvsadm/rules" }],
  ];
  for (const [command, request] of rows) {
    it(command, async () => {
      const api = new QuietApi();
      await run(command, api);
      assert.deepEqual(api.requests, [request]);
    });
  }
});

it("-C empties the table in one request and leaves the settings alone", async () => {
  const api = new QuietApi();
  api.seed(service([]));
  await run("--set 60 0 0", api);
  const settings = toSettingsDocument(api.director.desired.settings);
  assert.deepEqual(await run("-C", api), { rc: 0, stdout: "", stderr: "" });
  assert.deepEqual(api.requests.slice(1), [{ method: "DELETE", path: "/v1/services" }]);
  assert.deepEqual(toDocument(api.director.desired), { services: [], settings });
});

describe("a refusal of the director becomes ipvsadm's words", () => {
  const web = "-t 192.0.2.1:80";
  const notUnicast = "Invalid operation.  Possibly wrong module version, address not unicast, ...";
  const rows: readonly [command: string, response: ApiResponse, rc: number, stderr: string][] = [
    [`-A ${web} -s rr`, refuse(409, "SERVICE_EXISTS"), 255, "Service already exists"],
    [`-A ${web}`, refuse(400, "UNKNOWN_SCHEDULER"), 255, "Scheduler or persistence engine not found"],
    [`-E ${web} -s rr`, refuse(404, "SERVICE_NOT_FOUND"), 255, "No such service"],
    [`-D ${web}`, refuse(404, "SERVICE_NOT_FOUND"), 255, "No such service"],
    [`-L ${web}`, refuse(404, "SERVICE_NOT_FOUND"), 1, "No such service"],
    [`-a ${web} -r 10.0.0.1`, refuse(404, "SERVICE_NOT_FOUND"), 255, "Service not defined"],
    [`-a ${web} -r 10.0.0.1`, refuse(409, "SERVER_EXISTS"), 255, "Destination already exists"],
    [`-a ${web} -r 224.0.0.1`, refuse(400, "INVALID_VALUE", "server.rip"), 255, notUnicast],
    [`-e ${web} -r 10.0.0.1`, refuse(404, "SERVICE_NOT_FOUND"), 255, "Service not defined"],
    [`-e ${web} -r 10.0.0.1`, refuse(404, "SERVER_NOT_FOUND"), 255, "No such destination"],
    [`-d ${web} -r 10.0.0.1`, refuse(404, "SERVICE_NOT_FOUND"), 255, "Service not defined"],
    [`-d ${web} -r 10.0.0.1`, refuse(404, "SERVER_NOT_FOUND"), 255, "No such destination"],
    [`-a ${web} -r 2001:db8::1 -i`, refuse(400, "UNSUPPORTED", "rip"), 2, "xvsadm: refused as UNSUPPORTED"],
    [`-a ${web} -r 10.0.0.1`, refuse(400, "INVALID_VALUE", "weight"), 255, "xvsadm: refused as INVALID_VALUE"],
    ["--set 1 2 3", refuse(500, "STATE_NOT_SAVED"), 255, "xvsadm: refused as STATE_NOT_SAVED"],
    ["-C", refuse(500, "STATE_NOT_SAVED"), 255, "xvsadm: refused as STATE_NOT_SAVED"],
    ["-R", refuse(500, "INTERNAL"), 255, "xvsadm: refused as INTERNAL"],
    ["-Ln", refuse(500, "DATAPLANE_FAILED"), 255, "xvsadm: refused as DATAPLANE_FAILED"],
    ["-C", { status: 502, body: "?" }, 255, "xvsadm: unexpected answer of the director: status 502"],
  ];
  for (const [command, response, rc, stderr] of rows) {
    it(`${command}: ${stderr}`, async () => {
      assert.deepEqual(await run(command, answering(response)), { rc, stdout: "", stderr: `${stderr}\n` });
    });
  }
});

describe("a scheduler that the director does not know", () => {
  const withService = async () => {
    const api = new QuietApi();
    api.seed(service([]));
    return api;
  };

  it("is named as the error of a service that could be added or edited otherwise", async () => {
    const expected = { rc: 255, stdout: "", stderr: "Scheduler or persistence engine not found\n" };
    assert.deepEqual(await run("-A -t 192.0.2.2:80 -s xyz", await withService()), expected);
    assert.deepEqual(await run("-E -t 192.0.2.1:80 -s xyz", await withService()), expected);
  });

  it("is not what is wrong with a service that exists already, or is to be edited and does not exist", async () => {
    assert.equal((await run("-A -t 192.0.2.1:80 -s xyz", await withService())).stderr, "Service already exists\n");
    assert.equal((await run("-E -t 192.0.2.2:80 -s xyz", await withService())).stderr, "No such service\n");
  });
});

describe("a director that cannot be asked", () => {
  it("is named by its socket, with the command that starts it", async () => {
    const gone = Object.assign(new Error("connect ENOENT"), { code: "ENOENT" });
    const stderr = "xvsadm: no director answers on /run/x.sock (ENOENT); start it with: xdirector run -i IFACE\n";
    assert.deepEqual(await run("-Ln", failing(gone)), { rc: 255, stdout: "", stderr });
  });

  it("asks for root where the socket is not ours to open", async () => {
    const closed = Object.assign(new Error("connect EACCES"), { code: "EACCES" });
    const stderr = "Permission denied (you must be root)\n";
    assert.deepEqual(await run("-Ln", failing(closed)), { rc: 255, stdout: "", stderr });
  });
});

describe("xvsadm-save", () => {
  const rows: readonly [argv: readonly string[], rule: string][] = [
    [[], "-A -t 192.0.2.1:http -s rr\n"],
    [["-n"], "-A -t 192.0.2.1:80 -s rr\n"],
    [["all", "-n", "-n"], "-A -t 192.0.2.1:80 -s rr\n"],
  ];
  for (const [argv, rule] of rows) {
    it(`prints the rules: ${argv.join(" ")}`, async () => {
      const api = new QuietApi();
      api.seed(service([]));
      const world = makeWorld(api);
      assert.deepEqual(await runSave(argv, world), { rc: 0, stdout: "", stderr: "" });
      assert.equal(world.printed.join(""), rule);
    });
  }

  it("says what it is for where it is asked for anything else, as the script ipvsadm-save does", async () => {
    const stderr = `ipvsadm: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`;
    assert.deepEqual(await runSave(["-n", "--help"], makeWorld(new QuietApi())), { rc: 1, stdout: "", stderr });
  });
});

describe("names of hosts", () => {
  const rows: readonly [command: string, stderr: string][] = [
    ["-A -t nosuch.example:80 -s rr", "illegal virtual server address[:port] specified\n"],
    ["-A -t six.example:80 -s rr", "illegal virtual server address[:port] specified\n"],
    ["-a -t 192.0.2.1:80 -r nosuch.example", "illegal real server address[:port] specified\n"],
  ];
  for (const [command, stderr] of rows) {
    it(`that have no IPv4 address end the command: ${command}`, async () => {
      const api = new QuietApi();
      assert.deepEqual(await run(command, api), { rc: 2, stdout: "", stderr });
      assert.deepEqual(api.requests, []);
    });
  }
});
