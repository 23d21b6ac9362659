// SPDX-License-Identifier: MIT
// The global_defs and SSL blocks of a keepalived.conf.

import type { HealthSettings, NotifyFifo } from "../../model/health.ts";
import type { DesiredState } from "../../model/service.ts";
import { DEFAULT_SETTINGS, type Timeouts } from "../../model/settings.ts";
import { block, type Lines, printScript, quote, seconds } from "./print-text.ts";

const TIMEOUT_NAMES = { tcp: "tcp", tcpFin: "tcpfin", udp: "udp" } as const;

/** The blocks that there is something to say in. */
export function printGlobals({ settings, health }: DesiredState): Lines[] {
  const body = [...timeouts(settings.timeouts), ...(health ? [...notifications(health), ...checkerOnly(health)] : [])];
  const tls = Object.entries(health?.tls ?? {}).map(([name, value]) => `${name} ${quote(value)}`);
  return [
    ...(body.length > 0 ? [block("global_defs", ...body)] : []),
    ...(tls.length > 0 ? [block("SSL", ...tls)] : []),
  ];
}

/** What VRRP needs to know as well. */
export function notifications({ routerId, mail, scriptUser, scriptSecurity, notifyFifo }: HealthSettings): Lines {
  return [
    ...(routerId ? [`router_id ${quote(routerId)}`] : []),
    ...(mail
      ? [
          ...block("notification_email", ...mail.to.map(quote)),
          ...(mail.from ? [`notification_email_from ${quote(mail.from)}`] : []),
          `smtp_server ${mail.server} ${mail.port}`,
          `smtp_connect_timeout ${seconds(mail.connectTimeout)}`,
          ...(mail.helo ? [`smtp_helo_name ${quote(mail.helo)}`] : []),
        ]
      : []),
    ...(scriptUser?.user ? [`script_user ${[scriptUser.user, scriptUser.group].filter(Boolean).join(" ")}`] : []),
    ...(scriptSecurity ? ["enable_script_security"] : []),
    ...(notifyFifo ? [`notify_fifo ${quote(notifyFifo.path)}`] : []),
  ];
}

function checkerOnly({ noCheckerEmails, rsInitNotifies, lvsNotifyFifo, notifyFifo }: HealthSettings): Lines {
  return [
    ...(noCheckerEmails ? ["no_checker_emails"] : []),
    ...(rsInitNotifies ? ["rs_init_notifies"] : []),
    ...(lvsNotifyFifo ? [`lvs_notify_fifo ${quote(lvsNotifyFifo.path)}`] : []),
    ...fifoScript("lvs_notify_fifo_script", lvsNotifyFifo),
    ...fifoScript("notify_fifo_script", notifyFifo),
  ];
}

function fifoScript(keyword: string, fifo: NotifyFifo | undefined): Lines {
  return fifo?.script ? [`${keyword} ${printScript(fifo.script)}`] : [];
}

function timeouts(given: Timeouts): Lines {
  const names = Object.keys(TIMEOUT_NAMES) as (keyof typeof TIMEOUT_NAMES)[];
  const changed = names.filter((name) => given[name] !== DEFAULT_SETTINGS.timeouts[name]);
  if (changed.length === 0) return [];
  return [`lvs_timeouts ${changed.map((name) => `${TIMEOUT_NAMES[name]} ${given[name]}`).join(" ")}`];
}
