import type { Finding } from '../problem.js';
import { code } from '../wording.js';
import type { Cursor } from './cursor.js';

/** Whether anybody can use the gateway's OPC UA server, and nobody by mistake. */
export function checkOpcuaServer(root: Cursor): readonly Finding[] {
  const server = root.at('opcuaServer');
  if (!server.exists) return [];
  return [...checkLogins(server), ...checkNames(server), ...checkOperators(server), ...checkFiles(server)];
}

function checkLogins(server: Cursor): readonly Finding[] {
  if (server.at('users').items.length > 0 || server.at('anonymous').value === true) return [];
  const what = 'Nobody could log in to this server.';
  const instead = 'Add `users: [{ name: NAME, password: { env: VARIABLE }, role: operator }]`, or `anonymous: true`.';
  return [{ path: server.path, at: 'key', what, instead }];
}

function checkNames(server: Cursor): readonly Finding[] {
  const seen = new Set<string>();
  return server.at('users').items.flatMap((user): Finding[] => {
    const name = user.at('name');
    if (name.text === undefined) return [];
    if (!seen.has(name.text)) {
      seen.add(name.text);
      return [];
    }
    const what = `There is a user ${code(name.text)} already.`;
    return [{ path: name.path, at: 'value', what, instead: 'Give each user a name of its own.' }];
  });
}

/** Methods are refused over a channel that anybody on the network could take over. */
function checkOperators(server: Cursor): readonly Finding[] {
  const policies = server.at('policies').items.map(({ text }) => text);
  const open = policies.length > 0 && policies.every((policy) => policy === 'None');
  const host = server.at('host').text ?? '127.0.0.1';
  const operator = server.at('users').items.find((user) => user.at('role').text === 'operator');
  if (!open || operator === undefined || /^(127\.|::1$|localhost$)/i.test(host)) return [];
  const what = 'An operator could never call a method: the only policy is `None`, and the server is open to a network.';
  const instead = 'Add a policy such as `Basic256Sha256`, or leave `host` at 127.0.0.1.';
  return [{ path: operator.at('role').path, at: 'value', what, instead }];
}

function checkFiles(server: Cursor): readonly Finding[] {
  const { entries } = server.at('certificate');
  return entries.flatMap(([, file]): Finding[] => {
    if (file.text?.includes('-----BEGIN') !== true) return [];
    const what = `${code(file.path.at(-1))} holds the certificate or key itself.`;
    return [{ path: file.path, at: 'key', what, instead: 'Put it into a file and write the path of that file.' }];
  });
}
