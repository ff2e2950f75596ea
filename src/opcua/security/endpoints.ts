import type { EndpointDescription, GetEndpointsResponse } from 'node-opcua-client';
import type { OpcuaConnectionConfig } from '../../config/schema/connections.js';
import { opcuaErrors } from '../errors.js';
import type { ClientLibrary } from '../library.js';

export type Mode = OpcuaConnectionConfig['securityMode'];
export type Policy = OpcuaConnectionConfig['securityPolicy'];
export type Login = 'anonymous' | 'username' | 'certificate';

/** One way in that a server offers. */
export interface Endpoint {
  /** As the server announces it, which need not be how it is reached. */
  readonly url: string;
  /** null where it is none of OPC UA's. */
  readonly mode: Mode | null;
  /** The last part of the policy's URI. */
  readonly policy: string;
  /** Whether jidoka speaks mode and policy; older policies are broken. */
  readonly supported: boolean;
  readonly logins: readonly Login[];
  /** A password would travel in plain text. */
  readonly plainPassword: boolean;
  readonly applicationUri: string;
  readonly applicationName: string;
  /** Certificates in DER one behind the other; empty where it has none. */
  readonly certificate: Buffer;
}

/** The weakest first. */
export const POLICIES: readonly Policy[] = ['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'];
const MODES: readonly Mode[] = ['none', 'sign', 'signAndEncrypt'];

/** Asks a server for its endpoints over a channel without security, as everybody may. Throws what the library says. */
export async function readEndpoints(
  library: ClientLibrary,
  url: string,
  timeoutMs: number,
): Promise<readonly Endpoint[]> {
  const channel = new library.ClientSecureChannelLayer({
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
    securityMode: library.MessageSecurityMode.None,
    securityPolicy: library.SecurityPolicy.None,
    transportTimeout: timeoutMs,
    defaultTransactionTimeout: timeoutMs,
  });
  try {
    await new Promise<void>((resolve, reject) => channel.create(url, (error) => (error ? reject(error) : resolve())));
    const request = new library.GetEndpointsRequest({ endpointUrl: url });
    const response = await new Promise<GetEndpointsResponse>((resolve, reject) =>
      channel.performMessageTransaction(request, (error, answer) =>
        error ? reject(error) : resolve(answer as GetEndpointsResponse),
      ),
    );
    return (response.endpoints ?? []).map((endpoint) => describeEndpoint(library, endpoint)).filter(isForUs);
  } finally {
    await new Promise<void>((resolve) => channel.close(() => resolve()));
  }
}

export function describeEndpoint(library: ClientLibrary, endpoint: EndpointDescription): Endpoint {
  const policy = policyName(endpoint.securityPolicyUri);
  const mode = modeName(library, endpoint.securityMode);
  const tokens = endpoint.userIdentityTokens ?? [];
  const { UserTokenType } = library;
  const kinds: readonly (readonly [Login, number])[] = [
    ['anonymous', UserTokenType.Anonymous],
    ['username', UserTokenType.UserName],
    ['certificate', UserTokenType.Certificate],
  ];
  const certificate = endpoint.serverCertificate ?? Buffer.alloc(0);
  const userNames = tokens.filter((token) => token.tokenType === UserTokenType.UserName);
  const encrypted = userNames.some(
    (token) => policyName(token.securityPolicyUri || endpoint.securityPolicyUri) !== 'None',
  );
  return {
    url: endpoint.endpointUrl ?? '',
    mode,
    policy,
    supported:
      mode !== null && (POLICIES as readonly string[]).includes(policy) && (mode === 'none') === (policy === 'None'),
    logins: kinds.filter(([, type]) => tokens.some((token) => token.tokenType === type)).map(([kind]) => kind),
    plainPassword: userNames.length > 0 && mode !== 'signAndEncrypt' && (!encrypted || certificate.length === 0),
    applicationUri: endpoint.server?.applicationUri ?? '',
    applicationName: endpoint.server?.applicationName?.text ?? '',
    certificate,
  };
}

/** The endpoint for a mode and a policy. Throws `OPCUA_POLICY_NOT_OFFERED`, which lists what there is. */
export function endpointFor(
  endpoints: readonly Endpoint[],
  { endpoint: where, securityMode, securityPolicy }: OpcuaConnectionConfig,
): Endpoint {
  const found = endpoints.find(({ mode, policy }) => mode === securityMode && policy === securityPolicy);
  if (found !== undefined) return found;
  const offered = endpoints.filter(({ supported }) => supported).map(({ mode, policy }) => `${mode} with ${policy}`);
  throw opcuaErrors.OPCUA_POLICY_NOT_OFFERED({
    where,
    got: `${securityMode} with ${securityPolicy}`,
    expected: offered.length === 0 ? 'nothing that jidoka supports' : `one of ${[...new Set(offered)].join(', ')}`,
    hint: `Set \`securityMode\` and \`securityPolicy\` to a pair that the server offers (jidoka opcua discover ${where}), or enable it in the server.`,
  });
}

/** Throws `OPCUA_LOGIN_KIND_NOT_OFFERED` where the endpoint does not take this kind of login. */
export function checkLoginOffered({ logins }: Endpoint, login: Login, where: string): void {
  if (logins.includes(login)) return;
  throw opcuaErrors.OPCUA_LOGIN_KIND_NOT_OFFERED({
    where,
    got: LOGIN_NAMES[login],
    expected:
      logins.length === 0 ? 'a kind that jidoka does not know' : logins.map((kind) => LOGIN_NAMES[kind]).join(' or '),
  });
}

export const LOGIN_NAMES: Readonly<Record<Login, string>> = {
  anonymous: 'anonymous',
  username: 'user name and password',
  certificate: 'user certificate',
};

/** The strongest that both sides speak; encrypted before signed before none. */
export function recommended(endpoints: readonly Endpoint[]): Endpoint | undefined {
  const strength = ({ mode, policy }: Endpoint): number =>
    10 * MODES.indexOf(mode ?? 'none') + POLICIES.indexOf(policy as Policy);
  return endpoints.filter(({ supported }) => supported).sort((one, other) => strength(other) - strength(one))[0];
}

/** `Basic256Sha256` of `http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256`. */
function policyName(uri: string | null | undefined): string {
  return (uri ?? '').split('#').at(-1) || 'None';
}

function modeName(library: ClientLibrary, mode: number): Mode | null {
  const { MessageSecurityMode } = library;
  if (mode === MessageSecurityMode.None) return 'none';
  if (mode === MessageSecurityMode.Sign) return 'sign';
  return mode === MessageSecurityMode.SignAndEncrypt ? 'signAndEncrypt' : null;
}

/** A server may announce endpoints of other transports, such as HTTPS. */
function isForUs({ url }: Endpoint): boolean {
  return url.startsWith('opc.tcp:');
}
