import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { firstLine } from '../worker-protocol.js';

const MAX_SHOWN = 240;

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /opset \d+ is under development|official released onnx opset/i,
    'Its operator set is newer than onnxruntime 1.30 knows: export with opset_version=17 (PyTorch, Keras) or target_opset=17 (skl2onnx).',
  ],
  [
    /no op registered|not a registered function|is not registered|unknown op/i,
    "It uses an operator that onnxruntime does not have, such as a framework's own or a plug-in's: replace the layer by standard ones, and export the model anew.",
  ],
  [
    /ir.?version/i,
    'It was written with a newer onnx package than onnxruntime 1.30 reads: export with opset 17 and ir_version 10.',
  ],
  [
    /not_implemented|could not find an implementation/i,
    'onnxruntime has no CPU kernel for one of its operators in this type: export the model in float32.',
  ],
];

/** What ONNX Runtime's refusal to load or to run a model means for whoever exported it. */
export function loadProblem(error: unknown, where: string): Error {
  const message = messageOf(error);
  // Some messages begin with the place in the library's own source.
  const reason = firstLine(message).replace(/^\/\S+ .*?\) (?=[A-Z])/, '');
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1];
  return visionErrors.IMPORT_FILE_UNUSABLE({
    where,
    got: reason.length > MAX_SHOWN ? `${reason.slice(0, MAX_SHOWN)}…` : reason,
    expected: 'a model that onnxruntime 1.30 loads and runs',
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}
