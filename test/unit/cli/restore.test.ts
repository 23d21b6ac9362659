// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runIpvsadm, runRestore } from "../../../src/cli/ipvsadm/run.ts";
import { server, service } from "../../support/memory-director.ts";
import { QuietApi } from "./quiet-api.ts";
import { answer, makeWorld } from "./world.ts";

const RULES = `-A -t 192.0.2.1:80 -s sh -b sh-fallback,sh-port
-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.2:80 -i -w 65535 --tun-type gue --tun-port 6080 --tun-csum
-A -t 192.0.2.2:0 -s rr -p 360
-a -t 192.0.2.2:0 -r 10.0.0.1:0 -m -w 1
-A -u 192.0.2.1:53 -s wrr -p 60 -M 255.255.0.0 --pe sip -o
-A -t [2001:db8::1]:80 -s rr -p 90 -M 64
-A -f 7 -s rr
-a -f 7 -r 10.0.0.1:8080 -g -w 3
-A -f 7 -6 -s rr
`;

const DONE = { rc: 0, stdout: "", stderr: "" };

const restore = (api: QuietApi, text: string, ...options: string[]) =>
  runIpvsadm(["-R", ...options], makeWorld(api, text));
const saved = async (api: QuietApi) => (await answer(["-Sn"], makeWorld(api))).stdout;

describe("restored rules", () => {
  it("are saved as they were, having been one change", async () => {
    const api = new QuietApi();
    assert.deepEqual(await restore(api, RULES), DONE);
    assert.equal(api.director.changes, 1);
    assert.equal(await saved(api), RULES);
  });

  it("may have the program's name in front, blank lines between, and edit what is there", async () => {
    const api = new QuietApi();
    api.seed(service([]), [server("10.0.0.9", { upperThreshold: 5 })]);
    const text =
      "\nipvsadm -E -t 192.0.2.1:80 -s wrr\n\n  -e -t 192.0.2.1:80 -r 10.0.0.9 -w 7\n--set 60 0 0\n-D -t 192.0.2.1:80";
    assert.deepEqual(await restore(api, text.replace("\n-D -t 192.0.2.1:80", "")), DONE);
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s wrr\n-a -t 192.0.2.1:80 -r 10.0.0.9:80 -g -w 7\n");
    assert.equal(api.director.desired.settings.timeouts.tcp, 60);
    assert.deepEqual(await restore(api, text), DONE);
    assert.equal(await saved(api), "");
  });

  it("may have lines that end as DOS has it", async () => {
    const api = new QuietApi();
    assert.deepEqual(await restore(api, RULES.replaceAll("\n", "\r\n")), DONE);
    assert.equal(await saved(api), RULES);
  });

  it("may name no scheduler flag behind -b, as ipvsadm saves those that have no name", async () => {
    const api = new QuietApi();
    assert.deepEqual(await restore(api, "-A -t 192.0.2.1:80 -s mh -b \n"), DONE);
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s mh\n");
  });

  const rows: readonly [what: string, line: string, rc: number, message: string][] = [
    ["a service that is there", "-A -t 192.0.2.1:80", 255, "Service already exists"],
    ["a service that is not", "-a -t 192.0.2.9:80 -r 10.0.0.1", 255, "Service not defined"],
    ["an unknown scheduler", "-A -t 192.0.2.9:80 -s xyz", 255, "Scheduler or persistence engine not found"],
    ["an unknown engine", "-A -u 192.0.2.9:80 --pe xyz", 255, "Scheduler or persistence engine not found"],
    [
      "a server that is no host",
      "-a -t 192.0.2.1:80 -r nosuch.example",
      2,
      "illegal real server address[:port] specified",
    ],
    ["thresholds the wrong way round", "-a -t 192.0.2.1:80 -r 10.0.0.7 -y 1", 255, "Numerical result out of range"],
    ["a comment", "# web", 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ["a listing", "-L", 2, "list is no rule that can be restored"],
  ];
  for (const [what, line, rc, message] of rows) {
    it(`change nothing when one is wrong, and its number is told: ${what}`, async () => {
      const api = new QuietApi();
      const outcome = await restore(api, `${RULES}\n${line}\n-C\n`);
      assert.deepEqual(outcome, { rc, stdout: "", stderr: `line 12: ${message}; nothing was restored\n` });
      assert.equal(api.director.changes, 0);
    });
  }

  it("begin anew when somebody else changed the state meanwhile", async () => {
    const api = new QuietApi();
    const { director } = api;
    const change = director.change.bind(director);
    director.change = async (edit) => {
      director.change = change;
      await change((state) => ({ ...state, services: [service([], { port: 8080 })] }));
      return change(edit);
    };
    assert.deepEqual(await restore(api, "-A -t 192.0.2.1:80 -s rr\n"), DONE);
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s rr\n-A -t 192.0.2.1:8080 -s rr\n");
  });
});

describe("xvsadm-restore", () => {
  it("replaces all services and skips comments", async () => {
    const api = new QuietApi();
    api.seed(service([], { port: 8080 }));
    const world = makeWorld(api, "# saved on Friday\n-A -t 192.0.2.1:80 -s rr\n");
    assert.deepEqual(await runRestore(world), DONE);
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s rr\n");
  });
});

describe("rules restored with --lenient", () => {
  it("go on behind one that the director refuses, and end with the last one's exit code", async () => {
    const api = new QuietApi();
    const outcome = await restore(api, "-a -t 192.0.2.1:80 -r 10.0.0.1\n-A -t 192.0.2.1:80 -s rr\n", "--lenient");
    assert.deepEqual(outcome, { rc: 0, stdout: "", stderr: "Service not defined\n" });
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s rr\n");
  });

  it("end at one that is no command line, and keep what was done before", async () => {
    const api = new QuietApi();
    const text = "-A -t 192.0.2.1:80 -s rr\n-A -t 192.0.2.2:80 -w 1\n-A -t 192.0.2.3:80\n";
    const { rc, stderr } = await restore(api, text, "--lenient");
    assert.deepEqual([rc, stderr], [2, "Illegal 'weight' option with the 'add-service' command\n"]);
    assert.equal(await saved(api), "-A -t 192.0.2.1:80 -s rr\n");
  });

  const second = "-A -t 192.0.2.2:80 -s rr\n";
  const tryHelp = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";
  const rows: readonly [what: string, line: string, goesOn: boolean, rc: number, stderr: string][] = [
    ["a comment", "# web", false, 255, tryHelp],
    ["another restore", "-R", false, 255, tryHelp],
    ["an unknown command", "--bogus", false, 255, tryHelp],
    ["a service to list that is not there", "-L -t 192.0.2.9:80", false, 1, "No such service\n"],
    ["the version", "-v", false, 0, ""],
    ["a flag that lacks its value", "-A -t 192.0.2.3:80 -s", true, 0, "-s: missing argument\n"],
    ["an unknown scheduler", "-A -t 192.0.2.3:80 -s x", true, 0, "Scheduler or persistence engine not found\n"],
    ["nothing but the program's name", "ipvsadm", true, 0, ""],
    ["the end of a line as DOS has it", "-A -t 192.0.2.1:80 -s rr\r", true, 0, ""],
  ];
  for (const [what, line, goesOn, rc, stderr] of rows) {
    it(`${goesOn ? "go on behind" : "end at"} ${what}, as ipvsadm does`, async () => {
      const api = new QuietApi();
      const outcome = await restore(api, `${line}\n${second}`, "--lenient");
      assert.deepEqual([outcome.rc, outcome.stderr], [rc, stderr]);
      assert.equal((await saved(api)).includes(second), goesOn);
    });
  }

  it("are no other command's option", async () => {
    const outcome = await runIpvsadm(["-L", "--lenient"], makeWorld(new QuietApi()));
    assert.deepEqual([outcome.rc, outcome.stderr], [255, "--lenient: unknown option\n"]);
  });
});
