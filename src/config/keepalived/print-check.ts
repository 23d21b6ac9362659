// SPDX-License-Identifier: MIT
// Checks as keepalived.conf writes them: every value is given that they do not have from their service.

import type { Check, CheckTiming, HttpCheck, HttpUrl, NetworkCheck, UdpCheck } from "../../model/check.ts";
import { type OwnCheck, ownCheck } from "../../model/inheritance.ts";
import type { OwnNetworkCheck } from "./network-check.ts";
import { block, type Lines, quote, seconds, yesNo } from "./print-text.ts";
import { joinCommand } from "./script.ts";

const KEYWORDS = {
  tcp: "TCP_CHECK",
  ping: "PING_CHECK",
  http: "HTTP_GET",
  https: "SSL_GET",
  smtp: "SMTP_CHECK",
  dns: "DNS_CHECK",
  udp: "UDP_CHECK",
  misc: "MISC_CHECK",
  file: "FILE_CHECK",
  bfd: "BFD_CHECK",
} as const satisfies Record<Check["type"], string>;

export function printCheck(whole: Check): Lines {
  const check = ownCheck(whole);
  return block(KEYWORDS[check.type], ...bodyOf(check));
}

function bodyOf(check: OwnCheck): Lines {
  switch (check.type) {
    case "file": {
      const reverse = check.reverse ? " reverse" : "";
      return [`track_file ${quote(check.name)}`, `weight ${check.weight}${reverse}`];
    }
    case "bfd":
      return [`name ${quote(check.name)}`, `alpha ${yesNo(check.alpha ?? false)}`];
    case "misc": {
      const { argv, user, group } = check.script;
      const { timeout, dynamicWeight } = check;
      return [
        `misc_path "${joinCommand(argv)}"`,
        ...(user ? [`user ${[user, group].filter(Boolean).join(" ")}`] : []),
        ...(timeout === undefined ? [] : [`misc_timeout ${seconds(timeout)}`]),
        ...(dynamicWeight ? ["misc_dynamic"] : []),
        ...timingOf(check),
      ];
    }
    default:
      return [...networkOf(check), ...specificOf(check)];
  }
}

function specificOf(check: Exclude<OwnCheck, { readonly type: "file" | "bfd" | "misc" }>): Lines {
  switch (check.type) {
    case "http":
    case "https":
      return httpOf(check);
    case "smtp":
      return [`helo_name ${quote(check.heloName)}`];
    case "dns":
      return [`type ${check.queryType}`, `name ${quote(check.name)}`];
    case "udp":
      return udpOf(check);
    default:
      return [];
  }
}

function timingOf({ delayLoop, retry, delayBeforeRetry, warmup, alpha }: Partial<CheckTiming>): Lines {
  return [
    ...(delayLoop === undefined ? [] : [`delay_loop ${seconds(delayLoop)}`]),
    ...(retry === undefined ? [] : [`retry ${retry}`]),
    ...(delayBeforeRetry === undefined ? [] : [`delay_before_retry ${seconds(delayBeforeRetry)}`]),
    ...(warmup === undefined ? [] : [`warmup ${seconds(warmup)}`]),
    ...(alpha === undefined ? [] : [`alpha ${yesNo(alpha)}`]),
  ];
}

function networkOf(check: OwnNetworkCheck): Lines {
  const { connectTimeout, connectIp, connectPort, bindTo, bindPort, bindInterface, mark, logAllFailures } = check;
  return [
    ...timingOf(check),
    ...(connectTimeout === undefined ? [] : [`connect_timeout ${seconds(connectTimeout)}`]),
    `log_all_failures ${yesNo(logAllFailures)}`,
    ...(connectIp ? [`connect_ip ${connectIp}`] : []),
    ...(connectPort ? [`connect_port ${connectPort}`] : []),
    ...(bindTo ? [`bindto ${bindTo}`] : []),
    ...(bindPort ? [`bind_port ${bindPort}`] : []),
    ...(bindInterface ? [`bind_if ${quote(bindInterface)}`] : []),
    ...(mark ? [`fwmark ${mark}`] : []),
  ];
}

function httpOf({ httpProtocol, virtualHost, sni, fastRecovery, urls }: Omit<HttpCheck, keyof NetworkCheck>): Lines {
  return [
    `http_protocol ${httpProtocol}`,
    ...(virtualHost ? [`virtualhost ${quote(virtualHost)}`] : []),
    `enable_sni ${yesNo(sni)}`,
    `fast_recovery ${yesNo(fastRecovery)}`,
    ...urls.flatMap((url) => block("url", ...urlOf(url))),
  ];
}

function urlOf({ path, digest, statusCodes, virtualHost, regex }: HttpUrl): Lines {
  const codes = statusCodes.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
  return [
    `path ${quote(path)}`,
    ...(digest ? [`digest ${digest}`] : []),
    `status_code ${codes.join(" ")}`,
    ...(virtualHost ? [`virtualhost ${quote(virtualHost)}`] : []),
    ...(regex
      ? [
          `regex ${quote(regex.pattern)}`,
          ...(regex.options.length > 0 ? [`regex_options ${regex.options.join(" ")}`] : []),
          ...(regex.mustNotMatch ? ["regex_no_match"] : []),
          `regex_min_offset ${regex.minOffset}`,
          `regex_max_offset ${regex.maxOffset}`,
        ]
      : []),
  ];
}

function udpOf(check: Omit<UdpCheck, keyof NetworkCheck>): Lines {
  const { payload, requireReply, reply, minReplyLength, maxReplyLength } = check;
  return [
    ...(payload ? [`payload ${payload}`] : []),
    ...(requireReply ? [`require_reply${reply ? ` ${reply}` : ""}`] : []),
    `min_reply_length ${minReplyLength}`,
    `max_reply_length ${maxReplyLength}`,
  ];
}
