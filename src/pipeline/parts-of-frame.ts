import type { PairedPart } from './paired-part.js';
import type { Areas } from './regions.js';

/**
 * The parts that one frame shows: one, or one a region. The first keeps the id under which it was opened, so that
 * whoever asked for it hears of it; the id that the PLC knows goes with all of them.
 */
export function partsOfFrame(paired: PairedPart, areas: Areas, newPartId: () => string): readonly PairedPart[] {
  if (areas.kind === 'whole' || !areas.partEach) return [paired];
  const last = areas.regions.length - 1;
  return areas.regions.map((region, index) => ({
    part: index === 0 ? paired.part : { ...paired.part, id: newPartId() },
    frame: paired.frame,
    region,
    more: index < last,
  }));
}
