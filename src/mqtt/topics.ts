/** The topics of one gateway, all below `mqtt.baseTopic`. */
export function statusTopic(base: string): string {
  return `${base}/status`;
}

export function inspectionTopic(base: string, station: string): string {
  return `${base}/${station}/inspection`;
}

export function stateTopic(base: string, station: string): string {
  return `${base}/${station}/state`;
}
