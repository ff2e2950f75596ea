import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { JidokaError, messageOf } from '../base/errors.js';
import type { ModelIdentity } from '../domain/model.js';
import { isModelVersion, MODEL_MANIFEST, packageIn } from '../domain/model-version.js';
import { visionErrors } from './errors.js';
import type { GoldenSample, Manifest, Variant } from './manifest.js';
import { parseManifest } from './manifest-problems.js';
import { checkFileHash, packageFile, sha256Of } from './package-files.js';
import { quoted } from './quoted.js';

const MAX_MANIFEST_BYTES = 1_048_576;
const MAX_MODEL_BYTES = 1_073_741_824;
const MAX_GOLDEN_BYTES = 33_554_432;

/** A model package of which one variant has been chosen and whose files have been checked. */
export interface ModelPackage {
  /** Real path of `NAME/VERSION`. */
  readonly folder: string;
  /** Real path of the variant's ONNX file. */
  readonly modelFile: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
  /** What is particular to the variant that runs. */
  readonly variant: Variant & { readonly name: string };
  readonly golden: readonly GoldenFile[];
  readonly identity: ModelIdentity;
}

/** A golden picture with the scores that the chosen variant must give for it. */
export interface GoldenFile {
  /** Real path. */
  readonly path: string;
  readonly sha256: string;
  readonly scores: readonly number[];
}

/**
 * Reads and checks a model package: the manifest, and of the variant's ONNX file and the golden pictures the place, size
 * and SHA-256. The graph itself is checked when a classifier loads it.
 * @param folder the package folder `NAME/VERSION`
 * @param variantName default: the manifest's default variant
 * @throws a `config` JidokaError `MODEL_…`; MODEL_FILES_UNUSABLE where several files are at fault
 */
export async function loadModelPackage(folder: string, variantName?: string): Promise<ModelPackage> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: folder, got: messageOf(cause), cause });
  });
  const manifestFile = await packageFile(root, MODEL_MANIFEST, MAX_MANIFEST_BYTES);
  const bytes = await readFile(manifestFile);
  const manifest = parseManifest(bytes.toString('utf8'), manifestFile);
  expectVersion(manifest, manifestFile, basename(root));
  const variant = variantOf(manifest, variantName, manifestFile);
  const { modelFile, golden } = await checkFiles(root, manifest, variant);
  const { name, version } = manifest;
  return {
    folder: root,
    modelFile,
    manifest,
    manifestSha256: sha256Of(bytes),
    variant,
    golden,
    identity: { name, version, sha256: variant.sha256 },
  };
}

/**
 * Finds the package that a path names: the folder itself, or the highest version below a folder `NAME`.
 * @throws MODEL_NOT_FOUND
 */
export async function findModelPackage(path: string): Promise<string> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: messageOf(cause), cause });
  });
  const found = packageIn(names);
  if (found !== undefined) return join(path, found);
  throw visionErrors.MODEL_NOT_FOUND({
    where: path,
    got: names.length === 0 ? 'an empty folder' : `a folder with ${names.slice(0, 5).join(', ')}`,
    expected: `${MODEL_MANIFEST} or folders named MAJOR.MINOR.PATCH`,
  });
}

function expectVersion({ version }: Manifest, manifestFile: string, folderName: string): void {
  if (!isModelVersion(folderName) || folderName === version) return;
  throw visionErrors.MODEL_MANIFEST_INVALID({
    where: `${manifestFile}, version`,
    got: `"${version}" in a folder named ${folderName}`,
    expected: 'the same version in both',
  });
}

function variantOf(manifest: Manifest, asked: string | undefined, where: string): ModelPackage['variant'] {
  const { variants, defaultVariant } = manifest;
  const name = asked ?? defaultVariant;
  // Names such as `constructor` are no variants, though every object answers to them.
  const variant = Object.hasOwn(variants, name) ? variants[name] : undefined;
  if (variant !== undefined) return { ...variant, name };
  throw visionErrors.MODEL_VARIANT_UNKNOWN({
    where,
    got: quoted([name]),
    expected: `one of ${quoted(Object.keys(variants))}`,
  });
}

/** Looks at every file before it throws, so that one that is at fault does not hide the next. */
async function checkFiles(
  root: string,
  { golden }: Manifest,
  variant: ModelPackage['variant'],
): Promise<Pick<ModelPackage, 'modelFile' | 'golden'>> {
  const faults: JidokaError[] = [];
  const check = async (name: string, sha256: string, maxBytes: number): Promise<string> => {
    try {
      const path = await packageFile(root, name, maxBytes);
      await checkFileHash(path, sha256);
      return path;
    } catch (error) {
      faults.push(error instanceof JidokaError ? error : unreadable(join(root, name), error));
      return '';
    }
  };
  const modelFile = await check(variant.file, variant.sha256, MAX_MODEL_BYTES);
  const files: GoldenFile[] = [];
  for (const { file, sha256, scores } of golden?.samples ?? []) {
    files.push({ path: await check(file, sha256, MAX_GOLDEN_BYTES), sha256, scores: scoresOf(scores, variant.name) });
  }
  const [first, ...others] = faults;
  if (first === undefined) return { modelFile, golden: files };
  if (others.length === 0) throw first;
  throw visionErrors.MODEL_FILES_UNUSABLE({
    where: root,
    got: faults.map(({ code, where, got }) => `${code}: ${where}: ${got}`).join('; '),
  });
}

/** The manifest's check has made sure that every variant has scores. */
function scoresOf(scores: GoldenSample['scores'], variant: string): readonly number[] {
  return scores[variant] ?? [];
}

function unreadable(where: string, cause: unknown): JidokaError {
  return visionErrors.MODEL_NOT_FOUND({ where, got: messageOf(cause), cause });
}
