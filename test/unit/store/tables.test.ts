import type { Database as Db } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageTable } from '#jidoka/store/image-table.js';
import { InspectionTable } from '#jidoka/store/inspection-table.js';
import { migrate } from '#jidoka/store/migrate.js';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';
import { NameTables } from '#jidoka/store/name-tables.js';
import { OriginTable } from '#jidoka/store/origin-table.js';
import { anInspection, CAPTURED_AT_MS, idOf } from '../../contract/inspections.js';

let db: Db;
let inspections: InspectionTable;

beforeEach(() => {
  db = new Database(':memory:');
  db.pragma('foreign_keys = ON');
  migrate(db, MIGRATIONS);
  inspections = new InspectionTable(db, new NameTables(db));
});

afterEach(() => {
  expect(db.pragma('foreign_key_check')).toEqual([]);
  db.close();
});

const all = (sql: string): unknown[] => db.prepare(sql).all();

describe('InspectionTable', () => {
  it('keeps an inspection as columns that can be asked over time', () => {
    const { number } = inspections.insert(anInspection(7, { decision: 'fail' }));
    expect(all('SELECT inspections.*, stations.name FROM inspections JOIN stations USING (station)')).toEqual([
      {
        number,
        id: idOf(7),
        station: 1,
        seq: 1,
        part_id: 'PART-7',
        source: null,
        captured_at: CAPTURED_AT_MS + 7,
        decided_at: CAPTURED_AT_MS + 47,
        verdict: 'fail',
        reasons: '[{"code":"CLASS_FAIL","text":"The class crack has 0.91, its limit is 0.5."}]',
        label: 'good',
        score: 0.98765,
        scores: '{"good":0.98765,"crack":0.01235}',
        model: 1,
        wait_ms: 1.25,
        queue_ms: 0.5,
        preprocess_ms: 4.75,
        inference_ms: 21.5,
        total_ms: 40,
        recipe: null,
        late_ms: null,
        regions: null,
        name: 's1',
      },
    ]);
  });

  it('keeps the recipe, the delay and each region', () => {
    const result = { label: 'crack', score: 0.9, scores: { good: 0.1, crack: 0.9 } };
    inspections.insert({
      ...anInspection(1),
      recipe: 'A-17',
      lateMs: 12.345,
      regions: [
        { name: 'rim', decision: 'fail', result },
        { name: 'hub', decision: 'review', result: null },
      ],
    });
    expect(all('SELECT recipe, late_ms, regions FROM inspections')).toEqual([
      {
        recipe: 'A-17',
        late_ms: 12.35,
        regions: JSON.stringify([
          { name: 'rim', verdict: 'fail', class: 'crack', score: 0.9, scores: { good: 0.1, crack: 0.9 } },
          { name: 'hub', verdict: 'review', class: null, score: null, scores: null },
        ]),
      },
    ]);
  });

  it('tells numbers, booleans, strings and missing values of readings apart', () => {
    inspections.insert(anInspection(1));
    const readings = all(`SELECT name, unit, value, typeof(value) AS type, quality, status, source_time, age_ms, stale
      FROM readings JOIN sensors USING (sensor) ORDER BY position`);
    const good = { quality: 'good', status: 'Good', source_time: CAPTURED_AT_MS - 119, age_ms: 120, stale: 0 };
    expect(readings).toEqual([
      { name: 'temperature', unit: '°C', value: 181.5, type: 'real', ...good },
      { name: 'clamped', unit: '', value: 1, type: 'integer', ...good },
      { name: 'recipe', unit: '', value: 'A-17', type: 'text', ...good },
      {
        name: 'pressure',
        unit: 'bar',
        value: null,
        type: 'null',
        quality: 'bad',
        status: 'BadNotConnected',
        source_time: null,
        age_ms: null,
        stale: 1,
      },
    ]);
  });

  it('stores a whole number as REAL too', () => {
    const inspection = anInspection(1);
    const [first] = inspection.snapshot.readings;
    if (first === undefined) throw new Error('no reading');
    inspections.insert({ ...inspection, snapshot: { atMs: 0, readings: [{ ...first, value: 1 }] } });
    expect(all('SELECT typeof(value) AS type FROM readings')).toEqual([{ type: 'real' }]);
  });

  it('keeps an inspection without a result, and times with fractions', () => {
    inspections.insert({ ...anInspection(1), result: null, capturedAtMs: CAPTURED_AT_MS + 0.4 });
    expect(all('SELECT label, score, scores, captured_at FROM inspections')).toEqual([
      { label: null, score: null, scores: null, captured_at: CAPTURED_AT_MS },
    ]);
  });

  it('keeps names once', () => {
    for (const index of [1, 2, 3]) inspections.insert(anInspection(index));
    for (const name of ['stations', 'models']) expect(all(`SELECT * FROM ${name}`)).toHaveLength(1);
    expect(all('SELECT * FROM sensors')).toHaveLength(4);
  });

  it.each([
    ['id', { id: '../../etc/passwd' }],
    ['station', { station: 'a/b' }],
  ])('refuses an %s that could lead out of a folder', (_, change) => {
    expect(() => inspections.insert({ ...anInspection(1), ...change })).toThrow(/STORE_RECORD_REFUSED/);
  });
});

describe('ImageTable', () => {
  it('takes the oldest until they make up the bytes, a step at a time', () => {
    const images = new ImageTable(db);
    for (const index of [1, 2, 3, 4, 5]) {
      inspections.insert(anInspection(index));
      images.add({ inspection: index, path: `${index}`, bytes: 10 }, 0);
    }
    expect(images.takeOldest(15, 10).map(({ path }) => path)).toEqual(['1', '2']);
    expect(images.takeOldest(1000, 2).map(({ path }) => path)).toEqual(['3', '4']);
    expect(images.newest(10).map(({ path }) => path)).toEqual(['5']);
  });
});

describe('OriginTable', () => {
  it('lists the newest of the quarantine first, as many as asked for', () => {
    const origins = new OriginTable(db, new NameTables(db));
    for (const index of [1, 2, 3]) origins.quarantine('s1', { name: `${index}.png`, key: `${index}` }, 'bad', index);
    expect(origins.quarantined('s1', 2)).toEqual([
      { station: 's1', name: '3.png', reason: 'bad', atMs: 3 },
      { station: 's1', name: '2.png', reason: 'bad', atMs: 2 },
    ]);
  });
});

describe('the indices', () => {
  it.each([
    [
      'a station over time',
      'SELECT * FROM inspections WHERE station = 1 AND captured_at > 5',
      'inspections_by_station',
    ],
    [
      'a verdict over time',
      "SELECT * FROM inspections WHERE verdict = 'fail' AND captured_at > 5",
      'inspections_by_verdict',
    ],
    [
      'the quarantine',
      'SELECT * FROM origins WHERE station = 1 AND reason IS NOT NULL ORDER BY taken_at DESC',
      'origins_quarantined',
    ],
    ['a retention job', 'SELECT 1 FROM outbox WHERE inspection = 1', 'outbox_by_inspection'],
  ])('serve %s', (_, sql, index) => {
    expect(JSON.stringify(all(`EXPLAIN QUERY PLAN ${sql}`))).toContain(index);
  });
});
