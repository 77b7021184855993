import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readPrompt } from '../../../src/surfaces/exec/read-prompt.ts';

interface Asked {
  readonly argument?: string | null;
  readonly optional?: boolean;
}

function asked(stdin: Readable, { argument = null, optional = false }: Asked = {}) {
  const notices: string[] = [];
  const prompt = readPrompt({ argument, stdin: () => stdin, optional, notice: (text) => notices.push(text) });
  return { prompt, notices };
}

const input = (...parts: (string | Buffer)[]) => Readable.from(parts, { objectMode: false });
const terminal = () => Object.assign(input(), { isTTY: true });

describe('a prompt', () => {
  test.each<[string, Asked, string, string]>([
    ['is the argument', { argument: 'Fix it' }, '', 'Fix it'],
    ['is the argument with the input behind it', { argument: 'Fix it' }, 'log\n', 'Fix it\n\n<stdin>\nlog\n</stdin>'],
    ['is the argument where the input is blank', { argument: 'Fix it' }, ' \n\n', 'Fix it'],
    ['is the input', {}, 'Fix\nit\n', 'Fix\nit\n'],
    ['is the input for a dash', { argument: '-' }, 'Fix it', 'Fix it'],
    ['is the input where an empty argument was given', { argument: '' }, 'log', '\n\n<stdin>\nlog\n</stdin>'],
    ['keeps its own blanks', { argument: '  Fix it ' }, '', '  Fix it '],
  ])('%s', async (_, given, text, expected) => {
    expect(await asked(input(text), given).prompt).toBe(expected);
  });

  test.each<[string, Readable, Asked, RegExp]>([
    ['a blank argument and no input', input(), { argument: ' ' }, /the prompt is empty/],
    ['an empty input', input(), {}, /standard input was empty/],
    ['a blank input', input(' \n'), { argument: '-' }, /standard input was empty/],
    ['a terminal and no argument', terminal(), {}, /give one as an argument or on standard input/],
  ])('is asked for where there is %s', async (_, stdin, given, message) => {
    await expect(asked(stdin, given).prompt).rejects.toMatchObject({ kind: 'invalidInput', message });
  });

  test.each<[string, Readable]>([
    ['an empty input', input()],
    ['a terminal', terminal()],
  ])('can be absent where the run has other work and there is %s', async (_, stdin) => {
    expect(await asked(stdin, { optional: true }).prompt).toBeNull();
  });

  test('of a terminal is the argument, and nothing is waited for', async () => {
    expect(await asked(terminal(), { argument: 'Fix it' }).prompt).toBe('Fix it');
  });

  test('that is read says so', async () => {
    const { prompt, notices } = asked(input('x'));
    await prompt;
    expect(notices).toEqual(['Reading the prompt from standard input...']);
  });
});

describe('bytes', () => {
  test('characters that are cut between parts are whole', async () => {
    const bytes = Buffer.from('漢字 👍');
    expect(await asked(input(bytes.subarray(0, 4), bytes.subarray(4, 9), bytes.subarray(9)), {}).prompt).toBe(
      '漢字 👍',
    );
  });

  test('UTF-16 with its mark is text', async () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Fix it', 'utf16le')]);
    expect(await asked(input(bytes)).prompt).toBe('Fix it');
  });

  test.each([
    [[0x61, 0xff, 0x62], 1],
    [[0xc3], 0],
    [[0x61, 0xe6, 0xbc], 1],
    [[0xe6, 0xbc, 0xa2, 0x80], 3],
    [[0xf0, 0x9f, 0x91, 0x8d, 0xc0, 0x80], 4],
  ])('the bytes %j are refused with the place of the first bad one: %i', async (bytes, place) => {
    await expect(asked(input(Buffer.from(bytes))).prompt).rejects.toMatchObject({
      kind: 'invalidInput',
      message: `standard input is not valid UTF-8 (first bad byte at ${place})`,
    });
  });

  test('an input that breaks is refused with the reason', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('pipe broke'));
      },
    });
    await expect(asked(broken).prompt).rejects.toMatchObject({ kind: 'invalidInput', message: /pipe broke/ });
  });

  test('an input without end is refused before it fills the memory', async () => {
    const chunk = Buffer.alloc(8 * 1024 * 1024, 0x61);
    const endless = new Readable({ read: () => void setImmediate(() => endless.push(chunk)) });
    await expect(asked(endless).prompt).rejects.toMatchObject({ message: /longer than 64 MiB/ });
    endless.destroy();
  });
});
