import type { Config } from '../config/schema/index.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';

const LEVELS = ['enterprise', 'site', 'area', 'line', 'cell'] as const;

/**
 * What every topic of the destination begins with: its `baseTopic` with the placeholders filled in, else the levels of
 * the location that are given, else `jidoka`. A placeholder of a level that is not given leaves no empty level behind.
 */
export function baseTopic(gateway: Config['gateway'], destination: Pick<DestinationConfig, 'baseTopic'>): string {
  const { location = {}, name } = gateway;
  if (destination.baseTopic === undefined) {
    const levels = LEVELS.flatMap((level) => location[level] ?? []);
    return levels.length === 0 ? 'jidoka' : levels.join('/');
  }
  const filled = destination.baseTopic.replace(/\{(enterprise|site|area|line|cell|gateway)\}/g, (_, key: string) =>
    key === 'gateway' ? name : (location[key as (typeof LEVELS)[number]] ?? ''),
  );
  return filled
    .split('/')
    .filter((level) => level !== '')
    .join('/');
}

/** The topics of one gateway, all below the base. */
export function statusTopic(base: string): string {
  return `${base}/status`;
}

export function inspectionTopic(base: string, station: string): string {
  return `${base}/${station}/inspection`;
}

/** Copies of fails whose turn on the inspection topic has not come. */
export function urgentTopic(base: string, station: string): string {
  return `${base}/${station}/urgent`;
}

export function stateTopic(base: string, station: string): string {
  return `${base}/${station}/state`;
}

/** Commands for the gateway, or for one station. */
export function commandTopic(base: string, station?: string): string {
  return station === undefined ? `${base}/command` : `${base}/${station}/command`;
}

/** Answers to commands that do not say where they want them. */
export function commandResultTopic(base: string, station?: string): string {
  return `${commandTopic(base, station)}/result`;
}

/** Pictures that a command asked for. */
export function snapshotTopic(base: string, station: string): string {
  return `${base}/${station}/snapshot`;
}
