// SPDX-License-Identifier: MIT
// The keywords that belong to VRRP, BFD and static addresses. They are only recognised here: what they
// mean is keepalived's own business, which is given the statements as they are written.

import type { Statement } from "./tree.ts";
import { type Context, type Keywords, known, knownBlocks, walk } from "./walk.ts";

/** A block of its own keywords. */
function blockOf(keywords: Keywords<unknown>): Keywords<unknown>[string] {
  return { block: true, read: (draft, { block = [] }, context) => walk(block, keywords, draft, context) };
}

const NOTIFY = `
  notify notify_master notify_backup notify_fault notify_stop notify_deleted notify_priority_changes smtp_alert`;
const TRACK = "track_interface track_script track_file track_process track_bfd";

const INSTANCE: Keywords<unknown> = {
  ...known(`
    state interface vrf use_vmac use_vmac_addr vmac_xmit_base use_ipvlan native_ipv6 dont_track_primary
    mcast_src_ip mcast_dst_ip unicast_src_ip track_src_ip version check_unicast_src unicast_fault_no_peer unicast_ttl
    old_unicast_checksum garp_master_delay garp_master_repeat garp_lower_prio_delay garp_lower_prio_repeat
    garp_master_refresh garp_master_refresh_repeat garp_extra_if down_timer_adverts lower_prio_no_advert
    higher_prio_send_advert virtual_router_id priority advert_int promote_secondaries accept no_accept nopreempt preempt
    preempt_delay skip_check_adv_addr strict_mode debug notify_master_rx_lower_pri kernel_rx_buf_size
    linkbeat_use_polling lvs_sync_daemon_interface timer_expired_backup ${NOTIFY}`),
  ...knownBlocks(`
    virtual_ipaddress virtual_ipaddress_excluded virtual_routes virtual_rules unicast_peer ${TRACK}`),
  authentication: blockOf(known("auth_type auth_pass")),
};

const SYNC_GROUP: Keywords<unknown> = {
  ...known(`global_tracking sync_group_tracking_weight ${NOTIFY}`),
  ...knownBlocks(`group ${TRACK}`),
};

/** keepalived's own samples name instances without a group block around them. */
function readSyncGroup(draft: unknown, { block = [] }: Statement, context: Context): void {
  const isName = ({ keyword, args, block: inner }: Statement) =>
    args.length === 0 && !inner && !Object.hasOwn(SYNC_GROUP, keyword.value);
  for (const { keyword } of block.filter(isName)) {
    context.diagnostics.warn(keyword, `'${keyword.value}' is ignored: instances are named in group { }`);
  }
  walk(
    block.filter((statement) => !isName(statement)),
    SYNC_GROUP,
    draft,
    context,
  );
}

const SCRIPT = known("script interval timeout weight rise fall user init_fail");
const PROCESS = known("process param_match weight quorum quorum_max fork_delay terminate_delay delay full_command");
const GARP_GROUP: Keywords<unknown> = {
  ...known("garp_interval gna_interval interface"),
  ...knownBlocks("interfaces"),
};
const BFD = known(`
  neighbor_ip neighbour_ip source_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops weight vrrp checker`);

/** At the top level of a file. */
export const VRRP_KEYWORDS: Keywords<unknown> = {
  vrrp_instance: blockOf(INSTANCE),
  vrrp_sync_group: { block: true, read: readSyncGroup },
  vrrp_script: blockOf(SCRIPT),
  vrrp_track_process: blockOf(PROCESS),
  garp_group: blockOf(GARP_GROUP),
  bfd_instance: blockOf(BFD),
  track_group: blockOf(knownBlocks("group")),
  static_track_group: blockOf(knownBlocks("group")),
  ...knownBlocks("static_ipaddress static_routes static_rules linkbeat_interfaces interface_up_down_delays"),
};
