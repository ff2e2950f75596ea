import { createRequire } from 'node:module';

/**
 * The nodes that every OPC UA server must have, without the thousands of types of the whole standard: a server with them
 * starts in less than half the time.
 */
export const smallNodeset = createRequire(import.meta.url).resolve(
  'node-opcua-address-space/nodesets/mini.Nodeset2.xml',
);
