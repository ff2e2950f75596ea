import type { Database } from 'better-sqlite3';

export type ColumnKind = 'integer' | 'real' | 'text' | 'time' | 'boolean';

export interface ExportColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

export type ExportValue = number | string | boolean | null;
export type ExportRow = readonly ExportValue[];

export interface ExportSelection {
  readonly what: 'inspections' | 'readings';
  /** Captured at or after. */
  readonly fromMs?: number | undefined;
  /** Captured before. */
  readonly toMs?: number | undefined;
  readonly station?: string | undefined;
}

const column = (name: string, kind: ColumnKind = 'text'): ExportColumn => ({ name, kind });

const INSPECTIONS = [
  [column('number', 'integer'), 'inspections.number'],
  [column('id'), 'inspections.id'],
  [column('station'), 'stations.name'],
  [column('seq', 'integer'), 'seq'],
  [column('part_id'), 'part_id'],
  [column('source'), 'source'],
  [column('captured_at', 'time'), 'captured_at'],
  [column('decided_at', 'time'), 'decided_at'],
  [column('verdict'), 'verdict'],
  [column('reasons'), 'reasons'],
  [column('label'), 'label'],
  [column('score', 'real'), 'score'],
  [column('scores'), 'scores'],
  [column('model'), 'models.name'],
  [column('model_version'), 'models.version'],
  [column('wait_ms', 'real'), 'wait_ms'],
  [column('queue_ms', 'real'), 'queue_ms'],
  [column('preprocess_ms', 'real'), 'preprocess_ms'],
  [column('inference_ms', 'real'), 'inference_ms'],
  [column('total_ms', 'real'), 'total_ms'],
  [column('recipe'), 'recipe'],
  [column('late_ms', 'real'), 'late_ms'],
  [column('regions'), 'regions'],
] as const;

/** A value is in the column of its type; the others are empty. */
const READINGS = [
  [column('inspection'), 'inspections.id'],
  [column('station'), 'stations.name'],
  [column('seq', 'integer'), 'seq'],
  [column('captured_at', 'time'), 'captured_at'],
  [column('verdict'), 'verdict'],
  [column('position', 'integer'), 'readings.position'],
  [column('sensor'), 'sensors.name'],
  [column('unit'), 'sensors.unit'],
  [column('number', 'real'), "CASE typeof(value) WHEN 'real' THEN value END"],
  [column('boolean', 'boolean'), "CASE typeof(value) WHEN 'integer' THEN value END"],
  [column('text'), "CASE typeof(value) WHEN 'text' THEN value END"],
  [column('quality'), 'quality'],
  [column('status'), 'status'],
  [column('source_time', 'time'), 'source_time'],
  [column('age_ms', 'integer'), 'age_ms'],
  [column('stale', 'boolean'), 'stale'],
] as const;

const definitionOf = ({ what }: ExportSelection): readonly (readonly [ExportColumn, string])[] =>
  what === 'inspections' ? INSPECTIONS : READINGS;

export function exportColumns(selection: ExportSelection): ExportColumn[] {
  return definitionOf(selection).map(([definition]) => definition);
}

/** Inspections that the selection covers, for the progress. */
export function countSelected(db: Database, selection: ExportSelection): number {
  const { where, values } = conditions(selection);
  const sql = `SELECT COUNT(*) FROM inspections JOIN stations USING (station) ${where}`;
  return Number(db.prepare(sql).pluck().get(values));
}

/** Inspections read in one query, so that no read transaction stays open and keeps the log from being emptied. */
const INSPECTIONS_A_QUERY = 5000;

/**
 * The selected rows in the order of commit, a few thousand inspections at a time.
 *
 * @param onInspections called with the inspections done
 */
export function* selectedRows(
  db: Database,
  selection: ExportSelection,
  onInspections: (done: number) => void,
): Generator<ExportRow> {
  const { where, values } = conditions(selection);
  const definition = definitionOf(selection);
  const booleans = definition.map(([{ kind }]) => kind === 'boolean');
  const chunk = db
    .prepare<[Record<string, unknown>], number>(`
      SELECT number FROM inspections JOIN stations USING (station) ${where} AND number > @after
      ORDER BY number LIMIT ${INSPECTIONS_A_QUERY}`)
    .pluck();
  const rows = db
    .prepare<[Record<string, unknown>], ExportValue[]>(`
      SELECT ${definition.map(([, sql]) => sql).join(', ')} FROM inspections
      JOIN stations ON stations.station = inspections.station JOIN models ON models.model = inspections.model
      ${selection.what === 'readings' ? 'JOIN readings ON readings.inspection = number JOIN sensors ON sensors.sensor = readings.sensor' : ''}
      ${where} AND number > @after AND number <= @last
      ORDER BY number${selection.what === 'readings' ? ', readings.position' : ''}`)
    .raw();
  let done = 0;
  let after = 0;
  for (;;) {
    const numbers = chunk.all({ ...values, after });
    const last = numbers.at(-1);
    if (last === undefined) return;
    for (const row of rows.all({ ...values, after, last })) {
      yield row.map((value, index) => (booleans[index] === true && value !== null ? value !== 0 : value));
    }
    done += numbers.length;
    after = last;
    onInspections(done);
  }
}

function conditions({ fromMs, toMs, station }: ExportSelection): {
  readonly where: string;
  readonly values: Record<string, string | number>;
} {
  const parts = [
    ...(fromMs === undefined ? [] : ['captured_at >= @fromMs']),
    ...(toMs === undefined ? [] : ['captured_at < @toMs']),
    ...(station === undefined ? [] : ['stations.name = @station']),
  ];
  return {
    where: `WHERE ${['TRUE', ...parts].join(' AND ')}`,
    values: {
      ...(fromMs !== undefined && { fromMs }),
      ...(toMs !== undefined && { toMs }),
      ...(station !== undefined && { station }),
    },
  };
}
