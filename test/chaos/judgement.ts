/** An inspection as the ledger has it. */
export interface Committed {
  readonly id: string;
  readonly station: string;
  readonly seq: number;
  readonly verdict: string;
}

export interface Judgement {
  readonly parts: number;
  /** Messages beyond the first of each inspection. */
  readonly duplicates: number;
  /** Committed inspections that never arrived. */
  readonly lost: readonly string[];
  /** Numbers that a station's sequence lacks, in the ledger or at the consumer. */
  readonly gaps: readonly string[];
  /** Messages that differ from an earlier one with the same id, or from the ledger, or that it does not know. */
  readonly contradictions: readonly string[];
  /** First appearances behind a later part of their station. */
  readonly outOfOrder: readonly string[];
}

/** Holds what a consumer wrote down, one payload a line, against what was committed. */
export function judge(committed: readonly Committed[], payloads: readonly string[]): Judgement {
  const known = new Map(committed.map((row) => [row.id, row]));
  const first = new Map<string, string>();
  const lastSeq = new Map<string, number>();
  const contradictions: string[] = [];
  const outOfOrder: string[] = [];
  for (const payload of payloads) {
    const { id, station, seq, verdict } = JSON.parse(payload) as Committed;
    const earlier = first.get(id);
    if (earlier !== undefined) {
      if (earlier !== payload) contradictions.push(`${id} differs from its first message`);
      continue;
    }
    first.set(id, payload);
    const row = known.get(id);
    if (row?.station !== station || row.seq !== seq || row.verdict !== verdict) {
      contradictions.push(`${id} of ${station}, ${seq}, is not in the ledger so`);
    }
    const before = lastSeq.get(station) ?? 0;
    if (seq <= before) outOfOrder.push(`${station} ${seq} after ${before}`);
    lastSeq.set(station, Math.max(before, seq));
  }
  const arrived = committed.filter(({ id }) => first.has(id));
  return {
    parts: committed.length,
    duplicates: payloads.length - first.size,
    lost: committed.filter(({ id }) => !first.has(id)).map(({ station, seq }) => `${station} ${seq}`),
    gaps: [...gapsOf(committed, 'ledger'), ...gapsOf(arrived, 'consumer')],
    contradictions,
    outOfOrder,
  };
}

function gapsOf(rows: readonly Committed[], where: string): string[] {
  return [...new Set(rows.map(({ station }) => station))].flatMap((station) => {
    const seqs = new Set(rows.filter((row) => row.station === station).map(({ seq }) => seq));
    const missing = Array.from({ length: Math.max(...seqs) }, (_, index) => index + 1).filter((seq) => !seqs.has(seq));
    return missing.map((seq) => `${where}: ${station} ${seq}`);
  });
}
