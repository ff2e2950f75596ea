import type { Inspection } from '../domain/inspection.js';
import type { Decision } from '../domain/verdict.js';

const COLORS: Readonly<Record<Decision, string>> = { pass: '\u001b[32m', fail: '\u001b[31m', review: '\u001b[33m' };
const RESET = '\u001b[0m';
const READINGS_SHOWN = 2;

/**
 * One inspection as one calm line: time, station, number, verdict, class and score, the first readings, the latency,
 * and for anything but a pass the first reason. The verdict is a word as well as a colour.
 */
export function verdictLine(inspection: Inspection, seq: number, color: boolean): string {
  const { verdict, result, timing, snapshot, station } = inspection;
  const time = new Date(inspection.capturedAtMs).toTimeString().slice(0, 8);
  const word = verdict.decision.toUpperCase().padEnd(6);
  const readings = snapshot.readings.slice(0, READINGS_SHOWN).map(({ sensor, value, unit, stale }) => {
    const shown = typeof value === 'number' ? value.toFixed(1) : String(value);
    return `${sensor} ${stale ? '(stale) ' : ''}${shown}${unit === undefined ? '' : ` ${unit}`}`;
  });
  const columns = [
    time,
    station,
    `#${seq}`.padStart(6),
    color ? `${COLORS[verdict.decision]}${word}${RESET}` : word,
    result === null ? '-'.padEnd(15) : `${result.label.padEnd(9)} ${result.score.toFixed(3)}`,
    ...readings.map((reading) => reading.padEnd(20)),
    `${timing.totalMs.toFixed(0)} ms`.padStart(7),
  ];
  const reason = verdict.reasons.find(({ code }) => code !== 'CLASS_FAIL');
  return `${columns.join('  ')}${reason === undefined ? '' : `  ${reason.text}`}`;
}
