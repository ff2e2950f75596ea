import { type GivenInput, proposeInput } from '../vision/import/input-form.js';
import type { InspectedModel } from '../vision/import/inspect.js';
import { proposeOutputs } from '../vision/import/output-form.js';
import type { Manifest } from '../vision/manifest.js';
import type { Ask } from './ask.js';
import { cliErrors } from './errors.js';
import { type ImportOptions, labelsFrom, sizeFrom } from './model-import-options.js';

export interface SettledGraph {
  readonly input: Manifest['input'];
  /** Names of the outputs. */
  readonly scores: string;
  readonly map: string | null;
  readonly labels: readonly string[];
  readonly notes: readonly string[];
}

/** What people call the class of a good part. */
const GOOD_NAMES = ['good', 'ok', 'io', 'pass', 'free', 'normal', 'intact', 'sound', 'no_defect', 'defect_free'];

/** Settles what goes in and what comes out: by the graph, else by the options, else by asking. */
export async function settleGraph(model: InspectedModel, options: ImportOptions, ask: Ask): Promise<SettledGraph> {
  // A graph that cannot be taken at all is refused before anything is asked.
  proposeInput(model.session.graph.inputs, givenInput(options), model.file);
  const labels = await settleLabels(options, ask);
  const outputs = await settleOutputs(model, labels.length, options, ask);
  const { input, notes } = await settleInput(model, options, ask);
  return { input, labels, ...outputs, notes: [...notes, ...outputs.notes] };
}

/** @throws CLI_BAD_OPTION for a label that is none */
export async function settleGoodLabel(
  labels: readonly string[],
  given: string | undefined,
  ask: Ask,
): Promise<string | null> {
  const likely = labels.find((label) => GOOD_NAMES.includes(label.toLowerCase().replaceAll(/[ -]/g, '_')));
  const none = { value: 'none', text: 'none of them: the model only tells defects apart' };
  const answer =
    given ??
    likely ??
    (await ask({
      text: 'Which class is a good part?',
      option: '--good LABEL',
      choices: [...labels.map((label) => ({ value: label, text: label })), none],
    }));
  if (labels.includes(answer)) return answer;
  if (answer === 'none') return null;
  throw cliErrors.CLI_BAD_OPTION({ where: '--good', got: `"${answer}"`, expected: `${labels.join(', ')} or none` });
}

async function settleLabels({ labels }: ImportOptions, ask: Ask): Promise<readonly string[]> {
  return labelsFrom(
    labels ??
      (await ask({
        text: 'What are the classes, in the order of the output (mostly that of the names of class folders)?',
        option: '--labels a,b,c or --labels FILE',
      })),
  );
}

async function settleOutputs(
  { session, file }: InspectedModel,
  labels: number,
  { output, map }: ImportOptions,
  ask: Ask,
): Promise<{ scores: string; map: string | null; notes: readonly string[] }> {
  const proposal = proposeOutputs(session.graph.outputs, labels, { output, map }, file);
  if (proposal.kind === 'settled') return proposal;
  const choices = proposal.candidates.map((name) => ({ value: name, text: name }));
  const chosen = await ask({ text: 'Which output has the scores?', option: '--output NAME', choices });
  const settled = proposeOutputs(session.graph.outputs, labels, { output: chosen, map }, file);
  if (settled.kind === 'settled') return settled;
  throw new Error(`two outputs are named ${chosen}`);
}

async function settleInput(
  { session, file }: InspectedModel,
  options: ImportOptions,
  ask: Ask,
): Promise<{ input: Manifest['input']; notes: readonly string[] }> {
  let given = givenInput(options);
  for (;;) {
    const proposal = proposeInput(session.graph.inputs, given, file);
    if (proposal.kind === 'settled') return proposal;
    given = { ...given, ...(await answer(proposal.field, proposal.why, ask)) };
  }
}

async function answer(field: keyof GivenInput, why: string, ask: Ask): Promise<GivenInput> {
  switch (field) {
    case 'layout': {
      const choices = [
        { value: 'NCHW', text: 'NCHW: batch, channels, height, width (PyTorch)' },
        { value: 'NHWC', text: 'NHWC: batch, height, width, channels (Keras)' },
      ] as const;
      const chosen = await ask({ text: 'What is the order of the axes?', why, option: '--layout', choices });
      return { layout: chosen === 'NHWC' ? 'NHWC' : 'NCHW' };
    }
    case 'channels': {
      const choices = [
        { value: 'grey', text: 'grey, one channel' },
        { value: 'rgb', text: 'colour, three channels' },
      ];
      const chosen = await ask({
        text: 'Was it trained with grey pictures or in colour?',
        why,
        option: '--color',
        choices,
      });
      return { channels: chosen === 'grey' ? 1 : 3 };
    }
    case 'size': {
      const text = 'What size were the pictures it was trained with?';
      return { size: sizeFrom(await ask({ text, why, option: '--size WIDTHxHEIGHT', problem: sizeProblem })) };
    }
  }
}

function givenInput({ layout, size, color }: ImportOptions): GivenInput {
  return { layout, size, channels: color === undefined ? undefined : color === 'grey' ? 1 : 3 };
}

function sizeProblem(text: string): string | undefined {
  try {
    sizeFrom(text);
    return undefined;
  } catch {
    return 'Please answer with WIDTHxHEIGHT, such as 224x224.';
  }
}
