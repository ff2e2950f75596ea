import type { StationTrouble } from '../ports/controlled-station.js';
import { cameraPlace, stationPlace, type Trouble } from './health.js';

/**
 * What of the gateway's troubles a station suffers from: its own and those of nobody in particular, such as the store's.
 * Without a camera it cannot do its work; everything else leaves it at it, with reviews or with messages that wait. A
 * pause is no trouble here.
 */
export function stationTroubles(
  name: string,
  stations: readonly string[],
  troubles: readonly Trouble[],
): readonly StationTrouble[] {
  const others = stations.filter((station) => station !== name);
  return troubles
    .filter(({ where }) => where !== stationPlace(name))
    .filter(({ where }) => !others.some((other) => where === stationPlace(other) || where.endsWith(` of ${other}`)))
    .map(({ where, text }) => ({ where, text, severity: where === cameraPlace(name) ? 'error' : 'warning' }));
}
