import { fillBaseTopic, LOCATION_LEVELS } from '../config/base-topic.js';
import type { Config } from '../config/schema/index.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';

/**
 * What every topic of the destination begins with: its `baseTopic` with the placeholders filled in, else the levels of
 * the location that are given, else `jidoka`.
 */
export function baseTopic(gateway: Config['gateway'], destination: Pick<DestinationConfig, 'baseTopic'>): string {
  const { location = {}, name } = gateway;
  const template = destination.baseTopic ?? LOCATION_LEVELS.map((level) => `{${level}}`).join('/');
  const filled = fillBaseTopic(template, (placeholder) => (placeholder === 'gateway' ? name : location[placeholder]));
  return filled === '' ? 'jidoka' : filled;
}

/** The topics of one gateway, all below the base; `topic-catalogue.ts` says what is on them. */
export function discoveryTopic(base: string): string {
  return `${base}/discovery`;
}

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
