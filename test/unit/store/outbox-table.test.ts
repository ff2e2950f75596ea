import type { Database as Db } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '#jidoka/domain/verdict.js';
import { AuditTable } from '#jidoka/store/audit-table.js';
import { DestinationTable, DROP_STEP } from '#jidoka/store/destination-table.js';
import { HistoryTable } from '#jidoka/store/history-table.js';
import { ImageTable } from '#jidoka/store/image-table.js';
import { InspectionTable } from '#jidoka/store/inspection-table.js';
import { migrate } from '#jidoka/store/migrate.js';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';
import { NameTables } from '#jidoka/store/name-tables.js';
import { OutboxTable } from '#jidoka/store/outbox-table.js';
import { Shedding } from '#jidoka/store/shedding.js';
import { auditEntry } from '../../contract/audit-log.js';
import { anInspection } from '../../contract/inspections.js';

let db: Db;
let destinations: DestinationTable;
let outbox: OutboxTable;

beforeEach(() => {
  db = new Database(':memory:');
  db.pragma('foreign_keys = ON');
  migrate(db, MIGRATIONS);
  configure('mqtt', 'cloud');
});

afterEach(() => {
  expect(db.pragma('foreign_key_check')).toEqual([]);
  db.close();
});

function configure(...names: readonly string[]): void {
  destinations = new DestinationTable(
    db,
    names.map((name) => ({ name })),
  );
  outbox = new OutboxTable(db, destinations);
}

/** Inserts the inspection with a message of 100 bytes. */
function add(index: number, decision: Decision = 'pass'): void {
  const { number } = new InspectionTable(db, new NameTables(db)).insert(anInspection(index, { decision }));
  outbox.add(number, decision, new Uint8Array(100));
}

const positions = (destination: string): number[] =>
  outbox.read(destination, { after: 0 }, 10_000).map(({ position }) => position);

const tallies = (): unknown => db.prepare('SELECT outbox_rows, outbox_bytes, image_bytes FROM tallies').get();

describe('the tallies', () => {
  it('follow outbox and images, and a rollback too', () => {
    const images = new ImageTable(db);
    for (const index of [1, 2, 3]) add(index);
    images.add({ inspection: 1, path: 'a', bytes: 100 }, 0);
    images.add({ inspection: 2, path: 'b', bytes: 50 }, 0);
    expect(tallies()).toEqual({ outbox_rows: 3, outbox_bytes: 300, image_bytes: 150 });
    outbox.settle('mqtt', [1, 2, 99]);
    images.remove([{ inspection: 1, path: 'a', bytes: 100 }]);
    expect(tallies()).toEqual({ outbox_rows: 3, outbox_bytes: 300, image_bytes: 50 });
    outbox.settle('cloud', [2]);
    const undone = db.transaction(() => {
      add(4);
      outbox.settle('cloud', [1]);
      throw new Error('undo');
    });
    expect(undone).toThrow('undo');
    expect(tallies()).toEqual({ outbox_rows: 2, outbox_bytes: 200, image_bytes: 50 });
    expect(destinations.accounts()).toEqual([
      { destination: 'mqtt', configured: true, rows: 1, bytes: 100 },
      { destination: 'cloud', configured: true, rows: 2, bytes: 200 },
    ]);
  });
});

describe('OutboxTable', () => {
  it('keeps no message where no destination is configured', () => {
    configure();
    add(1);
    expect(tallies()).toMatchObject({ outbox_rows: 0 });
  });

  it('does not count as given up what was settled meanwhile', () => {
    add(1);
    const mqtt = destinations.find('mqtt') ?? Number.NaN;
    const [message] = outbox.firstToGo(mqtt, 1);
    if (message === undefined) throw new Error('nothing waits');
    outbox.settle('mqtt', [1]);
    expect(outbox.giveUp(message, 'expired', 0)).toBe(false);
    expect(outbox.shed()).toEqual([]);
  });

  it('remembers which numbers were given up, and when last', () => {
    for (const index of [1, 2, 3]) add(index);
    const shedding = new Shedding(outbox, destinations, 100);
    expect(shedding.makeRoom(777, 100)).toBe(4);
    expect(db.prepare('SELECT count, first_seq, last_seq, last_at FROM shed').all()).toEqual(
      ['mqtt', 'cloud'].map(() => ({ count: 2, first_seq: 1, last_seq: 2, last_at: 777 })),
    );
  });
});

describe('Shedding', () => {
  it('gives up no more than it may at a time', () => {
    for (let index = 0; index < 30; index += 1) add(index);
    const shedding = new Shedding(outbox, destinations, 1000);
    expect(shedding.makeRoom(0, 16)).toBe(16);
    expect(shedding.isFull).toBe(true);
    expect(shedding.makeRoom(0, 100)).toBe(24);
    expect(shedding.isFull).toBe(false);
    expect(shedding.makeRoom(0, 100)).toBe(0);
  });

  it('lets each new message make its room and more, so that a bound that became smaller is reached', () => {
    for (let index = 0; index < 30; index += 1) add(index);
    const shedding = new Shedding(outbox, destinations, 500);
    for (let index = 30; shedding.isFull; index += 1) {
      expect(index).toBeLessThan(60);
      add(index);
      shedding.makeRoom(0);
    }
    expect(positions('cloud')).toEqual(positions('mqtt'));
  });

  it('ends where nothing waits although the outbox is not empty', () => {
    add(1);
    db.exec('DROP TRIGGER pending_left; DELETE FROM pending; UPDATE destinations SET waiting_rows = 0');
    expect(new Shedding(outbox, destinations, 10).makeRoom(0)).toBe(0);
  });
});

describe('dropping a destination', () => {
  it('goes step by step and takes messages that wait for nobody else along', () => {
    const shedding = new Shedding(outbox, destinations, 100 * DROP_STEP);
    for (let index = 0; index <= DROP_STEP + 10; index += 1) add(index);
    shedding.makeRoom(0, 22);
    configure('mqtt');
    outbox.settle('mqtt', positions('mqtt').slice(0, 200));
    expect([1, 2, 3].map(() => destinations.drop('cloud'))).toEqual([DROP_STEP, 0, undefined]);
    expect(destinations.accounts()).toMatchObject([{ destination: 'mqtt', rows: DROP_STEP - 200 }]);
    expect(tallies()).toMatchObject({ outbox_rows: DROP_STEP - 200 });
    expect(outbox.shed().map(({ destination }) => destination)).toEqual(['mqtt']);
  });

  it('is refused for one that is configured', () => {
    expect(() => destinations.drop('cloud')).toThrow(/STORE_DESTINATION_IN_USE/);
    expect(destinations.drop('never')).toBeUndefined();
  });
});

describe('AuditTable', () => {
  it('keeps the newest, bounded in number', () => {
    const audit = new AuditTable(db, { maxEntries: 3 });
    for (const id of ['a', 'b', 'c', 'd', 'e']) audit.add(auditEntry(id));
    expect(audit.newest(10).map(({ id }) => id)).toEqual(['e', 'd', 'c']);
    expect(audit.result('a')).toBeUndefined();
  });

  it('keeps the newest, bounded in size', () => {
    const audit = new AuditTable(db, { maxBytes: 10_000 });
    for (let index = 0; index < 20; index += 1) {
      audit.add(auditEntry(`${index}`, { result: { ok: true, value: { text: 'x'.repeat(2000) } } }));
    }
    expect(audit.newest(100).map(({ id }) => id)).toEqual(['19', '18', '17', '16']);
    const sum = db.prepare('SELECT SUM(bytes) FROM audit').pluck().get();
    expect(db.prepare('SELECT audit_bytes FROM tallies').pluck().get()).toBe(sum);
  });

  it('keeps only so much of what a sender says', () => {
    const audit = new AuditTable(db);
    const huge = 'x'.repeat(100_000);
    audit.add(auditEntry('a', { name: huge, sender: huge, station: huge, arguments: { huge } }));
    const [entry] = audit.newest(1);
    expect(entry?.name).toBe(`${'x'.repeat(255)}…`);
    expect(entry?.arguments).toEqual({ notKept: 'arguments of 100011 characters' });
    expect(JSON.stringify(entry).length).toBeLessThan(2000);
  });
});

describe('the query plans', () => {
  /** Few rows, or read in the order of the key up to a limit. */
  const MAY_BE_SCANNED = ['destinations', 'tallies', 'sqlite_sequence', 'shed', 'json_each', 'images', 'audit'];

  function statementsOf(make: (database: Db) => void): string[] {
    const statements: string[] = [];
    const prepare = db.prepare.bind(db);
    Object.assign(db, {
      prepare: (sql: string) => {
        statements.push(sql);
        return prepare(sql);
      },
    });
    make(db);
    Object.assign(db, { prepare });
    return statements;
  }

  /** What the triggers do, with their row's values as parameters. */
  function triggerStatements(): string[] {
    const triggers = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
    return triggers.flatMap((sql) => {
      const body = /\bBEGIN\b([\s\S]*)\bEND$/.exec(sql)?.[1] ?? '';
      const statements = body.split(';').map((statement) => statement.trim().replace(/\b(OLD|NEW)\.(\w+)/g, '@$2'));
      return statements.filter((statement) => statement !== '');
    });
  }

  function planOf(sql: string): string[] {
    const names = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, 1] as const);
    const explain = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    const values = names.length > 0 ? [Object.fromEntries(names)] : [...sql.matchAll(/\?/g)].map(() => 1);
    return explain.all(...values).map(({ detail }) => detail);
  }

  it('of everything that runs beside a backlog of millions use a key', () => {
    const statements = [
      ...statementsOf((database) => {
        const names = new NameTables(database);
        const table = new DestinationTable(database, [{ name: 'mqtt' }]);
        new OutboxTable(database, table);
        new InspectionTable(database, names);
        new HistoryTable(database);
        new ImageTable(database);
        new AuditTable(database);
      }),
      ...triggerStatements(),
    ];
    expect(statements.length).toBeGreaterThan(40);
    const slow = statements.flatMap((sql) =>
      planOf(sql)
        .filter((detail) => {
          const scanned = /^SCAN (?!CONSTANT ROW)(\w+)/.exec(detail)?.[1];
          return /TEMP B-TREE/.test(detail) || (scanned !== undefined && !MAY_BE_SCANNED.includes(scanned));
        })
        .map((detail) => `${detail} in ${sql}`),
    );
    expect(slow).toEqual([]);
  });

  it('are told apart by this test', () => {
    expect(planOf('SELECT position FROM pending ORDER BY bytes LIMIT ?')).toEqual([
      'SCAN pending',
      'USE TEMP B-TREE FOR ORDER BY',
    ]);
  });
});
