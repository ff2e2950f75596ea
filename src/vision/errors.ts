import { defineErrors } from '../base/errors.js';

const REPACK = 'Copy the model package again from where it was made, or train and export it anew.';

export const visionErrors = defineErrors({
  MODEL_NOT_FOUND: {
    consequence: 'config',
    summary: 'there is no model package at this place.',
    remedy: 'Name a folder that holds model.json and the files it describes, such as models/NAME/VERSION.',
  },
  MODEL_MANIFEST_INVALID: {
    consequence: 'config',
    summary: "the model's manifest (model.json) cannot be used.",
    remedy: 'Correct the fields that are named.',
  },
  MODEL_VARIANT_UNKNOWN: {
    consequence: 'config',
    summary: 'the model package has no such variant.',
    remedy: "Name one that the package has, or leave the variant out to take the package's default.",
  },
  MODEL_FILES_UNUSABLE: {
    consequence: 'config',
    summary: 'several files of the model package cannot be used.',
    remedy: REPACK,
  },
  MODEL_FILE_OUTSIDE: {
    consequence: 'config',
    summary: 'a file of the model package lies outside of its folder.',
    remedy: 'Put the file itself into the package folder; links that lead out of it are not followed.',
  },
  MODEL_FILE_SIZE: {
    consequence: 'config',
    summary: 'a file of the model package is empty or larger than the agent accepts.',
    remedy: REPACK,
  },
  MODEL_HASH_MISMATCH: {
    consequence: 'config',
    summary: 'a file of the model package is not the one that the manifest describes.',
    remedy: `${REPACK} Change sha256 in model.json only if you replaced the file on purpose.`,
  },
  MODEL_UNLOADABLE: {
    consequence: 'config',
    summary: 'the ONNX file cannot be loaded or run.',
    remedy: 'Export the model with operators and an opset that onnxruntime 1.30 knows, in one file.',
  },
  MODEL_GRAPH_MISMATCH: {
    consequence: 'config',
    summary: 'the ONNX graph does not fit its manifest.',
    remedy: 'Correct input, output and labels in model.json so that they describe the graph, or export the graph anew.',
  },
  MODEL_GOLDEN_UNREADABLE: {
    consequence: 'config',
    summary: 'a golden picture of the model package cannot be read.',
    remedy: REPACK,
  },
  MODEL_GOLDEN_MISMATCH: {
    consequence: 'config',
    summary: 'the model gives other scores here than where it was made.',
    remedy:
      'Do not let it judge parts. Make its golden samples anew with the program that exports the model; if they still differ, the file, its preprocessing or onnxruntime on this machine is at fault.',
  },
  QUALITY_REFERENCE_UNUSABLE: {
    consequence: 'config',
    summary: "the reference of the camera's pictures cannot be used.",
    remedy: 'Copy it again with its PNG files, or make it anew: jidoka camera calibrate STATION.',
  },
  IMAGE_FILE_UNREADABLE: {
    consequence: 'degraded',
    summary: 'the file cannot be read.',
    remedy: 'Check that it exists, that it is an ordinary file and that you may read it.',
  },
  IMAGE_EMPTY: {
    consequence: 'degraded',
    summary: 'the picture has no bytes.',
    remedy: 'Look at the camera or the program that writes the files: it may be interrupted while it writes.',
  },
  IMAGE_FORMAT_UNSUPPORTED: {
    consequence: 'degraded',
    summary: 'the picture is of a kind that is not read.',
    remedy: 'Let the camera write JPEG, PNG, TIFF, WebP or uncompressed BMP files.',
  },
  IMAGE_ANIMATED: {
    consequence: 'degraded',
    summary: 'the file holds more than one picture.',
    remedy: 'Let the camera write one picture a file.',
  },
  IMAGE_TOO_LARGE: {
    consequence: 'degraded',
    summary: 'the picture is larger than the limit; it was refused before it was decoded.',
    remedy: 'Raise inference.maxImagePixels if pictures of this size are meant.',
  },
  IMAGE_CORRUPT: {
    consequence: 'degraded',
    summary: 'the picture is damaged or incomplete.',
    remedy: 'Look at the camera, its cable and the program that writes the files.',
  },
  IMAGE_REGION_OUTSIDE: {
    consequence: 'degraded',
    summary: 'the region to inspect does not lie inside of the picture.',
    remedy: "Correct the camera's region, or the resolution that the camera is set to.",
  },
  INFERENCE_ERROR: {
    consequence: 'degraded',
    summary: 'the model gave no usable scores.',
    remedy:
      'Try the model with: jidoka classify MODEL PICTURE. If it fails there too, the model has to be exported anew.',
  },
  INFERENCE_WORKER_LOST: {
    consequence: 'degraded',
    summary: 'the thread that ran the model has ended by itself.',
    remedy: 'It is started anew. If it happens again, look for a lack of memory.',
  },
  INFERENCE_STOPPED: {
    consequence: 'degraded',
    summary: 'the model is not running.',
    remedy: 'The agent is stopping or has not started; nothing needs to be done.',
  },
  EVALUATION_FOLDER_UNUSABLE: {
    consequence: 'config',
    summary: 'the folder cannot be used to evaluate the model.',
    remedy: "Give a folder with one sub-folder a class, named as the model's labels, with pictures in them.",
  },
  IMPORT_FILE_UNUSABLE: {
    consequence: 'config',
    summary: 'the file cannot be imported as a model.',
    remedy: 'Export the model as one ONNX file; docs/bring-your-own-model.md shows how for each framework.',
  },
  IMPORT_GRAPH_UNSUITABLE: {
    consequence: 'config',
    summary: 'the ONNX graph is none that jidoka can run: one picture in, one score a class out.',
    remedy: 'Export the model anew; docs/bring-your-own-model.md shows how for each framework.',
  },
  IMPORT_OPTION_UNFIT: {
    consequence: 'config',
    summary: 'an option does not fit the model.',
    remedy: 'Correct the option, or leave it out where the graph itself tells.',
  },
  IMPORT_UNDECIDED: {
    consequence: 'config',
    summary: 'the ONNX graph does not tell something that has to be known.',
    remedy: 'Give the option that is named; the code that trained the model has its value.',
  },
  IMPORT_SAMPLES_UNUSABLE: {
    consequence: 'config',
    summary: 'the sample pictures cannot be used.',
    remedy: 'Give a folder of pictures, best with one sub-folder a class, named as the labels.',
  },
  IMPORT_EXISTS: {
    consequence: 'config',
    summary: 'this version of the model package exists already.',
    remedy: 'Give another --version; --force replaces the package, also under a daemon that is configured for it.',
  },
  HEATMAP_NO_MAP: {
    consequence: 'config',
    summary: 'the model has no class-activation map, so nothing shows where it looked.',
    remedy:
      'Export the model with a second output [batch, rows, columns, labels] and import it with --map NAME, or leave --heatmap out.',
  },
});
