export const DISCOVERY_SCHEMA = 'jidoka.discovery/1';

/** The levels of ISA-95 that are configured, from the company down to the cell. */
export interface Location {
  readonly enterprise?: string;
  readonly site?: string;
  readonly area?: string;
  readonly line?: string;
  readonly cell?: string;
}

/** What a consumer must know of a station to understand its messages. */
export interface StationDescription {
  readonly name: string;
  /** Kind of camera, such as `directory`. */
  readonly camera: string;
  /** What opens a part: `frame`, `timer`, `tag`, …. */
  readonly trigger: string;
  /** null until it is loaded. */
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly labels: readonly string[];
    /** The label of a good part; null for a model that only tells defects apart. */
    readonly goodLabel: string | null;
  } | null;
  /** Names of its recipes, where it has any; `model` is that of the one in force. */
  readonly recipes?: readonly string[];
  readonly sensors: readonly {
    readonly name: string;
    readonly unit?: string;
    readonly min?: number;
    readonly max?: number;
    readonly required: boolean;
  }[];
}

export interface GatewayDescription {
  readonly location: Location;
  readonly stations: readonly StationDescription[];
}

export interface TopicDescription {
  readonly topic: string;
  /** As the gateway sees it: it publishes there, or it subscribes and listens. */
  readonly direction: 'publish' | 'subscribe';
  readonly carries: string;
  readonly qos: 0 | 1;
  readonly retained: boolean;
  readonly station?: string;
  readonly contentType: string;
  /** The value of the payload's member `schema`; absent where it is no JSON. */
  readonly schema?: string;
  /** The `$id` of its JSON Schema. */
  readonly schemaId?: string;
}

/** Retained on `BASE/discovery`: every topic of the gateway and what is on it. */
export interface DiscoveryMessage extends GatewayDescription {
  readonly schema: typeof DISCOVERY_SCHEMA;
  readonly gateway: string;
  /** Of jidoka. */
  readonly version: string;
  readonly baseTopic: string;
  readonly topics: readonly TopicDescription[];
  /** The JSON Schemas by their `$id`; absent where the message would be larger than brokers commonly take. */
  readonly schemas?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
