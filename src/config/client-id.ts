import { MAIN_DESTINATION } from './schema/mqtt.js';

/** The MQTT client id of a destination: the one that is given, else one that no other gateway or destination has. */
export function clientIdOf(gateway: string, destination: string, given: string | undefined): string {
  if (given !== undefined) return given;
  return destination === MAIN_DESTINATION ? `jidoka-${gateway}` : `jidoka-${gateway}-${destination}`;
}
