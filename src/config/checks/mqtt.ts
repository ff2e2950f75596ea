import { fillBaseTopic, LOCATION_LEVELS, PLACEHOLDERS, unknownPlaceholders } from '../base-topic.js';
import type { Finding } from '../problem.js';
import { listing, nearest } from '../wording.js';
import { checkFilePath, checkLogin, checkUserInfo } from './connections.js';
import type { Cursor } from './cursor.js';

/** What the destinations need besides the schema: no secrets in addresses, encryption that holds, a topic to begin with. */
export function checkDestinations(root: Cursor): readonly Finding[] {
  const destinations = [root.at('mqtt'), ...root.at('destinations').entries.map(([, destination]) => destination)];
  return destinations.flatMap((destination) => [
    ...checkUserInfo(destination.at('url')),
    ...destination.at('fallbackUrls').items.flatMap(checkUserInfo),
    ...checkLogin(destination),
    ...checkTls(destination),
    ...checkFallbacks(destination),
    ...checkBaseTopic(destination.at('baseTopic'), root.at('gateway')),
  ]);
}

/** The scheme of an address that is not encrypted. */
function openScheme(address: Cursor): string | undefined {
  return /^(mqtt|ws):\/\//i.exec(address.text ?? '')?.[1]?.toLowerCase();
}

function checkTls(destination: Cursor): readonly Finding[] {
  const tls = destination.at('tls');
  if (!tls.exists) return [];
  const findings: Finding[] = [];
  const scheme = openScheme(destination.at('url'));
  if (scheme !== undefined) {
    const what = `The address begins with \`${scheme}://\`, which is not encrypted, so \`tls\` has no effect.`;
    const instead = `Write \`${scheme}s://\` in \`url\` (often with another port), or remove \`tls\`.`;
    findings.push({ path: tls.path, at: 'key', what, instead });
  }
  const [cert, key] = [tls.at('cert'), tls.at('key')];
  if (cert.exists !== key.exists) {
    const [there, lacking] = cert.exists ? [cert, 'key'] : [key, 'cert'];
    const what = `A certificate and its private key come together, and \`${lacking}\` is missing.`;
    findings.push({ path: there.path, at: 'key', what, instead: `Add \`${lacking}: PATH\` of the PEM file.` });
  }
  for (const file of [tls.at('ca'), cert, key]) findings.push(...checkFilePath(file));
  return findings;
}

/** A failover must not be the moment at which the password begins to travel in plain text. */
function checkFallbacks(destination: Cursor): readonly Finding[] {
  const url = destination.at('url');
  if (url.text === undefined || openScheme(url) !== undefined) return [];
  return destination.at('fallbackUrls').items.flatMap((fallback): Finding[] => {
    const scheme = openScheme(fallback);
    if (scheme === undefined) return [];
    const what = `This address is not encrypted (\`${scheme}://\`), while \`url\` is.`;
    return [{ path: fallback.path, at: 'value', what, instead: `Write \`${scheme}s://\`, often with another port.` }];
  });
}

function checkBaseTopic(topic: Cursor, gateway: Cursor): readonly Finding[] {
  const { text, path } = topic;
  if (text === undefined) return [];
  const [unknown] = unknownPlaceholders(text);
  if (unknown !== undefined) {
    const meant = nearest(unknown, PLACEHOLDERS);
    const what = `There is no placeholder \`{${unknown}}\`.`;
    const instead =
      meant === undefined ? `The placeholders are ${listing(PLACEHOLDERS)}.` : `Did you mean \`{${meant}}\`?`;
    return [{ path, at: 'value', what, instead }];
  }
  const location = gateway.at('location');
  const filled = fillBaseTopic(text, (name) => (name === 'gateway' ? 'gateway' : location.at(name).text));
  if (filled !== '') return [];
  const named = LOCATION_LEVELS.filter((level) => text.includes(`{${level}}`));
  const what = `Nothing is left of the topic, since \`gateway.location\` does not give ${listing(named)}.`;
  const instead = 'Add them there, or write a topic with fixed words or `{gateway}` in it.';
  return [{ path, at: 'value', what, instead }];
}
