import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCommandLine, refuseMore, splitAtCommand } from '../../../src/surfaces/cli/command-line.ts';
import type { CommandSpec } from '../../../src/surfaces/cli/command-spec.ts';
import { HelpRequested, UsageError } from '../../../src/surfaces/cli/usage.ts';

const options = {
  model: { type: 'string', short: 'm', value: 'MODEL', about: 'a model' },
  json: { type: 'boolean', short: 'j', about: 'as JSON' },
  image: { type: 'string', short: 'i', multiple: true, value: 'FILE', about: 'a picture' },
  worktree: { type: 'string', value: 'NAME', optional: true, about: 'a work tree' },
  hidden: { type: 'boolean' },
} as const;
const spec = { usage: ['x [options]'], about: ['A command.'], options } satisfies CommandSpec<typeof options>;
const read = (...words: string[]) => readCommandLine(words, spec);
const fault = (...words: string[]) => {
  try {
    read(...words);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('the words of a command line', () => {
  test('are options anywhere, and the rest in order', () => {
    const { values, positionals } = read('one', '--model', 'a', 'two', '-j', '-i', 'x', '--image=y', 'three');
    expect({ ...values }).toEqual({ model: 'a', json: true, image: ['x', 'y'] });
    expect(positionals).toEqual(['one', 'two', 'three']);
  });

  test('behind -- are no options, whatever they look like', () => {
    const { values, positionals } = read('-j', '--', '--model', '--help', '--nothing');
    expect({ ...values }).toEqual({ json: true });
    expect(positionals).toEqual(['--model', '--help', '--nothing']);
  });

  test('are values with the = and the short forms that people use', () => {
    for (const words of [['--model=a'], ['--model', 'a'], ['-m', 'a'], ['-ma']]) {
      expect(read(...words).values.model).toBe('a');
    }
    expect(read('--model=--json').values.model).toBe('--json');
    expect(read('--model=').values.model).toBe('');
  });

  test('of an option that can go without a value are not taken for it', () => {
    const { values, positionals } = read('--worktree', 'prompt');
    expect([values.worktree, positionals]).toEqual(['', ['prompt']]);
    expect(read('--worktree=name').values.worktree).toBe('name');
  });

  test('- is a word', () => {
    expect(read('-').positionals).toEqual(['-']);
  });
});

describe('a wrong option', () => {
  test.each([
    [['--modle', 'x'], 'there is no option --modle. Did you mean --model?'],
    [['--print'], '`keel exec PROMPT` prints the answer and ends'],
    [['--dangerously-skip-permissions'], 'here it is --yolo'],
    [['-z'], 'there is no option -z.'],
    [['-fix the bug'], 'A prompt that starts with - goes behind --.'],
    [['--model'], '--model needs a value: --model MODEL'],
    [['--model', '--json'], '--model needs a value, not the option --json; write --model=--json if it is the value'],
    [['-m', '-j'], 'write --model=-j if it is the value'],
    [['--constructor'], 'there is no option --constructor.'],
    [['--__proto__=x'], 'there is no option --__proto__.'],
  ])('%j is refused with what to do', (words, message) => {
    expect(fault(...words)).toContain(message);
  });

  test('is never guessed to be one that help does not show', () => {
    expect(fault('--hiden')).not.toContain('--hidden');
  });

  test('comes after help, wherever that is asked for', () => {
    for (const words of [['--help'], ['-h'], ['a', '--help'], ['--nothing', '-h']]) {
      expect(() => read(...words)).toThrow(HelpRequested);
    }
  });

  test('is refused with a sentence or read, and never anything else', () => {
    const word = fc.oneof(
      fc.constantFrom('--model', '-m', '--json', '--', '--image', '-', '--worktree', 'x'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const end = words.indexOf('--');
        const own = end === -1 ? words : words.slice(0, end);
        fc.pre(!own.includes('--help') && !own.includes('-h'));
        try {
          const { positionals } = read(...words);
          const behind = end === -1 ? [] : words.slice(end + 1);
          expect(positionals.slice(positionals.length - behind.length)).toEqual(behind);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('more words than a command takes', () => {
  test('are refused by the first one', () => {
    expect(() => refuseMore(['a', 'b'])).toThrow('unexpected word: a');
    expect(() => refuseMore([])).not.toThrow();
  });
});

describe('a command at the end of a command line', () => {
  test.each([
    [['ls', '-l'], [], ['ls', '-l']],
    [['--json', 'ls', '--json'], ['--json'], ['ls', '--json']],
    [['--model', 'a', 'ls'], ['--model', 'a'], ['ls']],
    [['--model=a', 'ls'], ['--model=a'], ['ls']],
    [['-ma', 'ls'], ['-ma'], ['ls']],
    [['--', '--other'], [], ['--other']],
    [['-j', '--', 'ls', '--', 'x'], ['-j'], ['ls', '--', 'x']],
    [['-j'], ['-j'], []],
    [[], [], []],
  ])('of %j starts with the first word that is no option', (words, own, command) => {
    expect(splitAtCommand(words, options)).toEqual({ own, command });
  });

  test('keeps all words, in order', () => {
    const word = fc.oneof(fc.constantFrom('--model', '-m', '--json', '-j', 'ls'), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        fc.pre(!words.includes('--'));
        const { own, command } = splitAtCommand(words, options);
        expect([...own, ...command]).toEqual(words);
      }),
    );
  });
});
