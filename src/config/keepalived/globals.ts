// SPDX-License-Identifier: MIT
// The `global_defs` block: what concerns virtual servers is read, what concerns VRRP is left to the real
// keepalived, the rest has no effect and says so.

import { PERSISTENCE_TIMEOUT_MAX } from "../../model/service.ts";
import type { GlobalDraft } from "./draft.ts";
import { readScript } from "./script.ts";
import type { Statement } from "./tree.ts";
import { PORT, type Range, readInteger, readInterval, readSwitch } from "./values.ts";
import { assign, type Context, ignored, type Keywords, known, type Row } from "./walk.ts";
import type { Word } from "./words.ts";

const SMTP_PORT = 25;
const TIMEOUT: Range = { min: 1, max: PERSISTENCE_TIMEOUT_MAX };
const TIMEOUT_NAMES = { tcp: "tcp", tcpfin: "tcpFin", udp: "udp" } as const;

/** Read here. */
const OWN: Keywords<GlobalDraft> = {
  router_id: {
    read: (draft, { keyword, args: [word] }, { diagnostics }) => {
      if (word) draft.routerId = word.value;
      else diagnostics.warn(keyword, "a name is missing after router_id: ignored");
    },
  },
  notification_email: {
    block: true,
    read: ({ emails }, { keyword, block = [] }, { diagnostics }) => {
      if (block.length === 0) diagnostics.warn(keyword, "nobody is named in notification_email");
      for (const { keyword, args } of block) emails.push(...[keyword, ...args].map(({ value }) => value));
    },
  },
  notification_email_from: {
    takes: [1, 1],
    read: (draft, { args: [word] }) => assign(draft, "emailFrom", word?.value),
  },
  smtp_server: {
    takes: [1, 2],
    read: (draft, { args: [host, portWord] }, context) => {
      const port = portWord ? readInteger(portWord, PORT, context) : SMTP_PORT;
      if (host && port !== undefined) draft.smtpServer = { host: host.value, port };
    },
  },
  smtp_helo_name: { takes: [1, 1], read: (draft, { args: [word] }) => assign(draft, "smtpHelo", word?.value) },
  smtp_connect_timeout: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "smtpConnectTimeout", word && readInterval(word, context)),
  },
  smtp_alert: flag("smtpAlert"),
  smtp_alert_checker: flag("smtpAlertChecker"),
  no_checker_emails: flag("noCheckerEmails"),
  checker_log_all_failures: flag("logAllFailures"),
  rs_init_notifies: flag("rsInitNotifies"),
  enable_script_security: flag("scriptSecurity"),
  script_user: {
    takes: [1, 2],
    read: (draft, { args: [user, group] }) => {
      draft.scriptUser = { ...(user && { user: user.value }), ...(group && { group: group.value }) };
    },
  },
  lvs_notify_fifo: {
    takes: [1, 3],
    read: ({ lvsNotifyFifo }, { args: [word] }, context) =>
      assign(lvsNotifyFifo, "path", word && readPath(word, context)),
  },
  lvs_notify_fifo_script: {
    takes: [1, 3],
    read: ({ lvsNotifyFifo }, statement, context) => assign(lvsNotifyFifo, "script", readScript(statement, context)),
  },
  notify_fifo: {
    takes: [1, 3],
    read: ({ notifyFifo }, { args: [word] }, context) => assign(notifyFifo, "path", word && readPath(word, context)),
  },
  notify_fifo_script: {
    takes: [1, 3],
    read: ({ notifyFifo }, statement, context) => assign(notifyFifo, "script", readScript(statement, context)),
  },
  lvs_timeouts: { takes: [2, 6], read: readTimeouts },
};

const LVS_WITHOUT_EFFECT: Keywords<unknown> = {
  ...ignored(
    "what the data plane holds and the file does not name is removed in any case",
    "lvs_flush lvs_flush_on_stop lvs_flush_onstop",
  ),
  ...ignored("flows are not synchronised yet", "lvs_sync_daemon"),
  ...ignored(
    "there is no checker process",
    `checker_cpu_affinity checker_no_swap checker_priority checker_process_name checker_rlimit_rtime
    checker_rlimit_rttime checker_rt_priority lvs_process_name`,
  ),
  ...ignored(
    "xdirector has no such socket",
    `lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs
    lvs_netlink_monitor_rcv_bufs_force`,
  ),
  ...ignored(
    "a group's services need no firewall marks here",
    "nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark",
  ),
  ...ignored("there is no SNMP agent; metrics are at /metrics", "enable_snmp_checker"),
  ...ignored(
    "a file is always checked before it is applied, and only what changed is",
    "reload_check_config reload_file reload_repeat reload_time_file",
  ),
  ...ignored("a file is read at once", "tmp_config_directory config_save_dir"),
};

/** About the process as a whole; at the top level of a file and in global_defs. */
export const PROCESS_WITHOUT_EFFECT: Keywords<unknown> = {
  ...ignored("run xdirector in that namespace: ip netns exec NAME xdirector run", "net_namespace net_namespace_ipvs"),
  ...ignored("xdirector has paths of its own", "instance use_pid_dir data_use_instance child_wait_time"),
};

/** The real keepalived's: not read here. */
const VRRP = known(`
  bfd_cpu_affinity bfd_no_swap bfd_priority bfd_process_name bfd_rlimit_rtime bfd_rlimit_rttime bfd_rt_priority
  dbus_service_name default_interface disable_local_igmp dynamic_interfaces enable_dbus enable_snmp_keepalived
  enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_snmp_vrrp enable_traps fifo_write_vrrp_states_on_reload
  linkbeat_use_polling log_unknown_vrids max_auto_priority min_auto_priority_delay namespace_with_ipsets nftables
  nftables_counters nftables_ifindex nftables_priority no_email_faults process_monitor_rcv_bufs
  process_monitor_rcv_bufs_force process_name process_names shutdown_script shutdown_script_timeout smtp_alert_vrrp
  snmp_socket startup_script startup_script_timeout umask vmac_addr_prefix vmac_prefix vrrp_check_unicast_src
  vrrp_cpu_affinity vrrp_down_timer_adverts vrrp_garp_extra_if vrrp_garp_interval vrrp_garp_lower_prio_delay
  vrrp_garp_lower_prio_repeat vrrp_garp_master_delay vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat
  vrrp_garp_master_repeat vrrp_gna_interval vrrp_higher_prio_send_advert vrrp_ipsets vrrp_iptables
  vrrp_lower_prio_no_advert vrrp_mcast_group4 vrrp_mcast_group6 vrrp_min_garp vrrp_netlink_cmd_rcv_bufs
  vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force vrrp_no_swap
  vrrp_notify_fifo vrrp_notify_fifo_script vrrp_notify_priority_changes vrrp_priority vrrp_process_name
  vrrp_rlimit_rtime vrrp_rlimit_rttime vrrp_rt_priority vrrp_rx_bufs_multiplier vrrp_rx_bufs_policy
  vrrp_skip_check_adv_addr vrrp_startup_delay vrrp_strict vrrp_version vrrp_vmac_garp_intvl`);

/** Read by the line reader, long before. */
const READ_ELSEWHERE = known("include_check random_seed");

export const GLOBAL_KEYWORDS: Keywords<GlobalDraft> = {
  ...VRRP,
  ...READ_ELSEWHERE,
  ...LVS_WITHOUT_EFFECT,
  ...PROCESS_WITHOUT_EFFECT,
  ...OWN,
};

/** Whether it is the real keepalived's alone. What both need, it is given from the health settings; see ha/. */
export function isForVrrp({ keyword: { value } }: Statement): boolean {
  return Object.hasOwn(VRRP, value) || value === "smtp_alert";
}

type FlagKey =
  | "smtpAlert"
  | "smtpAlertChecker"
  | "noCheckerEmails"
  | "logAllFailures"
  | "rsInitNotifies"
  | "scriptSecurity";

function flag(key: FlagKey): Row<GlobalDraft> {
  return {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, key, readSwitch(word, context)),
  };
}

function readPath(word: Word, { diagnostics }: Context): string | undefined {
  if (word.value.startsWith("/")) return word.value;
  diagnostics.error(word, `'${word.value}' is not an absolute path`);
  return undefined;
}

/** `tcp SECONDS tcpfin SECONDS udp SECONDS`, any of them. */
function readTimeouts({ timeouts }: GlobalDraft, { args }: Statement, context: Context): void {
  for (let index = 0; index < args.length; index += 2) {
    const [name, seconds] = args.slice(index, index + 2) as [Word, Word?];
    if (!Object.hasOwn(TIMEOUT_NAMES, name.value) || !seconds) {
      context.diagnostics.error(name, "lvs_timeouts takes tcp, tcpfin and udp, each with a number of seconds");
      return;
    }
    const key = TIMEOUT_NAMES[name.value as keyof typeof TIMEOUT_NAMES];
    assign(timeouts, key, readInteger(seconds, TIMEOUT, context));
  }
}
