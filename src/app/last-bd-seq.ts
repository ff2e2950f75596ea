import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LastBdSeq } from '../mqtt/sparkplug/options.js';
import { replaceFile } from '../store/replace-file.js';

const content = z.object({ bdSeq: z.int().min(0).max(255) });

/** The bdSeq of a destination in a file of the state folder; a file that is absent or damaged tells of none. */
export function lastBdSeqIn(stateDirectory: string, destination: string): LastBdSeq {
  const path = join(stateDirectory, `sparkplug-${destination}.json`);
  return {
    load: async () => {
      try {
        return content.parse(JSON.parse(await readFile(path, 'utf8'))).bdSeq;
      } catch {
        return undefined;
      }
    },
    save: (bdSeq) => replaceFile(path, `${JSON.stringify({ bdSeq })}\n`),
  };
}
