import type { Finding } from '../problem.js';
import { opcuaConnectionSchema } from '../schema/connections.js';
import { code } from '../wording.js';
import type { Cursor } from './cursor.js';

/** What the OPC UA servers and other addresses need besides the schema. */
export function checkConnections(root: Cursor): readonly Finding[] {
  const servers = root.at('opcua').entries;
  return [
    ...servers.flatMap(([, server]) => [
      ...checkUserInfo(server.at('endpoint')),
      ...checkLogin(server),
      ...checkIdentity(server),
      ...checkSecurity(server),
    ]),
    ...root.at('stations').items.flatMap((station) => checkUserInfo(station.at('camera').at('url'))),
  ];
}

/** A user name or a password in an address ends up in logs and backups. */
export function checkUserInfo(address: Cursor): readonly Finding[] {
  const { text, path } = address;
  if (text === undefined || !URL.canParse(text)) return [];
  const { username, password } = new URL(text);
  if (username === '' && password === '') return [];
  const what = `The address in ${code(path.findLast((key) => typeof key === 'string'))} holds a user name or a password in plain text.`;
  const instead =
    'Write the address without them, and beside it `username: NAME` and `password: { credential: NAME }`.';
  return [{ path, at: 'value', what, instead }];
}

/** A user name and a password come together. */
export function checkLogin(section: Cursor): readonly Finding[] {
  const [username, password] = [section.at('username'), section.at('password')];
  if (username.exists === password.exists) return [];
  if (password.exists) {
    const what = 'There is a `password` without a `username`.';
    return [{ path: password.path, at: 'key', what, instead: 'Add `username: NAME`, or remove the password.' }];
  }
  const what = 'There is a `username` without a `password`.';
  const instead = 'Add `password: { credential: NAME }`, or remove the user name.';
  return [{ path: username.path, at: 'key', what, instead }];
}

/** One login, not two; files are named, not pasted. */
function checkIdentity(server: Cursor): readonly Finding[] {
  const [username, user] = [server.at('username'), server.at('userCertificate')];
  const findings: Finding[] = [];
  if (username.exists && user.exists) {
    const what = 'There are two logins, `username` and `userCertificate`.';
    findings.push({ path: user.path, at: 'key', what, instead: 'Remove one of them.' });
  }
  for (const pair of [user, server.at('applicationCertificate')]) {
    for (const file of [pair.at('cert'), pair.at('key')]) findings.push(...checkFilePath(file));
  }
  return findings;
}

/** A certificate or a key that stands in the configuration itself ends up in logs and backups. */
export function checkFilePath(file: Cursor): readonly Finding[] {
  if (file.text?.includes('-----BEGIN') !== true) return [];
  const what = `${code(file.path.at(-1))} holds the certificate or key itself.`;
  return [{ path: file.path, at: 'key', what, instead: 'Put it into a file and write the path of that file.' }];
}

const { shape } = opcuaConnectionSchema;
const MODES: readonly string[] = shape.securityMode.unwrap().options;
const POLICIES: readonly string[] = shape.securityPolicy.unwrap().options;

function checkSecurity(server: Cursor): readonly Finding[] {
  const [mode, policy] = [server.at('securityMode'), server.at('securityPolicy')];
  const [chosenMode, chosenPolicy] = [mode.text ?? 'none', policy.text ?? 'None'];
  if (!MODES.includes(chosenMode) || !POLICIES.includes(chosenPolicy)) return [];
  if ((chosenMode === 'none') === (chosenPolicy === 'None')) return [];
  if (chosenMode === 'none') {
    const what = `\`securityPolicy: ${chosenPolicy}\` does nothing while \`securityMode\` is \`none\`.`;
    const instead =
      'Write `securityMode: signAndEncrypt`, or `securityPolicy: None` for a connection without security.';
    return [{ path: policy.path, at: 'key', what, instead }];
  }
  const what = `\`securityMode: ${chosenMode}\` needs a security policy, and it is \`None\`.`;
  const instead = 'Write `securityPolicy: Basic256Sha256`, or `securityMode: none` for a connection without security.';
  return [{ path: mode.path, at: 'key', what, instead }];
}
