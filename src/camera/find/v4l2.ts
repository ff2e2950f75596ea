import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundCamera, Search } from './found.js';

export interface V4l2Places {
  readonly devices: string;
  readonly sysfs: string;
}

const PLACES: V4l2Places = { devices: '/dev', sysfs: '/sys/class/video4linux' };

/** The video devices of this machine with the names that their drivers give. */
export async function findV4l2(places: V4l2Places = PLACES): Promise<Search> {
  const names = (await readdir(places.devices).catch(() => []))
    .filter((name) => /^video\d+$/.test(name))
    .sort((left, right) => Number(left.slice(5)) - Number(right.slice(5)));
  const cameras = await Promise.all(names.map((name) => describe(name, places)));
  const locked = await asyncFilter(names, (name) => isLocked(join(places.devices, name)));
  if (locked.length === 0) return { kind: 'V4L2', cameras };
  const problem = `this user may not open ${locked.join(', ')}: add it to the group \`video\` (sudo usermod -aG video USER)`;
  return { kind: 'V4L2', cameras, problem };
}

async function describe(name: string, { devices, sysfs }: V4l2Places): Promise<FoundCamera> {
  const read = async (file: string): Promise<string> =>
    (await readFile(join(sysfs, name, file), 'utf8').catch(() => '')).trim();
  const [title, index] = [await read('name'), await read('index')];
  // A camera's further nodes mostly carry data about its pictures and no pictures.
  const further = index === '' || index === '0' ? '' : ' (a further node of a camera, often without pictures)';
  return { id: join(devices, name), description: `${title || 'no name'}${further}` };
}

async function isLocked(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => false,
    () => true,
  );
}

async function asyncFilter<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(items.map(test));
  return items.filter((_, index) => kept[index]);
}
