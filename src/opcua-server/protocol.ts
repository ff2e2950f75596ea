import type { Inspection } from '../domain/inspection.js';
import type { StationRecipe, StationTrouble } from '../ports/controlled-station.js';
import type { Job, Told, TransitionTold, VisionState } from './vision-machine.js';

/** What the server's thread is started with. */
export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** What clients reach it by; it stands in the endpoints and in the certificate. */
  readonly hostname: string;
  readonly policies: readonly ('None' | 'Basic256Sha256' | 'Aes128_Sha256_RsaOaep' | 'Aes256_Sha256_RsaPss')[];
  readonly modes: readonly ('sign' | 'signAndEncrypt')[];
  readonly anonymous: boolean;
  readonly users: readonly ServerUser[];
  readonly pkiFolder: string;
  /** Files of a certificate and its key that replace the self-signed one. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** How many results of each station are kept. */
  readonly results: number;
  readonly maxSessions: number;
  readonly gateway: string;
  readonly version: string;
  readonly startedAtMs: number;
  /** Of the configuration in force, SHA-256 in hex. */
  readonly configurationHash: string;
  readonly stations: readonly { readonly name: string; readonly simulated: boolean }[];
}

export interface ServerUser {
  readonly name: string;
  readonly password: string;
  readonly role: Role;
}

/** A viewer reads; an operator calls methods too. */
export type Role = 'viewer' | 'operator';

/** One result as the thread keeps it. */
export interface Result {
  readonly inspection: Inspection;
  readonly jobId: string;
  readonly measId?: string;
  readonly partId?: string;
  readonly recipe: StationRecipe;
}

/** How a station is shown at the moment. */
export interface StationView {
  readonly state: VisionState;
  readonly job: Job | undefined;
  readonly recipes: readonly StationRecipe[];
  readonly inForce: string;
  /** The recipe in force may be used for jobs. */
  readonly prepared: boolean;
  readonly troubles: readonly StationTrouble[];
  /** By whom and why the station is paused. */
  readonly paused: string | undefined;
  /** The last transition of each of the two state machines. */
  readonly passed: readonly TransitionTold[];
}

/** The methods that the station's own thread has to decide on. */
export type Request =
  | { readonly method: 'SelectModeAutomatic' }
  | { readonly method: 'StartSingleJob' | 'StartContinuous'; readonly start: StartRequest }
  | { readonly method: 'Stop' | 'Abort' | 'Halt' | 'Reset'; readonly cause: number; readonly description: string }
  | { readonly method: 'ConfirmAll'; readonly comment: string }
  | { readonly method: 'PrepareRecipe' | 'UnprepareRecipe'; readonly recipe: string };

export interface StartRequest {
  readonly measId: string;
  readonly partId: string;
  readonly recipe: string;
  readonly product: string;
  readonly parameters: number;
}

export type Answer =
  /** The method is not allowed in this state. */
  { readonly kind: 'not-now' } | { readonly kind: 'done'; readonly error: number; readonly jobId: string };

/** To the server's thread; a result that is not fresh was told before. */
export type ToServer =
  | { readonly kind: 'view'; readonly station: string; readonly view: StationView; readonly told: readonly Told[] }
  | { readonly kind: 'result'; readonly station: string; readonly result: Result; readonly fresh: boolean }
  | { readonly kind: 'answer'; readonly call: number; readonly answer: Answer }
  | { readonly kind: 'stop' };

/** From the server's thread. */
export type FromServer =
  | { readonly kind: 'listening'; readonly endpoints: readonly string[] }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly where: string; readonly got: string }
  | {
      readonly kind: 'call';
      readonly call: number;
      readonly station: string;
      readonly request: Request;
      readonly user: string;
    }
  /** So many messages have been worked off. */
  | { readonly kind: 'taken'; readonly messages: number }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn'; readonly text: string }
  | { readonly kind: 'stopped' };

/** Why a server could not be started. */
export type RefusalCode = 'OPCUA_SERVER_PORT_TAKEN' | 'OPCUA_SERVER_CERTIFICATE' | 'OPCUA_SERVER_FAILED';

/** Values of the output argument Error; those of jidoka are negative, as the specification asks for. */
export const METHOD_ERRORS = {
  OK: 0,
  NOT_CARRIED_OUT: -1,
  RECIPE_UNKNOWN: -2,
  RECIPE_NOT_PREPARED: -3,
  PRODUCT_UNKNOWN: -4,
  PARAMETERS_UNKNOWN: -5,
  RESULT_UNKNOWN: -6,
  CONFIGURATION_UNKNOWN: -7,
  HANDLE_UNKNOWN: -8,
} as const;
