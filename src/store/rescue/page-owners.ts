import { childrenOf, parsePage } from './page.js';
import type { PageFile } from './page-file.js';

const FREE_PAGE = 2;
const ROOT_PAGE = 1;
const TREE_PAGE = 5;
/** No tree of ours is deeper; a chain that is longer runs in a circle. */
const MAX_DEPTH = 20;

/** A table of the damaged database and the page that its tree begins at. */
export interface Root {
  readonly table: string;
  readonly page: number;
}

interface MapEntry {
  readonly type: number;
  readonly parent: number;
}

/**
 * Which table each page belongs to, one byte a page.
 *
 * First by walking each tree down from its root. What hangs below a damaged page is not reached that way; it is found by
 * the pointer map, in which SQLite keeps each page's parent where auto-vacuum is on.
 */
export class PageOwners {
  readonly #file: PageFile;
  readonly #owners: Uint8Array;
  /** Pages that belong to a table and cannot be read as part of a tree. */
  readonly #damaged = new Set<number>();
  readonly #tables: readonly string[];
  readonly #hasMap: boolean;

  constructor(file: PageFile, roots: readonly Root[], hasPointerMap: boolean, onProgress: (page: number) => void) {
    this.#file = file;
    this.#hasMap = hasPointerMap;
    this.#owners = new Uint8Array(file.pageCount + 1);
    this.#tables = roots.map(({ table }) => table);
    for (const [index, { page }] of roots.entries()) if (page <= file.pageCount) this.#walk(page, index + 1);
    if (hasPointerMap) this.#adopt(onProgress);
  }

  /** The table's pages in the order of the file. */
  *pagesOf(table: string): Generator<number> {
    const owner = this.#tables.indexOf(table) + 1;
    for (let page = 1; page < this.#owners.length; page += 1) if (this.#owners[page] === owner) yield page;
  }

  /** The table's pages that cannot be read. */
  damagedPages(table: string): number {
    const owner = this.#tables.indexOf(table) + 1;
    return [...this.#damaged].filter((page) => this.#owners[page] === owner).length;
  }

  #walk(root: number, owner: number): void {
    const open = [root];
    for (let page = open.pop(); page !== undefined; page = open.pop()) {
      if (this.#owners[page] !== 0) continue;
      this.#owners[page] = owner;
      for (const child of this.#childrenOrDamage(page)) {
        const entry = this.#mapEntry(child);
        // A pointer that the map contradicts is damaged, or the map is: the other way of finding it decides.
        if (entry === undefined || (entry.type === TREE_PAGE && entry.parent === page)) open.push(child);
      }
    }
  }

  /** Gives pages whose way from the root is broken to the table of the damaged page above them. */
  #adopt(onProgress: (page: number) => void): void {
    for (let page = 2; page <= this.#file.pageCount; page += 1) {
      onProgress(page);
      if (this.#owners[page] !== 0) continue;
      const chain: number[] = [];
      let at = page;
      while (this.#owners[at] === 0 && chain.length < MAX_DEPTH) {
        const entry = this.#mapEntry(at);
        if (entry?.type !== TREE_PAGE) break;
        chain.push(at);
        at = entry.parent;
      }
      const owner = this.#owners[at] ?? 0;
      // The children of a page that can be read are known: what it does not name has been left behind by SQLite.
      if (owner === 0 || !this.#damaged.has(at)) continue;
      for (const orphan of chain.reverse()) this.#walk(orphan, owner);
    }
  }

  #childrenOrDamage(page: number): readonly number[] {
    const bytes = this.#file.read(page);
    const parsed = bytes === undefined ? undefined : parsePage(bytes, page, this.#file.usable);
    if (parsed === undefined) {
      this.#damaged.add(page);
      return [];
    }
    if (parsed.rightChild === 0) return [];
    const children = childrenOf(parsed, this.#file.pageCount);
    if (children === undefined) this.#damaged.add(page);
    return children ?? [];
  }

  /** Undefined where there is no map or its page is damaged. */
  #mapEntry(page: number): MapEntry | undefined {
    if (!this.#hasMap || page < 2 || page > this.#file.pageCount) return undefined;
    const perMap = Math.floor(this.#file.usable / 5) + 1;
    const mapPage = Math.floor((page - 2) / perMap) * perMap + 2;
    if (mapPage === page) return { type: FREE_PAGE, parent: 0 };
    const bytes = this.#mapPage(mapPage);
    if (bytes === undefined) return undefined;
    const at = 5 * (page - mapPage - 1);
    const type = bytes[at] ?? 0;
    if (type < ROOT_PAGE || type > TREE_PAGE) return undefined;
    return { type, parent: bytes.readUInt32BE(at + 1) };
  }

  #lastMap: { readonly page: number; readonly bytes: Buffer | undefined } = { page: 0, bytes: undefined };

  #mapPage(page: number): Buffer | undefined {
    if (this.#lastMap.page !== page) this.#lastMap = { page, bytes: this.#file.read(page) };
    return this.#lastMap.bytes;
  }
}
