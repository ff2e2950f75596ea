import type { BrowseResult, ClientSession } from 'node-opcua-client';
import { messageOf } from '../../base/errors.js';
import { opcuaErrors } from '../errors.js';
import type { ClientLibrary } from '../library.js';
import { printable } from './printable.js';

/** A variable that was found. */
export interface FoundNode {
  readonly nodeId: string;
  readonly name: string;
  /** Names from the beginning of the walk down to it. */
  readonly path: readonly string[];
  /** NodeIds of its properties that tell unit and range. */
  readonly properties: Readonly<Partial<Record<PropertyName, string>>>;
}

export type PropertyName = 'EngineeringUnits' | 'EURange';

export interface WalkOptions {
  /** Where to begin. */
  readonly from: string;
  readonly maxNodes: number;
  readonly maxDepth: number;
  readonly maxMs: number;
  /** A monotonic clock. */
  readonly nowMs: () => number;
}

export interface WalkResult {
  readonly variables: readonly FoundNode[];
  readonly visited: number;
  /** Why it ended before everything was seen; null where it did not. */
  readonly incomplete: string | null;
}

interface Open {
  readonly nodeId: string;
  readonly path: readonly string[];
  /** Filled in as the properties of a variable are met. */
  readonly properties: Partial<Record<PropertyName, string>>;
}

export const OBJECTS_FOLDER = 'i=85';
/** It describes the server itself, with thousands of nodes on some; nobody's tags lie there. */
const SERVER_OBJECT = 'i=2253';
const HAS_PROPERTY = 'i=46';
const HIERARCHICAL = 'i=33';
const NODES_A_CALL = 50;
const REFERENCES_A_NODE = 500;
/** Objects and variables. */
const CLASSES = 3;
/** Their kinds, classes and names. */
const RESULTS = 63;

/**
 * Walks an address space breadth first, along hierarchical references, each node once. Every bound that ends it early
 * is told; a node that cannot be browsed is passed by.
 */
export async function walk(session: ClientSession, library: ClientLibrary, options: WalkOptions): Promise<WalkResult> {
  return new Walk(session, library, options).run();
}

class Walk {
  readonly #seen = new Set<string>();
  readonly #variables: FoundNode[] = [];
  readonly #startedAtMs: number;
  #batch = NODES_A_CALL;
  #incomplete: string | null = null;
  #visited = 0;

  constructor(
    private readonly session: ClientSession,
    private readonly library: ClientLibrary,
    private readonly options: WalkOptions,
  ) {
    session.requestedMaxReferencesPerNode = REFERENCES_A_NODE;
    this.#startedAtMs = options.nowMs();
  }

  async run(): Promise<WalkResult> {
    const { from, maxDepth } = this.options;
    this.#seen.add(SERVER_OBJECT);
    this.#seen.add(from);
    let level: readonly Open[] = [{ nodeId: from, path: [], properties: {} }];
    for (let depth = 0; level.length > 0 && !this.#full; depth += 1) {
      if (depth >= maxDepth) this.#incomplete = `deeper than ${maxDepth} levels was not looked`;
      else level = await this.#below(level);
      if (depth >= maxDepth) break;
    }
    const order = (one: FoundNode, other: FoundNode): number => (one.path.join('/') < other.path.join('/') ? -1 : 1);
    return { variables: this.#variables.sort(order), visited: this.#visited, incomplete: this.#incomplete };
  }

  get #full(): boolean {
    const { maxNodes, maxMs, nowMs } = this.options;
    if (this.#seen.size > maxNodes) this.#incomplete = `it ended after ${maxNodes} nodes`;
    else if (nowMs() - this.#startedAtMs > maxMs) this.#incomplete = `it ended after ${Math.round(maxMs / 1000)} s`;
    return this.#incomplete !== null;
  }

  async #below(level: readonly Open[]): Promise<readonly Open[]> {
    const next: Open[] = [];
    for (let from = 0; from < level.length && !this.#full; ) {
      const nodes = level.slice(from, from + this.#batch);
      const results = await this.#browse(nodes);
      if (results === undefined) continue;
      from += nodes.length;
      this.#visited += nodes.length;
      for (const [index, node] of nodes.entries()) await this.#take(node, results[index], next);
    }
    return next;
  }

  /** undefined where the server wants fewer nodes at a time. */
  async #browse(nodes: readonly Open[]): Promise<readonly BrowseResult[] | undefined> {
    const { BrowseDirection } = this.library;
    try {
      return await this.session.browse(
        nodes.map(({ nodeId }) => ({
          nodeId,
          browseDirection: BrowseDirection.Forward,
          referenceTypeId: HIERARCHICAL,
          includeSubtypes: true,
          nodeClassMask: CLASSES,
          resultMask: RESULTS,
        })),
      );
    } catch (error) {
      const smaller = /BadTooManyOperations|BadResponseTooLarge|BadEncodingLimitsExceeded/.test(messageOf(error));
      if (!smaller || nodes.length === 1) throw lost(error);
      this.#batch = Math.floor(nodes.length / 2);
      return undefined;
    }
  }

  async #take(node: Open, first: BrowseResult | undefined, next: Open[]): Promise<void> {
    let result = first;
    while (result !== undefined) {
      for (const reference of result.references ?? []) this.#meet(node, reference, next);
      const point = result.continuationPoint;
      if (point === null || point === undefined || point.length === 0) return;
      const release = this.#full;
      const more = await this.session.browseNext(point, release).catch((error: unknown) => {
        throw lost(error);
      });
      if (release) return;
      result = more;
    }
  }

  #meet(node: Open, reference: NonNullable<BrowseResult['references']>[number], next: Open[]): void {
    const { nodeId: expanded, referenceTypeId, browseName, displayName, nodeClass } = reference;
    if (expanded.serverIndex > 0) return;
    const nodeId = plainNodeId(expanded);
    const name = printable(displayName?.text || browseName?.name || nodeId);
    if (plainNodeId(referenceTypeId) === HAS_PROPERTY) {
      const property = browseName?.name;
      if (property === 'EngineeringUnits' || property === 'EURange') node.properties[property] = nodeId;
      return;
    }
    if (this.#seen.has(nodeId) || this.#full) return;
    this.#seen.add(nodeId);
    const open: Open = { nodeId, path: [...node.path, name], properties: {} };
    next.push(open);
    if (nodeClass === this.library.NodeClass.Variable) this.#variables.push({ ...open, name });
  }
}

/** The library writes `ns=0;i=85` for `i=85`. */
export function plainNodeId(nodeId: { toString(): string }): string {
  return nodeId.toString().replace(/^ns=0;/, '');
}

function lost(error: unknown): Error {
  const got = messageOf(error).slice(0, 300);
  return opcuaErrors.OPCUA_CONNECTION_LOST({ got, cause: error });
}
