import { WellKnownRoles } from 'node-opcua-address-space';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  type EndpointDescription,
  MessageSecurityMode,
  resolveNodeId,
  SecurityPolicy,
  UserTokenType,
} from 'node-opcua-client';
import { nodesets } from 'node-opcua-nodesets';
import { OPCUAServer } from 'node-opcua-server';
import type { Access } from './access.js';
import { adjustQueues, MAX_QUEUE } from './event-queues.js';
import { applicationUri, ownCertificateFile } from './own-certificate.js';
import type { ServerSettings } from './protocol.js';

/** Bounds of what clients together may make the server hold. */
const LIMITS = {
  maxSubscriptionsPerSession: 10,
  maxMonitoredItemsPerSubscription: 2000,
  maxMonitoredItemsQueueSize: MAX_QUEUE,
  maxBrowseContinuationPoints: 10,
  maxArrayLength: 10_000,
  maxStringLength: 65_536,
  maxByteStringLength: 1_048_576,
  minSupportedSampleRate: 50,
  operationLimits: {
    maxNodesPerRead: 1000,
    maxNodesPerWrite: 100,
    maxNodesPerBrowse: 1000,
    maxNodesPerMethodCall: 50,
    maxMonitoredItemsPerCall: 1000,
    maxNodesPerTranslateBrowsePathsToNodeIds: 1000,
  },
};
/** Connections beside those of the sessions, such as of clients that look for endpoints. */
const SPARE_CONNECTIONS = 10;

const LOGINS: ReadonlySet<UserTokenType> = new Set([UserTokenType.UserName, UserTokenType.Anonymous]);
const MODES = { sign: MessageSecurityMode.Sign, signAndEncrypt: MessageSecurityMode.SignAndEncrypt };

/** An OPC UA server with the types of machine vision, its security as configured. Not started yet. */
export function createServer(
  settings: ServerSettings,
  access: Access,
  certificates: OPCUACertificateManager,
): OPCUAServer {
  const { certificate, anonymous, maxSessions, policies } = settings;
  const secure = policies.filter((policy) => policy !== 'None').map((policy) => SecurityPolicy[policy]);
  const open = policies.includes('None');
  const server = new OPCUAServer({
    host: settings.host,
    port: settings.port,
    hostname: settings.hostname,
    nodesets: [nodesets.standard, nodesets.machineVision],
    serverCertificateManager: certificates,
    // Certificates as logins are not offered.
    userCertificateManager: certificates,
    certificateFile: certificate?.cert ?? ownCertificateFile(settings),
    ...(certificate !== undefined && { privateKeyFile: certificate.key }),
    securityPolicies: [...(open ? [SecurityPolicy.None] : []), ...secure],
    securityModes: [
      ...(open ? [MessageSecurityMode.None] : []),
      ...(secure.length === 0 ? [] : settings.modes.map((mode) => MODES[mode])),
    ],
    allowAnonymous: anonymous,
    userManager: {
      isValidUser: () => false,
      isValidUserAsync: (name, password, callback) => {
        void access.admits(name, password).then((admitted) => callback(null, admitted));
      },
      getUserRoles: (name) => {
        const role = access.roleOf(name);
        const roles = [WellKnownRoles.AuthenticatedUser, ...(role === 'operator' ? [WellKnownRoles.Operator] : [])];
        return role === undefined ? [] : roles.map((node) => resolveNodeId(node));
      },
    },
    maxConnectionsPerEndpoint: maxSessions + SPARE_CONNECTIONS,
    serverCapabilities: {
      ...LIMITS,
      maxSessions,
      maxSubscriptions: maxSessions * LIMITS.maxSubscriptionsPerSession,
      maxMonitoredItems: maxSessions * LIMITS.maxMonitoredItemsPerSubscription,
    },
    allowAnonymousSubscriptionTransferOnUnsecuredChannel: false,
    serverInfo: {
      applicationUri: applicationUri(settings),
      productUri: 'urn:jidoka',
      applicationName: `jidoka ${settings.gateway}`,
    },
    buildInfo: {
      productName: 'jidoka',
      productUri: 'urn:jidoka',
      manufacturerName: 'jidoka',
      softwareVersion: settings.version,
      buildNumber: settings.version,
    },
  });
  adjustQueues(server);
  return server;
}

/** The library offers every kind of login, and accepts what is offered. */
export function restrictLogins(server: OPCUAServer): void {
  for (const description of descriptionsOf(server)) {
    const { userIdentityTokens } = description;
    description.userIdentityTokens = (userIdentityTokens ?? []).filter(({ tokenType }) => LOGINS.has(tokenType));
  }
}

export function descriptionsOf(server: OPCUAServer): readonly EndpointDescription[] {
  return server.endpoints.flatMap((endpoint) => endpoint.endpointDescriptions());
}
