import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { RecordedRequest } from '../../../src/storage/threads/index.ts';
import { typescriptOf } from '../../../src/surfaces/cli/commands/generate/schema-to-typescript.ts';
import { usageLines } from '../../../src/surfaces/cli/commands/models/usage-lines.ts';
import { UsageCounter } from '../../../src/surfaces/cli/commands/models/usage-sums.ts';
import { answer, data, inWords, liveLine, note, progress, say } from '../../../src/surfaces/cli/output.ts';
import { table } from '../../../src/surfaces/cli/table.ts';

describe('tables', () => {
  test('have columns as wide as their cells, and no blanks at the ends', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', '1'],
          ['longer', undefined],
          ['', '22'],
        ],
      ),
    ).toBe('name    n\na       1\nlonger  -\n-       22\n');
  });

  test('without rows are nothing', () => {
    expect(table(['a', 'b'], [])).toBe('');
  });
});

describe('what a command writes', () => {
  const stream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });
  const written = (
    isTTY: boolean,
    write: (io: { stdout: PassThrough & { isTTY: boolean }; stderr: PassThrough & { isTTY: boolean } }) => void,
  ) => {
    const io = { stdout: stream(isTTY), stderr: stream(isTTY) };
    write(io);
    return [String(io.stdout.read() ?? ''), String(io.stderr.read() ?? '')];
  };
  const hostile = 'a\u001b[2Jb\u0007';

  test('for people shows control characters and has none', () => {
    expect(written(true, (io) => say(io, hostile))).toEqual(['a\\x1b[2Jb\\x07', '']);
    expect(written(false, (io) => note(io, hostile))).toEqual(['', 'a\\x1b[2Jb\\x07']);
  });

  test('as an answer or as data is unchanged for a program', () => {
    expect(written(false, (io) => answer(io, hostile))).toEqual([hostile, '']);
    expect(written(false, (io) => data(io, hostile))).toEqual([hostile, '']);
    expect(written(true, (io) => answer(io, hostile))).toEqual(['ab', '']);
    expect(written(true, (io) => data(io, hostile))).toEqual(['a\\x1b[2Jb\\x07', '']);
  });

  test('as progress keeps weight and colours, and nothing else', () => {
    expect(written(true, (io) => progress(io, `\u001b[31m${hostile}\u001b[39m`))[1]).toBe('\u001b[31mab\u001b[39m');
  });

  test('as a live line is one row, and null erases it', () => {
    expect(written(true, (io) => liveLine(io, 'a\n\tb\u001b[2J'))[1]).toBe('\r\u001b[K\u001b[?7la  b\u001b[?7h');
    expect(written(true, (io) => liveLine(io, null))[1]).toBe('\r\u001b[K');
  });

  test.each([
    [{ type: 'keyring', name: 'the keyring', whyNot: null }, 'the keyring'],
    [{ type: 'file', name: 'a file', whyNot: 'no bus' }, "a file (the system's keyring can't be used: no bus)"],
  ] as const)('about a secret is where it is kept', (place, text) => {
    expect(inWords(place)).toBe(text);
  });
});

describe('TypeScript of a schema', () => {
  const typeOf = (schema: unknown) => /= (.*);\n$/s.exec(typescriptOf({ T: schema }))?.[1];

  test.each([
    [{ type: 'string' }, 'string'],
    [{ type: 'boolean' }, 'boolean'],
    [{ type: 'null' }, 'null'],
    [{ type: 'integer' }, 'number'],
    [{ type: 'number' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ const: 'a' }, '"a"'],
    [{ const: 1 }, '1'],
    [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
    [{ type: 'array', items: { type: 'string' } }, '(string)[]'],
    [{ type: 'array' }, '(unknown)[]'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ oneOf: [{ type: 'number' }, { type: 'integer' }] }, 'number'],
    [{ type: 'array', items: { anyOf: [{ const: 'a' }, { const: 'b' }] } }, '("a" | "b")[]'],
    [{ type: 'object' }, 'Record<string, unknown>'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [key: string]: number }'],
    [{ type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] }, '{ a: string; b?: unknown }'],
    [{ type: 'object', properties: { 'a-b': { type: 'string' }, '1': {} } }, '{ "1"?: unknown; "a-b"?: string }'],
    [
      { type: 'object', properties: { a: {} }, additionalProperties: {} },
      '{ a?: unknown } & { [key: string]: unknown }',
    ],
    [{ type: 'object', properties: { a: {} }, additionalProperties: false }, '{ a?: unknown }'],
    [{}, 'unknown'],
    [{ type: 'nonsense' }, 'unknown'],
  ])('%j is %s', (schema, type) => {
    expect(typeOf(schema)).toBe(type);
  });

  test('has one exported type for each name', () => {
    const text = typescriptOf({ A: { type: 'string' }, B: { type: 'null' } });
    expect(text).toContain('export type A = string;\n\nexport type B = null;\n');
  });
});

describe('usage', () => {
  const prices = { priced: { input: 2, cachedInput: 1, output: 10, cacheWrite: null } };
  const tokens = (input: number, cached: number, output: number) => ({
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: 0,
    total_tokens: input + output,
  });
  const request = (more: Partial<RecordedRequest> = {}): RecordedRequest => ({
    at: 0,
    provider: 'openai',
    model: 'priced',
    usage: tokens(1_000_000, 500_000, 100_000),
    request: null,
    ...more,
  });
  const sumOf = (...requests: RecordedRequest[]) => {
    const counter = new UsageCounter();
    for (const one of requests) counter.add(one, prices);
    return counter.sum;
  };

  test('is added up, at the price of its model', () => {
    expect(sumOf(request(), request())).toMatchObject({
      requests: 2,
      input_tokens: 2_000_000,
      cached_input_tokens: 1_000_000,
      output_tokens: 200_000,
      cost_usd: 5,
      unpriced_requests: 0,
      unmeasured_requests: 0,
      first_token_ms: null,
    });
  });

  test('of a model without a price, or that was not measured, is counted as such', () => {
    expect(
      sumOf(request(), request({ model: 'other' }), request({ model: null }), request({ usage: null })),
    ).toMatchObject({
      requests: 4,
      cost_usd: 2.5,
      unpriced_requests: 3,
      unmeasured_requests: 1,
    });
  });

  test('of nothing is nothing', () => {
    expect(sumOf()).toMatchObject({ requests: 0, cost_usd: 0, first_token_ms: null, cache_misses: {} });
    expect(usageLines({ by: 'day', rows: [], total: sumOf() })).toBe('No answered requests are recorded.\n');
  });

  test('is a table with its sum, and says what is not known', () => {
    const [a, b] = [sumOf(request()), sumOf(request({ model: 'other', usage: null }))];
    const total = sumOf(request(), request({ model: 'other', usage: null }));
    const lines = usageLines({
      by: 'model',
      rows: [
        { key: 'openai/priced', sum: a },
        { key: 'openai/other', sum: b },
      ],
      total,
    });
    expect(lines).toBe(
      [
        'model          requests  input      cached   output   reasoning  cost',
        'openai/priced  1         1,000,000  500,000  100,000  0          $2.5000',
        'openai/other   1         0          0        0        0          ?',
        'total          2         1,000,000  500,000  100,000  0          $2.5000+',
        'The provider reported no tokens for 1 of the requests.',
        'The price of 1 requests is not known: set model_prices."<model>" in config.toml.',
        '',
      ].join('\n'),
    );
  });

  test('of one group has no sum, and that of threads has their directories', () => {
    const sum = sumOf(request());
    const lines = usageLines({ by: 'thread', rows: [{ key: 't1', cwd: '/app', sum }], total: sum });
    expect(lines.split('\n')[1]).toMatch(/^t1 .* \/app$/);
    expect(lines).not.toContain('total');
  });
});
