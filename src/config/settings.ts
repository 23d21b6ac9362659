// SPDX-License-Identifier: MIT
// Between the settings' document and the model: other spellings, defaults filled in. Pure.

import { XdirectorError } from "../errors.ts";
import { DEFAULT_SETTINGS, type Settings } from "../model/settings.ts";
import type { FullSettingsDocument, SettingsDocument } from "./settings-schema.ts";

/** The settings that a well-formed document describes; what it leaves out is as in `base`. @throws UNSUPPORTED */
export function toSettings(document: SettingsDocument, base: Settings = DEFAULT_SETTINGS): Settings {
  const { timeouts = {}, secure_tcp: secureTcp = base.secureTcp } = document;
  if (secureTcp === 1 || secureTcp === 2) {
    const message = `secure_tcp ${secureTcp} (automatic) is not available yet: use 0 or 3`;
    throw new XdirectorError("UNSUPPORTED", message, [{ field: "settings.secure_tcp", message }]);
  }
  return {
    connReuseMode: document.conn_reuse_mode ?? base.connReuseMode,
    expireNodestConn: document.expire_nodest_conn ?? base.expireNodestConn,
    expireQuiescentTemplate: document.expire_quiescent_template ?? base.expireQuiescentTemplate,
    sloppyTcp: document.sloppy_tcp ?? base.sloppyTcp,
    sloppySctp: document.sloppy_sctp ?? base.sloppySctp,
    natIcmpSend: document.nat_icmp_send ?? base.natIcmpSend,
    pmtuDisc: document.pmtu_disc ?? base.pmtuDisc,
    secureTcp,
    dropEntry: document.drop_entry ?? base.dropEntry,
    dropPacket: document.drop_packet ?? base.dropPacket,
    amDroprate: document.am_droprate ?? base.amDroprate,
    amemthresh: document.amemthresh ?? base.amemthresh,
    lblcExpiration: document.lblc_expiration ?? base.lblcExpiration,
    lblcrExpiration: document.lblcr_expiration ?? base.lblcrExpiration,
    timeouts: {
      tcp: timeouts.tcp ?? base.timeouts.tcp,
      tcpFin: timeouts.tcpfin ?? base.timeouts.tcpFin,
      udp: timeouts.udp ?? base.timeouts.udp,
    },
  };
}

/** Inverse of {@link toSettings}: every field written out. */
export function toSettingsDocument({ timeouts, ...settings }: Settings): FullSettingsDocument {
  return {
    conn_reuse_mode: settings.connReuseMode,
    expire_nodest_conn: settings.expireNodestConn,
    expire_quiescent_template: settings.expireQuiescentTemplate,
    sloppy_tcp: settings.sloppyTcp,
    sloppy_sctp: settings.sloppySctp,
    nat_icmp_send: settings.natIcmpSend,
    pmtu_disc: settings.pmtuDisc,
    secure_tcp: settings.secureTcp,
    drop_entry: settings.dropEntry,
    drop_packet: settings.dropPacket,
    am_droprate: settings.amDroprate,
    amemthresh: settings.amemthresh,
    lblc_expiration: settings.lblcExpiration,
    lblcr_expiration: settings.lblcrExpiration,
    timeouts: { tcp: timeouts.tcp, tcpfin: timeouts.tcpFin, udp: timeouts.udp },
  };
}
