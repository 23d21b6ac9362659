// SPDX-License-Identifier: MIT
// The same files before the real `keepalived -t` and before xdirector: both find something wrong, or neither.
// keepalived runs in a network namespace of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readKeepalived } from "../../src/config/keepalived/to-state.ts";
import { goldens } from "../unit/config/keepalived/golden.ts";

const SAMPLES = "/usr/share/doc/keepalived/samples";
const SAMPLE_COUNT = 25;
const CONFIG_ID = "host";

const folder = mkdtempSync(join(tmpdir(), "xdirector-verdicts-"));
after(() => rmSync(folder, { recursive: true }));

/** As `xdirector check` ends: 0, 5 for problems, 6 for scripts without security. */
function ourVerdict(text: string): number {
  const { diagnostics } = readKeepalived(text, "keepalived.conf", { configId: CONFIG_ID });
  const severities = new Set(diagnostics.map(({ severity }) => severity));
  if (severities.has("security")) return 6;
  return severities.has("error") || severities.has("warning") ? 5 : 0;
}

function theirVerdict(text: string): { code: number; output: string } {
  const path = join(folder, "keepalived.conf");
  writeFileSync(path, text);
  const command = ["-n", "keepalived", "-t", "-i", CONFIG_ID, "-f", path];
  const { status, stderr } = spawnSync("unshare", command, { encoding: "utf8", timeout: 20_000 });
  // A missing word after a keyword ends it at once, with 2.
  return { code: status === 2 ? 5 : (status ?? -1), output: stderr };
}

/** Bodies of a virtual server with one real server. */
const BODIES: readonly string[] = [
  "",
  "lvs_sched rr",
  "lb_algo wrr\nlb_kind TUN",
  "lvs_sched best",
  "lvs_sched sh\nsh-port\nsh-fallback",
  "lvs_sched rr\nsh-port",
  "lvs_sched mh\nmh-port",
  "delay_loop 1.5",
  "delay_loop 0",
  "delay_loop 1.5s",
  "retry 0",
  "warmup 0",
  "connect_timeout -1",
  "quorum 1\nhysteresis 0",
  "quorum 9",
  "hysteresis 1",
  "ops",
  "persistence_timeout",
  "persistence_timeout 0",
  "persistence_granularity 255.255.255.0",
  "persistence_engine sip",
  "protocol SCTQ",
  "alpha\nomega",
  "alpha off",
  "inhibit_on_failure",
  "weight 0",
  "weight 5",
  "sorry_server 10.0.0.9 80\nsorry_server_inhibit\nsorry_server_lvs_method DR",
  "sorry_server_inhibit",
  "sorry_server 2001:db8::9 80",
  "lvs_method TUN type gue port 6080 csum",
  "lvs_method TUN type gue",
  "lvs_method TUN type gre csum",
  "lvs_method DR now",
  "ha_suspend\nvirtualhost www.example.com\nsnmp_name web\nsmtp_alert yes",
  "smtp_alert perhaps",
  "no_such_keyword 1",
  "lvs_sched rr {\n}",
  "real_server 10.0.0.2 80",
  "real_server 10.0.0.2 80 { weight 3 }",
  "real_server 10.0.0.2 81 {\n}",
  "real_server 10.0.0.1 80 {\n}",
  "real_server 2001:db8::2 80 {\n}",
  "real_server 10.0.0.2 80 {\nlvs_method NAT\nuthreshold 9\nlthreshold 3\n}",
  "real_server 10.0.0.2 80 {\nweight -1\n}",
  "real_server 10.0.0.2 80 {\ninhibit_on_failure maybe\n}",
  "real_server 10.0.0.2 80 {\nTCP_CHECK\n}",
  "real_server 10.0.0.2 80 {\nTCP_CHECK {\nconnect_port 0\n}\n}",
  "real_server 10.0.0.2 80 {\nTCP_CHECK {\nconnect_ip 10.0.0.3\nconnect_port 81\nbindto 10.0.0.4\nretry 0\n}\n}",
  "real_server 10.0.0.2 80 {\nPING_CHECK {\n}\n}",
  "real_server 10.0.0.2 80 {\nDNS_CHECK {\ntype AAAA\nname example.com\n}\n}",
  "real_server 10.0.0.2 80 {\nDNS_CHECK {\ntype ANY\n}\n}",
  "real_server 10.0.0.2 80 {\nHTTP_GET {\nurl {\npath /\nstatus_code 200-299 301\n}\n}\n}",
  "real_server 10.0.0.2 80 {\nHTTP_GET {\nurl {\npath /\nstatus_code 99\n}\n}\n}",
  "real_server 10.0.0.2 80 {\nHTTP_GET {\nnb_get_retry 2\nurl {\npath /\n}\n}\n}",
  "real_server 10.0.0.2 80 {\nSSL_GET {\nenable_sni\nhttp_protocol 1.1\nurl {\npath /\nregex ok\n}\n}\n}",
  "real_server 10.0.0.2 80 {\nSMTP_CHECK {\nhelo_name me\nhost {\nconnect_ip 10.0.0.3\n}\n}\n}",
  "real_server 10.0.0.2 80 {\nUDP_CHECK {\npayload 12ab\nrequire_reply 12xx\n}\n}",
  "real_server 10.0.0.2 80 {\nUDP_CHECK {\npayload xyz\n}\n}",
  "real_server 10.0.0.2 80 {\nMISC_CHECK {\nmisc_path /bin/true\n}\n}",
  "real_server 10.0.0.2 80 {\nMISC_CHECK {\n}\n}",
  "real_server 10.0.0.2 80 {\nFILE_CHECK {\ntrack_file none\n}\n}",
  "quorum_up /bin/true\nquorum_up /bin/false",
  "$W=7\nweight $W",
  "@host weight x\n@other weight y",
  "@^host weight x",
  "~SEQ(N, 2, 4) real_server 10.0.0.$N 80 { weight $N }",
  "~LST(N, 2, x) real_server 10.0.0.$N 80 { weight $N }",
  "~SEQ(N) weight 1",
];

const complete = (body: string): string =>
  `virtual_server 192.0.2.1 80 {\nprotocol TCP\nlvs_method DR\nlvs_sched rr\n${body}\nreal_server 10.0.0.1 80 {\n}\n}\n`;

for (const body of BODIES) {
  test(`${JSON.stringify(body)} is judged as keepalived -t does`, () => {
    const { code, output } = theirVerdict(complete(body));
    assert.equal(ourVerdict(complete(body)), code, output);
  });
}

for (const { name, input } of goldens()) {
  if (name === "mistakes") continue;
  test(`the golden file ${name} has no keyword that keepalived does not know`, () => {
    assert.doesNotMatch(theirVerdict(input).output, /Unknown keyword/);
  });
}

test("keepalived's own samples are read without an error", () => {
  const names = readdirSync(SAMPLES).filter((name) => name.startsWith("keepalived.conf."));
  assert.equal(names.length, SAMPLE_COUNT);
  for (const name of names) {
    const { diagnostics } = readKeepalived(readFileSync(join(SAMPLES, name), "utf8"), name, { configId: CONFIG_ID });
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
      name,
    );
  }
});
