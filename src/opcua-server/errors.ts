import { defineErrors } from '../base/errors.js';

export const opcuaServerErrors = defineErrors({
  OPCUA_SERVER_PORT_TAKEN: {
    consequence: 'transient',
    summary: 'The OPC UA server cannot listen at its address.',
    remedy:
      'End the other program that uses the port, or set another `opcuaServer.port`; `opcuaServer.host` must be an address of this gateway. It is tried again; the stations go on meanwhile.',
  },
  OPCUA_SERVER_CERTIFICATE: {
    consequence: 'transient',
    summary: 'The OPC UA server cannot use its certificate or its PKI folder.',
    remedy:
      'Check the files under `opcuaServer.certificate` (PEM, readable, belonging together) and that the PKI folder can be written. It is tried again; the stations go on meanwhile.',
  },
  OPCUA_SERVER_FAILED: {
    consequence: 'transient',
    summary: 'The OPC UA server could not be started, or it has ended.',
    remedy:
      'It is started again by itself; the stations go on meanwhile. If it stays so, the log at level debug says more.',
  },
});
