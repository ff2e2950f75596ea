import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { ConfigPath } from './problem.js';
import { isHarmless, openQuoteWording, wordingOf } from './yaml-faults.js';

/** A value of the file and where it stands; offsets count UTF-16 units from the beginning of the text. */
export interface Located {
  readonly value: unknown;
  readonly offset: number;
  readonly end: number;
  /** Where its key stands, for a value of a section. */
  readonly keyOffset?: number;
  /** What was written, for a plain value. */
  readonly source?: string;
  readonly children: ReadonlyMap<string, Located>;
}

export interface Fault {
  readonly offset: number;
  readonly what: string;
  readonly instead: string;
}

export interface YamlTree {
  readonly root: Located;
  readonly faults: readonly Fault[];
  /** Up to here the tree is what the author meant; the length of the text where the syntax is sound. */
  readonly soundUntil: number;
  lineColumn(offset: number): { readonly line: number; readonly column: number };
}

/** Values a file may have once its aliases are expanded: far above any plant, far below what exhausts memory. */
const MAX_VALUES = 50_000;
const MAX_DEPTH = 50;

/** Reads YAML 1.2 (core schema, no merge keys, no custom tags) and keeps where everything stands. */
export function readYaml(text: string): YamlTree {
  const lines = new LineCounter();
  const lineColumn = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const whole = (fault: Fault): YamlTree => ({ root: EMPTY, faults: [fault], soundUntil: 0, lineColumn });
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // The library compares each key with every other one; a set does it below in one pass.
      uniqueKeys: false,
      resolveKnownTags: false,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return whole({ offset: 0, ...wordingOf('RESOURCE_EXHAUSTION') });
  }
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    const what = `The file declares YAML ${document.directives.yaml.version}; jidoka reads YAML 1.2.`;
    return whole({ offset: 0, what, instead: 'Remove the %YAML line.' });
  }
  const builder = new TreeBuilder(document.contents, text, lineColumn);
  const root = builder.build();
  const hard = document.errors.filter((error) => !isHarmless(error.code)).map((error) => error.pos[0]);
  const errors = [...document.errors, ...document.warnings];
  const openQuote = errors.findIndex((error) => error.code === 'MISSING_CHAR' && error.message.includes('quote'));
  // An open quote swallows the rest of the file: what is said of it afterwards leads astray.
  const syntax = errors.slice(0, openQuote < 0 ? errors.length : openQuote + 1).map((error, index): Fault => {
    if (index === openQuote) return { offset: builder.lastScalarBefore(error.pos[0]), ...openQuoteWording };
    return { offset: afterBlank(text, error.pos[0]), ...wordingOf(error.code) };
  });
  return {
    root,
    faults: [...oneALine(syntax, lineColumn), ...builder.faults],
    soundUntil: Math.min(text.length + 1, ...hard),
    lineColumn,
  };
}

const EMPTY: Located = { value: null, offset: 0, end: 0, children: new Map() };

/** The value at `path`, or undefined where the file has none. */
export function find(root: Located, path: ConfigPath): Located | undefined {
  return path.reduce<Located | undefined>((at, key) => at?.children.get(String(key)), root);
}

class TreeBuilder {
  readonly faults: Fault[] = [];
  readonly #contents: Node | null;
  readonly #text: string;
  readonly #lineColumn: YamlTree['lineColumn'];
  readonly #anchors = new Map<string, Node>();
  readonly #scalarOffsets: number[] = [];
  #values = 0;

  constructor(contents: Node | null, text: string, lineColumn: YamlTree['lineColumn']) {
    this.#contents = contents;
    this.#text = text;
    this.#lineColumn = lineColumn;
  }

  build(): Located {
    if (this.#contents === null) return EMPTY;
    visit(this.#contents, {
      Node: (_, node) => {
        if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
      },
    });
    try {
      return this.#walk(this.#contents, undefined, []);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      this.faults.push({
        offset: error.offset,
        what: 'The file becomes too large or too deeply nested here.',
        instead: 'Write out what the *aliases stand for, or look whether this is the right file.',
      });
      return EMPTY;
    }
  }

  lastScalarBefore(offset: number): number {
    return this.#scalarOffsets.filter((start) => start <= offset).at(-1) ?? offset;
  }

  #walk(node: Node | null, keyOffset: number | undefined, parents: readonly Node[]): Located {
    const [offset, end] = [node?.range?.[0] ?? keyOffset ?? 0, node?.range?.[1] ?? keyOffset ?? 0];
    this.#values += 1;
    if (this.#values > MAX_VALUES || parents.length > MAX_DEPTH) throw new TooLarge(offset);
    const place = { offset, end, ...(keyOffset === undefined ? {} : { keyOffset }) };
    if (isAlias(node)) return this.#alias(node.source, place, parents);
    if (isMap(node)) {
      const children = new Map<string, Located>();
      for (const pair of node.items) {
        const at = (pair.key as Node | null)?.range?.[0] ?? offset;
        const key = keyText(pair.key);
        if (key === undefined) {
          this.faults.push({ offset: at, ...wordingOf('NON_STRING_KEY') });
        } else if (children.has(key)) {
          const first = this.#lineColumn(children.get(key)?.keyOffset ?? 0).line;
          const instead = `Keep one of them; the first is on line ${first}.`;
          this.faults.push({ offset: at, what: `The key \`${key.slice(0, 60)}\` is here a second time.`, instead });
        } else {
          children.set(key, this.#walk(pair.value as Node | null, at, [...parents, node]));
        }
      }
      return { ...place, children, value: Object.fromEntries([...children].map(([key, at]) => [key, at.value])) };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#walk(item as Node, undefined, [...parents, node]));
      const children = new Map(items.map((item, index) => [String(index), item]));
      return { ...place, children, value: items.map((item) => item.value) };
    }
    this.#scalarOffsets.push(offset);
    const value: unknown = isScalar(node) ? node.value : null;
    return { ...place, children: new Map(), value, source: this.#text.slice(offset, end) };
  }

  #alias(name: string, place: Omit<Located, 'value' | 'children'>, parents: readonly Node[]): Located {
    const target = this.#anchors.get(name);
    if (target !== undefined && !parents.includes(target)) {
      const located = this.#walk(target, undefined, [...parents, target]);
      return { ...located, ...(place.keyOffset === undefined ? {} : { keyOffset: place.keyOffset }) };
    }
    this.faults.push({ offset: place.offset, ...wordingOf('BAD_ALIAS') });
    return { ...place, children: new Map(), value: null };
  }
}

class TooLarge extends Error {
  constructor(readonly offset: number) {
    super('too large');
  }
}

function keyText(key: unknown): string | undefined {
  if (key === null) return '';
  return isScalar(key) ? (key.value === null ? (key.source ?? '') : String(key.value)) : undefined;
}

/** The parser points at the line break or the indentation before what it stumbled on. */
function afterBlank(text: string, offset: number): number {
  const blank = /^[\n\r ]*/.exec(text.slice(offset, offset + 200))?.[0].length ?? 0;
  return offset + blank < text.length ? offset + blank : offset;
}

/** One slip of the pen often gives several errors on its line; the first says it best. */
function oneALine(faults: readonly Fault[], lineColumn: YamlTree['lineColumn']): Fault[] {
  const seen = new Set<number>();
  return faults.filter((fault) => {
    const { line } = lineColumn(fault.offset);
    return !seen.has(line) && seen.add(line);
  });
}
