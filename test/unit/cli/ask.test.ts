import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Question, terminalAsk, unattendedAsk } from '#jidoka/cli/ask.js';

const choice: Question = {
  text: 'Which values?',
  why: 'The graph does not tell',
  option: '--scale',
  choices: [
    { value: '0..1', text: 'from 0 to 1' },
    { value: 'imagenet', text: 'as ImageNet' },
  ],
};
const free: Question = {
  text: 'What size?',
  option: '--size WxH',
  problem: (answer) => (/^\d+x\d+$/.test(answer) ? undefined : 'Please answer with WxH.'),
};

/** Answers one after the other, each once the prompt is there; gives the answer taken and what was shown. */
async function asked(question: Question, answers: readonly string[]): Promise<{ answer: string; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough({ encoding: 'utf8' });
  let shown = '';
  let prompts = 0;
  output.on('data', (chunk: string) => {
    shown += chunk;
    while (shown.split('> ').length - 1 > prompts) {
      const answer = answers[prompts];
      prompts += 1;
      if (answer === undefined) input.end();
      else input.write(`${answer}\n`);
    }
  });
  const answer = await terminalAsk(input, output)(question);
  output.end();
  await once(output, 'end');
  return { answer, shown };
}

describe('terminalAsk', () => {
  it('takes a number or a value, and asks again after anything else', async () => {
    const { answer, shown } = await asked(choice, ['7', '', '2']);
    expect(answer).toBe('imagenet');
    expect(shown).toContain('The graph does not tell.\nWhich values?\n  1  from 0 to 1\n  2  as ImageNet\n');
    expect(shown.match(/a number from 1 to 2/g)).toHaveLength(2);
    expect((await asked(choice, ['0..1'])).answer).toBe('0..1');
  });

  it('takes what is likely on an empty answer', async () => {
    const { answer, shown } = await asked({ ...choice, fallback: '0..1' }, ['']);
    expect(answer).toBe('0..1');
    expect(shown).toContain('from 0 to 1  (Enter)');
  });

  it('says what is wrong with a free answer', async () => {
    const { answer, shown } = await asked(free, ['big', '', '64x48']);
    expect(answer).toBe('64x48');
    expect(shown).toContain('Please answer with WxH.');
  });

  it('ends with the name of the option where the terminal is closed', async () => {
    await expect(asked(choice, [])).rejects.toMatchObject({
      code: 'IMPORT_UNDECIDED',
      expected: '--scale 0..1 or imagenet',
    });
  });
});

describe('unattendedAsk', () => {
  it('takes what is likely, else names the option', async () => {
    expect(await unattendedAsk({ ...choice, fallback: 'imagenet' })).toBe('imagenet');
    await expect(unattendedAsk(free)).rejects.toMatchObject({ code: 'IMPORT_UNDECIDED', expected: '--size WxH' });
    await expect(unattendedAsk({ ...free, hint: 'Do this.' })).rejects.toMatchObject({ hint: 'Do this.' });
  });
});
