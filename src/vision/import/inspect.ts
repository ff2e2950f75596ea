import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { type OnnxFile, readOnnxFile } from './onnx-file.js';
import { TrialSession } from './trial-session.js';

/** As large as a model package may hold. */
const MAX_BYTES = 1_073_741_824;

/** An ONNX file that has been loaded, to be looked at and tried. */
export interface InspectedModel {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly onnx: OnnxFile;
  /** Whoever inspects releases it. */
  readonly session: TrialSession;
}

/** @throws IMPORT_FILE_UNUSABLE */
export async function inspectModel(file: string): Promise<InspectedModel> {
  const bytes = await readModel(file);
  const onnx = readOnnxFile(bytes, file);
  if (onnx.externalFiles.length > 0) {
    throw visionErrors.IMPORT_FILE_UNUSABLE({
      where: file,
      got: `weights in another file, ${onnx.externalFiles.slice(0, 3).join(', ')}`,
      expected: 'one ONNX file with everything in it',
      hint: "Join them: python -c \"import onnx; onnx.save(onnx.load('IN.onnx'), 'OUT.onnx', save_as_external_data=False)\", or export with external_data=False in PyTorch.",
    });
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, bytes, sha256, onnx, session: await TrialSession.open(bytes, file) };
}

async function readModel(file: string): Promise<Uint8Array> {
  const unusable = (got: string, expected: string, cause?: unknown): Error =>
    visionErrors.IMPORT_FILE_UNUSABLE({ where: file, got, expected, cause });
  const info = await stat(file).catch((cause: unknown) => {
    throw unusable(messageOf(cause), 'an ONNX file', cause);
  });
  if (!info.isFile()) throw unusable('something that is not a file', 'an ONNX file');
  if (info.size === 0 || info.size > MAX_BYTES) throw unusable(`${info.size} bytes`, `1 to ${MAX_BYTES} bytes`);
  return readFile(file).catch((cause: unknown) => {
    throw unusable(messageOf(cause), 'a file that may be read', cause);
  });
}
