import { isIP } from 'node:net';
import { Document, isMap, stringify } from 'yaml';
import type { Endpoint, Login } from '../security/endpoints.js';
import { hostOf } from '../security/server-names.js';
import type { Tag } from './tags.js';

const LONGEST_NAME = 63;
const LONGEST_UNIT = 32;

/** The `sensors:` of a station for tags that can be readings, ready to be pasted. */
export function sensorsText(tags: readonly Tag[], connection: string | undefined): string {
  const names = new Set<string>();
  const sensors = tags.filter(isReadable).map((tag) => ({
    name: unusedName(tag, names),
    ...(connection !== undefined && { connection }),
    nodeId: tag.nodeId,
    ...(tag.unit !== null && tag.unit.length <= LONGEST_UNIT && { unit: tag.unit }),
    ...(tag.range !== null && { min: tag.range.low, max: tag.range.high }),
  }));
  return sensors.length === 0 ? '' : stringify({ sensors }, { lineWidth: 0 });
}

/** The `opcua:` section for a server, ready to be pasted. */
export function connectionText(url: string, { mode, policy, logins }: Endpoint): string {
  const host = hostOf(url);
  const name = isIP(host) === 0 ? configName(host.split('.')[0] ?? '', 'plc') : 'plc';
  const login: Login = logins.includes('username') || logins.length === 0 ? 'username' : (logins[0] ?? 'username');
  const section = {
    endpoint: url,
    ...(mode !== 'none' && { securityMode: mode, securityPolicy: policy }),
    ...(login === 'username' && { username: 'jidoka', password: { credential: `${name}-password` } }),
    ...(login === 'certificate' && { userCertificate: { cert: 'user.pem', key: 'user.key' } }),
  };
  const document = new Document({ opcua: { [name]: section } });
  for (const key of ['password', 'userCertificate']) {
    const value = document.getIn(['opcua', name, key]);
    if (isMap(value)) value.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}

/** Numbers, booleans and texts, also where the value is bad just now. */
function isReadable({ problem, status, dataType }: Tag): boolean {
  return problem === null || (status.startsWith('Bad') && !/\[|\?/.test(dataType));
}

/** Made of the tag's name, and of the names above it where that is taken. */
function unusedName({ path, name }: Tag, names: Set<string>): string {
  const levels = path === '' ? [name] : path.split('/');
  for (let count = 1; count <= levels.length; count += 1) {
    const candidate = configName(levels.slice(-count).join('-'), 'tag');
    if (!names.has(candidate)) {
      names.add(candidate);
      return candidate;
    }
  }
  const base = configName(name, 'tag').slice(0, LONGEST_NAME - 6);
  let number = 2;
  while (names.has(`${base}-${number}`)) number += 1;
  names.add(`${base}-${number}`);
  return `${base}-${number}`;
}

/** `OvenTemperature_1` becomes `oven-temperature_1`. */
function configName(text: string, fallback: string): string {
  const name = text
    .normalize('NFKD')
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, LONGEST_NAME)
    .replace(/[-_]+$/, '');
  return name === '' || /^\d+$/.test(name) ? fallback + (name === '' ? '' : `-${name}`) : name;
}
