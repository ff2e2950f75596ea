import { type ErrorDetails, type JidokaError, messageOf } from '../base/errors.js';
import { mqttErrors } from './errors.js';

type Maker = (details: ErrorDetails) => JidokaError;

/** Codes of Node's sockets and TLS that tell the plant engineer what to do. */
const BY_CODE: ReadonlyMap<string, Maker> = new Map([
  ...(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT', 'EADDRNOTAVAIL'] as const).map(
    (code): [string, Maker] => [code, mqttErrors.MQTT_UNREACHABLE],
  ),
  ...(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL'] as const).map((code): [string, Maker] => [
    code,
    mqttErrors.MQTT_HOST_UNKNOWN,
  ]),
  ...(['ECONNRESET', 'EPIPE', 'ECONNABORTED'] as const).map((code): [string, Maker] => [code, mqttErrors.MQTT_HUNG_UP]),
  ...(
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_UNTRUSTED',
      'CERT_SIGNATURE_FAILURE',
    ] as const
  ).map((code): [string, Maker] => [code, mqttErrors.MQTT_TLS_UNTRUSTED]),
  ['ERR_TLS_CERT_ALTNAME_INVALID', mqttErrors.MQTT_TLS_NAME],
  ['CERT_HAS_EXPIRED', mqttErrors.MQTT_TLS_EXPIRED],
  ['CERT_NOT_YET_VALID', mqttErrors.MQTT_TLS_EXPIRED],
  ['EPROTO', mqttErrors.MQTT_TLS_FAILED],
]);

/** Turns what a socket, TLS or the client library threw while connecting into one of the catalogue's errors. */
export function connectError(error: unknown, where: string): JidokaError {
  const code = errorCode(error);
  const details = { where, got: messageOf(error) || (code ?? 'no answer'), cause: error };
  if (code !== undefined) {
    const maker = BY_CODE.get(code);
    if (maker !== undefined) return maker(details);
    if (/^ERR_(SSL|TLS|OSSL)_|^CERT_/.test(code)) return mqttErrors.MQTT_TLS_FAILED(details);
  }
  if (messageOf(error) === 'connack timeout') {
    return mqttErrors.MQTT_CONNECT_TIMEOUT({ where, got: 'no answer to the CONNECT', cause: error });
  }
  return mqttErrors.MQTT_HUNG_UP(details);
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
