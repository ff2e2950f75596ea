import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';

/**
 * The connection a tag means: the one it names, or the only one there is. `where` says whose tag it is. Throws
 * `OPCUA_CONNECTION_UNKNOWN` or `OPCUA_CONNECTION_AMBIGUOUS`.
 */
export function connectionFor(
  connections: ReadonlyMap<string, OpcuaConnection>,
  name: string | undefined,
  where: string,
): OpcuaConnection {
  const known = [...connections.keys()];
  const expected = known.length === 0 ? 'at least one connection under `opcua`' : `one of ${known.join(', ')}`;
  if (name === undefined && known.length > 1) throw opcuaErrors.OPCUA_CONNECTION_AMBIGUOUS({ where, expected });
  const connection = connections.get(name ?? known[0] ?? '');
  if (connection === undefined) {
    throw opcuaErrors.OPCUA_CONNECTION_UNKNOWN({ where, expected, ...(name !== undefined && { got: name }) });
  }
  return connection;
}
