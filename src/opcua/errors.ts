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
    remedy:
      "Compare its fingerprint with the server's, then move it from the `rejected` to the `trusted/certs` folder of the gateway's PKI folder.",
  },
  OPCUA_CERT_INVALID: {
    consequence: 'transient',
    summary: "The OPC UA server's certificate cannot be used.",
    remedy: "Check the certificate's validity and issuer, and the clocks of the server and the gateway.",
  },
  OPCUA_CLIENT_CERT_REFUSED: {
    consequence: 'transient',
    summary: 'The OPC UA server closed the secure channel; it probably does not trust the gateway yet.',
    remedy:
      "Look in the server's list of rejected certificates and trust the gateway's, `own/certs/client_certificate.pem` in its PKI folder.",
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
      'Configure `username` and `password` where it wants a user, leave them out where it only knows anonymous ones.',
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
    remedy: 'Compare the NodeId with an OPC UA browser; the namespace index may have changed with the PLC program.',
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
  OPCUA_PART_UNREAD: {
    consequence: 'degraded',
    summary: 'The id or the recipe of a part could not be read together with its trigger.',
    remedy:
      'Check the NodeIds under `trigger`, and that the PLC holds both until `busy` or `triggerAck`. The part is inspected without them.',
  },
});
