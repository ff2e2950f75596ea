/** Something an operator should know of, in plain words. */
export interface Trouble {
  /** The thing: `camera of surface`, `broker`, `store`, … */
  readonly where: string;
  readonly text: string;
  /** Present once somebody has said that they know of it. */
  readonly acknowledged?: { readonly at: string; readonly by: string };
}

/** One part of the agent that can be asked whether it is in trouble; it logs its own comings and goings. */
export interface HealthSource {
  readonly where: string;
  /** A plain sentence, or undefined when all is well. */
  readonly trouble: () => string | undefined;
}

export function troublesOf(sources: readonly HealthSource[]): readonly Trouble[] {
  return sources.flatMap(({ where, trouble }) => {
    const text = trouble();
    return text === undefined ? [] : [{ where, text }];
  });
}

/** The `where` of troubles by which others know what they are about. */
export function cameraPlace(station: string): string {
  return `camera of ${station}`;
}

export function picturesPlace(station: string): string {
  return `pictures of ${station}`;
}

/** Where a pause is told. */
export function stationPlace(station: string): string {
  return `station ${station}`;
}

export function serverPlace(connection: string): string {
  return `OPC UA server ${connection}`;
}
