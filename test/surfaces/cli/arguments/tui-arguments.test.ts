import { describe, expect, test } from 'vitest';
import { parseTuiArguments, type TuiTarget } from '../../../../src/surfaces/cli/commands/terminal/tui-arguments.ts';
import { UsageError } from '../../../../src/surfaces/cli/usage.ts';

const ID = '01a20cee-41e3-7d69-b809-3f6bd217b403';
type Verb = Parameters<typeof parseTuiArguments>[0];
const read = (verb: Verb, line: string) => parseTuiArguments(verb, line === '' ? [] : line.split(' '));

describe('what keel opens in a terminal', () => {
  test.each<[Verb, string, TuiTarget, string | null]>([
    ['new', '', { type: 'new' }, null],
    ['new', 'fix', { type: 'new' }, 'fix'],
    ['resume', '', { type: 'choose', verb: 'resume' }, null],
    ['resume', ID, { type: 'resume', id: ID }, null],
    ['resume', `${ID} fix`, { type: 'resume', id: ID }, 'fix'],
    ['resume', '--last', { type: 'resumeLast', anyDirectory: false }, null],
    // With --last the first word is the prompt: there is no thread to name.
    ['resume', '--last fix', { type: 'resumeLast', anyDirectory: false }, 'fix'],
    ['resume', '--last --all', { type: 'resumeLast', anyDirectory: true }, null],
    ['resume', `--fleet https://f.example ${ID}`, { type: 'fleet', url: 'https://f.example', id: ID }, null],
    ['fork', '', { type: 'choose', verb: 'fork' }, null],
    ['fork', `${ID} fix`, { type: 'fork', id: ID, userMessages: null }, 'fix'],
    ['fork', `${ID} --at 2`, { type: 'fork', id: ID, userMessages: 2 }, null],
    ['fork', '--last --at 0', { type: 'forkLast', anyDirectory: false, userMessages: 0 }, null],
  ])('%s %s', (verb, line, target, prompt) => {
    expect(read(verb, line)).toMatchObject({ target, prompt });
  });

  test.each<[Verb, string, RegExp]>([
    ['new', 'one two', /one prompt is expected, got 2 words: quote it/],
    ['resume', `${ID} one two`, /one prompt is expected, got 2 words/],
    ['new', '--last', /--last belongs to resume and fork/],
    ['resume', `${ID} --all`, /--all belongs to --last/],
    ['resume', `${ID} --at 1`, /--at belongs to fork/],
    ['new', '--at 1', /--at belongs to fork/],
    ['fork', `${ID} --at 1.5`, /--at: a whole number from 0/],
    ['fork', `--fleet https://f.example ${ID}`, /--fleet belongs to resume/],
    ['resume', '--fleet https://f.example', /--fleet needs the id of a thread/],
    ['resume', '--fleet https://f.example --last', /--fleet needs the id of a thread/],
    ['resume', `--fleet f.example ${ID}`, /--fleet takes the URL of a fleet/],
    ['resume', `--fleet file:///etc ${ID}`, /--fleet takes the URL of a fleet/],
    ['resume', `${ID} --name x`, /--name belongs to a new thread or a fork/],
  ])('%s %s is refused in words', (verb, line, message) => {
    expect(() => read(verb, line)).toThrow(UsageError);
    expect(() => read(verb, line)).toThrow(message);
  });
});

describe('who is asked about calls in a terminal', () => {
  test.each([
    ['', undefined],
    ['-a untrusted', 'untrusted'],
    ['-a on-failure', 'on-failure'],
    ['--ask-for-approval never', 'never'],
    ['--full-auto', 'on-request'],
    ['--yolo', 'never'],
    ['--dangerously-bypass-approvals-and-sandbox', 'never'],
  ])('keel %s', (line, policy) => {
    expect(read('new', line).flags.approvalPolicy).toBe(policy);
  });

  test.each([
    ['--yolo -a untrusted', /--dangerously-bypass-approvals-and-sandbox and --ask-for-approval exclude each other/],
    ['-a sometimes', /--ask-for-approval is one of untrusted, on-failure, on-request, never, not "sometimes"/],
  ])('keel %s is refused in words', (line, message) => {
    expect(() => read('new', line)).toThrow(message);
  });

  test('only the option for it takes the sandbox away', () => {
    const modes = ['', '-a never', '--full-auto', '--yolo'].map((line) => read('new', line).flags.sandboxMode);
    expect(modes).toEqual([undefined, undefined, 'workspace-write', 'danger-full-access']);
  });
});

test('the rest of the options are those of a session', () => {
  expect(
    read('new', '--demo --screen-reader -C dir --worktree=w -i a.png -c x=1 --enable y --strict-config fix'),
  ).toEqual({
    ...{ target: { type: 'new' }, prompt: 'fix', images: ['a.png'], isDemo: true, isForScreenReader: true },
    ...{ cd: 'dir', worktree: { name: 'w' }, overrides: ['x=1', 'features.y=true'], flags: {}, strictConfig: true },
  });
});
