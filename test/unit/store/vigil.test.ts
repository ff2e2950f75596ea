import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeErrors } from '#jidoka/store/errors.js';
import { type FromWorker, sendable } from '#jidoka/store/protocol.js';
import { Vigil } from '#jidoka/store/vigil.js';
import { QUIET_REPORT } from '../../simulators/store-report.js';

const AT_MS = Date.UTC(2026, 2, 14, 23, 59, 58);

let directory: string;
let posted: FromWorker[];
let vigil: Vigil;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jidoka-vigil-'));
  posted = [];
  vigil = new Vigil({ directory, nowMs: () => AT_MS, post: (message) => void posted.push(message) });
});

afterEach(() => rmSync(directory, { recursive: true }));

const mark = (): string => join(directory, 'jidoka.sqlite.suspect');
const told = (): FromWorker[] => posted.filter(({ kind }) => kind === 'damaged');

describe('Vigil', () => {
  it('passes answers on and leaves no mark where all is well', () => {
    const message: FromWorker = { kind: 'answers', answers: [{ request: 1, value: undefined }], report: QUIET_REPORT };
    vigil.send(message);
    expect(posted).toEqual([message]);
    expect(existsSync(mark())).toBe(false);
  });

  it('marks the database and asks for a restart when an answer says that it is damaged', () => {
    const error = sendable(storeErrors.STORE_DATABASE_CORRUPT({ where: 'x', got: 'page 7 is malformed' }));
    vigil.send({ kind: 'answers', answers: [{ request: 1, error }], report: QUIET_REPORT });
    expect(told()).toEqual([{ kind: 'damaged', error }]);
    expect(readFileSync(mark(), 'utf8')).toBe('2026-03-14T23:59:58.000Z page 7 is malformed\n');
  });

  it('tells it once, also of commits that nobody asked for', () => {
    const { code, message: text } = storeErrors.STORE_DATABASE_CORRUPT({ where: 'x' });
    const trouble = { code, text };
    for (const _ of [1, 2]) vigil.send({ kind: 'answers', answers: [], report: { ...QUIET_REPORT, trouble } });
    expect(told()).toHaveLength(1);
    expect(existsSync(mark())).toBe(true);
  });

  it('asks for no restart for a disk that is full', () => {
    const full = storeErrors.STORE_DISK_FULL({ where: 'x' });
    const answers = [{ request: 1, error: sendable(full) }];
    vigil.send({
      kind: 'answers',
      answers,
      report: { ...QUIET_REPORT, trouble: { code: full.code, text: full.message } },
    });
    expect(told()).toEqual([]);
    expect(existsSync(mark())).toBe(false);
  });
});
