import { createInterface } from 'node:readline/promises';
import type { JidokaError } from '../base/errors.js';
import { visionErrors } from '../vision/errors.js';

export interface Question {
  /** A plain question. */
  readonly text: string;
  /** Why it is asked. */
  readonly why?: string;
  /** The option that answers it, with an example of its value where there are no choices. */
  readonly option: string;
  readonly choices?: readonly Choice[];
  /** What is taken on an empty answer, and without asking where nobody can be asked. */
  readonly fallback?: string;
  /** What to do where nobody can be asked, when it is more than to give the option. */
  readonly hint?: string;
  /** Says what is wrong with a free answer. */
  readonly problem?: (answer: string) => string | undefined;
}

export interface Choice {
  readonly value: string;
  readonly text: string;
}

/** Answers what neither the options nor the model tell. */
export type Ask = (question: Question) => Promise<string>;

/** Somebody sits at the terminal: questions are answered there. */
export function terminalAsk(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Ask {
  return async (question) => {
    const lines = createInterface({ input, output });
    // A terminal that is closed in the middle of a question ends the command instead of leaving it open.
    const closed = new Promise<never>((_, reject) => lines.once('close', () => reject(undecided(question))));
    try {
      output.write(`\n${questionText(question)}`);
      for (;;) {
        const answer = (await Promise.race([lines.question('> '), closed])).trim();
        const result = accepted(question, answer);
        if ('value' in result) return result.value;
        output.write(`${result.problem}\n`);
      }
    } finally {
      closed.catch(() => undefined);
      lines.close();
    }
  };
}

/** Nobody can be asked: the fallback is taken, or an error names the option. */
export const unattendedAsk: Ask = async (question) => {
  if (question.fallback !== undefined) return question.fallback;
  throw undecided(question);
};

function accepted(
  { choices, fallback, problem }: Question,
  answer: string,
): { readonly value: string } | { readonly problem: string } {
  if (answer === '' && fallback !== undefined) return { value: fallback };
  if (choices === undefined) {
    const wrong = answer === '' ? 'Please answer, or press Ctrl-C.' : problem?.(answer);
    return wrong === undefined ? { value: answer } : { problem: wrong };
  }
  const chosen = choices[Number(answer) - 1] ?? choices.find(({ value }) => value === answer);
  return chosen === undefined
    ? { problem: `Please answer with a number from 1 to ${choices.length}, or press Ctrl-C.` }
    : { value: chosen.value };
}

function questionText({ text, why, choices = [], fallback }: Question): string {
  const lines = choices.map(
    ({ value, text: choice }, index) => `  ${index + 1}  ${choice}${value === fallback ? '  (Enter)' : ''}`,
  );
  const enter = choices.length === 0 && fallback !== undefined ? ` [${fallback}]` : '';
  return [...(why === undefined ? [] : [`${why}.`]), `${text}${enter}`, ...lines, ''].join('\n');
}

function undecided({ text, why, option, choices = [], hint }: Question): JidokaError {
  return visionErrors.IMPORT_UNDECIDED({
    where: text.replace(/\?$/, ''),
    ...(why !== undefined && { got: why }),
    expected: [option, choices.map(({ value }) => value).join(' or ')].join(' ').trimEnd(),
    hint: hint ?? `Give ${option}; the code that trained the model has its value.`,
  });
}
