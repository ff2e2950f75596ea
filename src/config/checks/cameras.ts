import type { Finding } from '../problem.js';
import { code } from '../wording.js';
import { checkLogin } from './connections.js';
import type { Cursor } from './cursor.js';

/** What network cameras need besides the schema: a whole login, and encryption that holds. */
export function checkCameras(root: Cursor): readonly Finding[] {
  return root.at('stations').items.flatMap((station) => {
    const camera = station.at('camera');
    return camera.at('kind').text === 'http' ? [...checkLogin(camera), ...checkTls(camera)] : [];
  });
}

function checkTls(camera: Cursor): readonly Finding[] {
  const [url, tls, ca] = [camera.at('url'), camera.at('tls'), camera.at('tls').at('ca')];
  const findings: Finding[] = [];
  if (tls.exists && /^http:/i.test(url.text ?? '')) {
    const what = 'The address begins with `http://`, which is not encrypted, so `tls` has no effect.';
    findings.push({ path: tls.path, at: 'key', what, instead: 'Write `https://` in `url`, or remove `tls`.' });
  }
  if (ca.text?.includes('-----BEGIN') === true) {
    const what = `${code(ca.path.at(-1))} holds the certificate itself.`;
    findings.push({ path: ca.path, at: 'key', what, instead: 'Put it into a file and write the path of that file.' });
  }
  return findings;
}
