import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadRules, remember } from '../../../../src/tools/approvals/index.ts';
import { RuleFault, type RuleValue, readCalls } from '../../../../src/tools/approvals/rules/read-calls.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const read = (text: string) =>
  readCalls(text).map(({ name, arguments: values, line }) => ({ name, values: Object.fromEntries(values), line }));
const faultOf = (text: string): RuleFault => {
  try {
    readCalls(text);
  } catch (error) {
    if (error instanceof RuleFault) return error;
    throw error;
  }
  throw new Error('there is no fault');
};

describe('the calls of a rules file', () => {
  it.each<[string, string, object[]]>([
    ['nothing', '', []],
    ['comments and blank lines', '# a\n\n \t# b', []],
    ['a call without arguments', 'a()', [{ name: 'a', values: {}, line: 1 }]],
    ['several', 'a()b()\n\nc()', [{ name: 'a' }, { name: 'b', line: 1 }, { name: 'c', line: 3 }]],
    ['texts in both quotes', `a(x="1", y='2')`, [{ values: { x: '1', y: '2' } }]],
    ['a comma at the end', 'a(x="1",)', [{ values: { x: '1' } }]],
    ['lists in lists', 'a(x=[["1"], [], "2",])', [{ values: { x: [['1'], [], '2'] } }]],
    ['a quote in the other', `a(x="it's", y='"')`, [{ values: { x: "it's", y: '"' } }]],
    ['a comment in a call', 'a( # why\n x="#no" # (\n)', [{ values: { x: '#no' } }]],
    ['Windows line ends', 'a(\r\n x="1"\r\n)\r\n', [{ values: { x: '1' } }]],
    ['escapes', String.raw`a(x="\n\t\r\b\f\"\'\\\/\u00e9\ud83d\ude00")`, [{ values: { x: '\n\t\r\b\f"\'\\/é😀' } }]],
    ['names with digits', 'prefix_rule_2(_x1="1")', [{ name: 'prefix_rule_2', values: { _x1: '1' } }]],
  ])('%s', (_, text, calls) => {
    expect(read(text)).toMatchObject(calls);
    expect(read(text)).toHaveLength(calls.length);
  });

  it.each<[string, string, string, number]>([
    ['a word alone', 'a', 'expected (', 1],
    ['a call that is not closed', 'a(\n\n', 'expected a name, found the end of the file', 3],
    ['a list that is not closed', 'a(x=["1"', 'expected ,', 1],
    ['a text that is not closed', 'a(x="1', 'unexpected "\\""', 1],
    ['a text over two lines', 'a(x="1\n2")', 'unexpected "\\""', 1],
    ['an argument without a name', 'a("1")', 'expected a name', 1],
    ['an argument without a value', 'a(x=)', 'expected [', 1],
    ['a number', '\na(x=1)', 'unexpected "1"', 2],
    ['a name as a value', 'a(x=True)', 'expected [', 1],
    ['an argument given twice', 'a(x="1",\nx="2")', 'x is given twice', 2],
    ['no comma between', 'a(x="1" y="2")', 'expected ,', 1],
    ['two commas', 'a(x="1",,)', 'expected a name', 1],
    ['another sign', 'a()\nb();', 'unexpected ";"', 2],
    ['a statement', 'load("x", "y")', 'expected a name', 1],
    ['an unknown escape', String.raw`a(x="\q")`, 'unknown escape \\q', 1],
    ['half an escape', String.raw`a(x="\u12")`, 'unknown escape \\u', 1],
    ['a zero byte', 'a(\0)', 'unexpected "\\u0000"', 1],
  ])('%s is a fault with its line', (_, text, message, line) => {
    const fault = faultOf(text);
    expect(fault.message).toContain(message);
    expect(fault.line).toBe(line);
  });

  it('are read as they were written, whatever the texts', () => {
    const value: fc.Arbitrary<RuleValue> = fc.letrec<{ value: RuleValue }>((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, fc.string({ unit: 'binary' }), fc.array(tie('value'), { maxLength: 3 })),
    })).value;
    const written = (each: RuleValue): string =>
      typeof each === 'string' ? JSON.stringify(each) : `[${each.map(written).join(', ')}]`;
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,5}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 4 }), (values) => {
        const entries = Object.entries(values);
        const text = `rule(${entries.map(([key, each]) => `${key}=${written(each)}`).join(',\n')})`;
        expect([...(readCalls(text)[0]?.arguments ?? [])]).toEqual(entries);
      }),
    );
  });

  it('end in calls or a fault with a line, whatever the text is', () => {
    const piece = fc.constantFrom('a', '(', ')', '[', ']', ',', '=', '"x"', "'", '"', '\n', '#', '\\', ' ', '1', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const text = pieces.join('');
        try {
          readCalls(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RuleFault);
          const { line } = error as RuleFault;
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a rule that is remembered', () => {
  const dir = freshDirectory();

  it('allows the very words that were approved, whatever is in them, and the file stays sound', async () => {
    const file = join(dir.path, 'default.rules');
    const word = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom('a b', '"', "'", '\\', '\n', '\b', '\f', '\u2028', '\ud800', '#', '")', 'é', '😀'),
    );
    const prefixes = fc.sample(fc.array(word, { minLength: 1, maxLength: 3 }), { numRuns: 60, seed: 3 });
    for (const prefix of prefixes) await remember(file, prefix);
    const { policy, warnings } = loadRules([{ dir: dir.path, limits: () => ({ below: dir.path }), project: null }]);
    expect(warnings).toEqual([]);
    for (const prefix of prefixes) {
      expect(policy.matches(prefix, { resolve: false }).map(({ decision }) => decision)).toContain('allow');
      expect(policy.matches([...prefix, 'more'], { resolve: false }).length).toBeGreaterThan(0);
    }
    expect(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    ).toHaveLength(policy.rules.length);
  });

  it('is not kept a second time, and a file without a last line end is continued on a line of its own', async () => {
    const file = join(dir.path, 'a.rules');
    dir.write({ 'a.rules': '# mine' });
    await remember(file, ['make']);
    await remember(file, ['make']);
    await remember(file, ['make', 'test']);
    expect(readFileSync(file, 'utf8')).toBe(
      '# mine\nprefix_rule(pattern=["make"], decision="allow")\nprefix_rule(pattern=["make", "test"], decision="allow")\n',
    );
  });
});
