import { defineErrors } from '../base/errors.js';

export const opcuaErrors = defineErrors({
  OPCUA_CONNECTION_UNKNOWN: {
    consequence: 'config',
    summary: 'A station names an OPC UA connection that is not configured.',
    remedy: 'Add it under `opcua`, or correct the name.',
  },
  OPCUA_CONNECTION_AMBIGUOUS: {
    consequence: 'config',
    summary: 'A tag does not say which of several OPC UA connections it belongs to.',
    remedy: 'Write `connection: NAME` beside its nodeId.',
  },
  OPCUA_SERVER_ABSENT: {
    consequence: 'transient',
    summary: 'No OPC UA server answers at this address.',
    remedy: 'Check that the server runs, and the address, port and firewall between it and the gateway.',
  },
  OPCUA_SERVER_SILENT: {
    consequence: 'transient',
    summary: 'The OPC UA server does not answer any more.',
    remedy: 'Check whether the PLC or the server hangs, and the network between it and the gateway.',
  },
  OPCUA_CONNECTION_LOST: {
    consequence: 'transient',
    summary: 'The connection to the OPC UA server was lost.',
    remedy: 'It is built anew by itself; if this happens often, look at the server log and the network.',
  },
  OPCUA_POLICY_NOT_OFFERED: {
    consequence: 'transient',
    summary: 'The OPC UA server does not offer this security mode together with this security policy.',
    remedy:
      "Set `securityMode` and `securityPolicy` to a pair that the server offers, or enable it in the server's set-up.",
  },
  OPCUA_CERT_UNTRUSTED: {
    consequence: 'transient',
    summary: 'The OPC UA server presented a certificate that is not trusted.',
    remedy: 'Compare its fingerprint with the one the server shows, then trust it: `jidoka opcua trust`.',
  },
  OPCUA_CERT_EXPIRED: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate has expired.",
    remedy:
      'Renew it in the server and trust the new one with `jidoka opcua trust`; if it should be valid, set the clocks of server and gateway.',
  },
  OPCUA_CERT_NOT_YET_VALID: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate is not valid yet.",
    remedy:
      'Set the clocks of the server and the gateway, best by NTP. A certificate that a PLC made while its clock was wrong must be made anew.',
  },
  OPCUA_CERT_HOST_MISMATCH: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate is for another host.",
    remedy:
      'Write one of its names into `endpoint`, or have the server make a certificate for this one. Where the server is reached by another name on purpose, set `checkHostName: false`.',
  },
  OPCUA_CERT_URI_MISMATCH: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate is for another application.",
    remedy:
      'Have the server make its certificate anew. If it was not renamed or copied, somebody else may answer in its place.',
  },
  OPCUA_CERT_ISSUER_UNKNOWN: {
    consequence: 'transient',
    summary: "The authority that issued the OPC UA server's certificate is not known.",
    remedy:
      "Trust the authority with its certificate and its revocation list, or this server's certificate alone: `jidoka opcua trust`.",
  },
  OPCUA_CERT_REVOKED: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate was revoked by its authority.",
    remedy: 'Ask the authority why, and have it issue a new one to the server.',
  },
  OPCUA_CERT_REVOCATION_UNKNOWN: {
    consequence: 'transient',
    summary: "It cannot be told whether the OPC UA server's certificate was revoked.",
    remedy:
      "Add the authority's revocation list with `jidoka opcua trust FILE.crl`, or trust this server's certificate alone.",
  },
  OPCUA_CERT_INVALID: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate cannot be used.",
    remedy: 'Have the server make its certificate anew: RSA with 2048 bits or more, signed with SHA-256.',
  },
  OPCUA_CERT_NOT_FOUND: {
    consequence: 'config',
    summary: 'No certificate, or more than one, has this fingerprint.',
    remedy: '`jidoka opcua trust` lists those that were refused, `jidoka opcua trust --list` those that are trusted.',
  },
  OPCUA_TRUST_FILE_UNUSABLE: {
    consequence: 'config',
    summary: 'This file is neither a certificate nor a revocation list.',
    remedy: 'Give a certificate (.der, .cer, .crt, .pem) or a revocation list (.crl), in PEM or DER.',
  },
  OPCUA_OWN_CERT_UNUSABLE: {
    consequence: 'transient',
    summary: 'The certificate or key that the gateway is to present cannot be used.',
    remedy: 'Correct the file, or its path in `applicationCertificate` or `userCertificate`.',
  },
  OPCUA_OWN_CERT_EXPIRED: {
    consequence: 'transient',
    summary: 'The certificate that the gateway is to present is not valid now.',
    remedy: 'Have it renewed by whoever issued it and put the new files in place.',
  },
  OPCUA_CLIENT_CERT_REFUSED: {
    consequence: 'transient',
    summary: "The OPC UA server refused the gateway's certificate; it probably does not trust it yet.",
    remedy:
      "Look in the server's list of rejected certificates and trust the gateway's; `jidoka opcua certificate` shows it.",
  },
  OPCUA_USER_CERT_REFUSED: {
    consequence: 'transient',
    summary: "The OPC UA server refused the user's certificate.",
    remedy:
      "Make the certificate of `userCertificate` known to the server as a user's; servers keep those apart from the certificates of applications.",
  },
  OPCUA_LOGIN_REFUSED: {
    consequence: 'transient',
    summary: 'The OPC UA server refused the user name or the password.',
    remedy: 'Correct `username` and `password`, or the user in the server. Attempts go on at the longest interval.',
  },
  OPCUA_LOGIN_KIND_NOT_OFFERED: {
    consequence: 'transient',
    summary: 'The OPC UA server does not accept this kind of login.',
    remedy:
      'Configure `username` and `password` or `userCertificate` where it wants a user, leave them out where it only knows anonymous ones.',
  },
  OPCUA_TOO_MANY_SESSIONS: {
    consequence: 'transient',
    summary: 'The OPC UA server has no free session.',
    remedy: 'Close other clients, or raise the number of sessions in the server.',
  },
  OPCUA_CONNECT_FAILED: {
    consequence: 'transient',
    summary: 'The connection to the OPC UA server could not be set up.',
    remedy: 'The text tells what the server or the library said; the server log may tell more.',
  },
  OPCUA_NODE_UNKNOWN: {
    consequence: 'degraded',
    summary: 'The OPC UA server has no node with this NodeId.',
    remedy:
      'Look for the tag with `jidoka opcua browse NAME --find WORD`; the namespace index may have changed with the PLC program.',
  },
  OPCUA_NODE_REFUSED: {
    consequence: 'degraded',
    summary: 'The OPC UA server does not let this tag be read.',
    remedy: "Check the tag's access rights and the rights of the configured user.",
  },
  OPCUA_VALUE_UNSUPPORTED: {
    consequence: 'degraded',
    summary: 'This value cannot be used as a reading.',
    remedy: 'Give the NodeId of a single number, boolean or string, such as one element of the array.',
  },
  OPCUA_VALUE_BAD: {
    consequence: 'degraded',
    summary: 'The OPC UA server says that the value of this tag is bad.',
    remedy: 'Check the sensor and its wiring, and the PLC module it is connected to.',
  },
  OPCUA_CHANGES_MISSED: {
    consequence: 'degraded',
    summary: 'A watched tag changed while nobody could see it; no part was opened for that.',
    remedy:
      'Parts that passed meanwhile are not inspected. If it happens often, look at the network and the sampling interval.',
  },
  OPCUA_NOT_CONNECTED: {
    consequence: 'transient',
    summary: 'There is no connection to the OPC UA server.',
    remedy: "See the connection's own message for the reason.",
  },
  OPCUA_WRITE_TIMEOUT: {
    consequence: 'transient',
    summary: 'The PLC did not confirm the verdict in time.',
    remedy: 'Check the load of the PLC and the network, or raise `output.plc.timeoutMs`.',
  },
  OPCUA_WRITE_REFUSED: {
    consequence: 'transient',
    summary: 'The PLC refused a value of the verdict.',
    remedy: "Check the tags' NodeIds, data types and write access, and the rights of the configured user.",
  },
  OPCUA_WRITE_TYPE: {
    consequence: 'transient',
    summary: 'A tag that is written to has a data type that cannot hold its value.',
    remedy:
      'Flags want Boolean, codes and counters an integer, score Float or Double, label and inspectionId String, partId what the PLC gave.',
  },
  OPCUA_RESULT_EXPIRED: {
    consequence: 'transient',
    summary: 'The verdict was made in time, but the PLC could not be given it before the deadline of the part.',
    remedy:
      'Look at `plc` in the state of the station: the PLC acknowledges late, or the line is faster than the handshake.',
  },
  OPCUA_RESULT_ABANDONED: {
    consequence: 'transient',
    summary: 'The PLC was lost or the station stopped while the part was under way; the PLC gets no result for it.',
    remedy: "See the connection's own message for the reason. The PLC rejects a part without a result.",
  },
  OPCUA_TRIGGER_OVERRUN: {
    consequence: 'degraded',
    summary: 'A trigger came before the station was ready; the part waits for its turn.',
    remedy: 'Let the PLC trigger only while `ready` is true, or look at what makes the inspection slow.',
  },
  OPCUA_NOT_ACKNOWLEDGED: {
    consequence: 'degraded',
    summary: 'The PLC has not acknowledged a result; it was taken down, and the station is ready for the next part.',
    remedy: "Check that the PLC program sets `ack` when it sees `done`, and `ackTimeoutMs` against the program's pace.",
  },
  OPCUA_ACK_STUCK: {
    consequence: 'degraded',
    summary: 'The PLC has not lowered its acknowledgement though the result was taken down.',
    remedy: 'Check that the PLC program lowers `ack` when `done` has fallen.',
  },
  OPCUA_PLC_SILENT: {
    consequence: 'degraded',
    summary: "The PLC's heartbeat stands still: its program does not run, though its OPC UA server answers.",
    remedy: 'Check whether the PLC is in STOP, and the tag under `plcHeartbeat`.',
  },
  OPCUA_PLC_RESTARTED: {
    consequence: 'degraded',
    summary: 'The PLC has lowered Ready: its program begins anew, and parts under way get no result.',
    remedy:
      'Nothing to do after a start of the PLC program, or after a part that it gave up before the station had seen it. Otherwise look for what else writes the tag under `ready`: the PLC may lower it, and the station alone raises it.',
  },
  OPCUA_PART_UNREAD: {
    consequence: 'degraded',
    summary: 'The id or the recipe of a part could not be read together with its trigger.',
    remedy:
      'Check the NodeIds under `trigger`, and that the PLC holds both until `busy` or `triggerAck`. The part is inspected without them.',
  },
});
