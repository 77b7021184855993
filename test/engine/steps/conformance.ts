import { describe, expect, test } from 'vitest';
import type { Codec, Recorded, StepRunner, StepSpec } from '../../../src/engine/steps/index.ts';
import { TurnInterrupted } from '../../../src/engine/steps/index.ts';
import type { StepWork } from '../../../src/engine/steps/step-runner.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';

/** One process's life of a turn. `crash` ends it as `kill -9` would: nothing it does later reaches the journal. */
export interface Life {
  readonly runner: StepRunner;
  interrupt(): void;
  crash(): void;
}

/** A turn whose journal outlives its processes. */
export interface TestBed extends Disposable {
  /** A process that continues where the journal ends. With `lines` it finds only that many lines of the journal. */
  begin(options?: { readonly lines?: number }): Life;
  /** How many lines the journal has. */
  lineCount(): number;
}

const json: Codec<unknown> = { version: 1, encode: (value) => value, decode: (value) => value };

/** Counts the goes at each step's work. */
class Works {
  readonly counts = new Map<string, number>();

  count(id: string): number {
    return this.counts.get(id) ?? 0;
  }

  of(id: string, work: StepWork<unknown>): StepWork<unknown> {
    return (attempt) => {
      this.counts.set(id, this.count(id) + 1);
      return work(attempt);
    };
  }
}

const said = (text: string): ResponseItem => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});

function spec(id: string, more: Partial<StepSpec<unknown>> = {}): StepSpec<unknown> {
  return { id, kind: 'io', codec: json, repeat: 'safe', ...more };
}

/** A turn with every kind of step, two of them side by side. Gives what it came to, values and items in order. */
async function sampleTurn(runner: StepRunner, works: Works): Promise<unknown[]> {
  const seen: unknown[] = [];
  const note = ({ value, items }: Recorded<unknown>) => seen.push([value, ...items]);
  const input = works.of('input-0', async ({ record }) => {
    record(said('input'));
    return 'taken';
  });
  note(await runner.step(spec('input-0', { kind: 'input', truncated: 'taken' }), input));
  const sampling = works.of('sampling-1', async ({ record }) => {
    record(said('one'));
    record(said('two'));
    return 'completed';
  });
  note(await runner.step(spec('sampling-1', { kind: 'sampling', truncated: 'truncated' }), sampling));
  const calls = ['tool-a', 'tool-b'].map((id) =>
    runner.step(
      spec(id, { kind: 'tool', truncated: `truncated ${id}` }),
      works.of(id, async ({ record }) => {
        record(said(`output of ${id}`));
        return `told by ${id}`;
      }),
    ),
  );
  for (const call of await runner.all(calls)) note(call);
  await runner.sleep(1);
  seen.push(
    await runner.external(
      { kind: 'approval', questionId: 'c' },
      json,
      works.of('approval', async () => 'yes'),
    ),
  );
  return seen;
}

/** What holds of every StepRunner (fleet.md section 9.1). `open` gives a bed with an empty journal. */
export function conformance(name: string, open: () => TestBed): void {
  describe(`${name} conforms`, () => {
    inOrder(open);
    replays(open);
    repeats(open);
    interrupts(open);
  });
}

function inOrder(open: () => TestBed): void {
  test('a step gives its value and the items it recorded, in order', async () => {
    using bed = open();
    const step = bed.begin().runner.step(spec('s'), async ({ record }) => {
      record(said('a'));
      record(said('b'));
      return { some: 'value' };
    });
    expect(await step).toEqual({ value: { some: 'value' }, items: [said('a'), said('b')], replayed: false });
  });

  test('all gives values in the order of the steps, whatever finishes first', async () => {
    using bed = open();
    const { runner } = bed.begin();
    const slow = Promise.withResolvers<string>();
    const first = runner.step(spec('first'), () => slow.promise);
    const second = runner.step(spec('second'), async () => 'second');
    await second;
    slow.resolve('first');
    expect((await runner.all([first, second])).map(({ value }) => value)).toEqual(['first', 'second']);
  });

  test('steps that are started together run side by side', async () => {
    using bed = open();
    const { runner } = bed.begin();
    const second = Promise.withResolvers<string>();
    const both = runner.all([
      runner.step(spec('first'), () => second.promise),
      runner.step(spec('second'), async () => {
        second.resolve('from the second');
        return 'second';
      }),
    ]);
    expect((await both).map(({ value }) => value)).toEqual(['from the second', 'second']);
  });

  test('a step id that was used already is refused', async () => {
    using bed = open();
    const { runner } = bed.begin();
    await runner.step(spec('s'), async () => 1);
    await expect(runner.step(spec('s'), async () => 2)).rejects.toThrow('two steps of a turn are called s');
  });

  test('work that throws fails its step, and a join of it', async () => {
    using bed = open();
    const { runner } = bed.begin();
    const fails = runner.step(spec('fails'), () => Promise.reject(new Error('no')));
    await expect(runner.all([runner.step(spec('works'), async () => 1), fails])).rejects.toThrow('no');
  });
}

function replays(open: () => TestBed): void {
  test('a whole journal gives the same turn again, and no work is done', async () => {
    using bed = open();
    const original = await sampleTurn(bed.begin().runner, new Works());
    const works = new Works();
    expect(await sampleTurn(bed.begin().runner, works)).toEqual(original);
    expect([...works.counts]).toEqual([]);
  });

  test('fleet 9.2: every beginning of the journal gives a turn that ends the same, apart from a truncated response', async () => {
    using bed = open();
    const original = await sampleTurn(bed.begin().runner, new Works());
    const count = bed.lineCount();
    expect(count).toBeGreaterThan(15);
    for (let lines = 0; lines <= count; lines += 1) {
      using other = open();
      await sampleTurn(other.begin().runner, new Works());
      const again = await sampleTurn(other.begin({ lines }).runner, new Works());
      const once = (value: unknown) => JSON.stringify(value).replaceAll(/"truncated (tool-.)"/g, '"told by $1"');
      const isTruncated = JSON.stringify(again).includes('"truncated"');
      if (isTruncated) expect(again.length).toBe(original.length);
      else expect(once(again), `after ${lines} lines`).toBe(once(original));
      const works = new Works();
      expect(await sampleTurn(other.begin().runner, works), `replay after ${lines} lines`).toEqual(again);
      expect([...works.counts]).toEqual([]);
    }
  });

  test('a value of an older version is decoded with the number of that version', async () => {
    using bed = open();
    await bed.begin().runner.step(spec('s'), async () => 'old');
    const newer: Codec<unknown> = { version: 2, encode: (v) => v, decode: (v, version) => `${String(v)} ${version}` };
    const again = await bed.begin().runner.step(spec('s', { codec: newer }), async () => 'new');
    expect(again.value).toBe('old 1');
  });

  test('a value that cannot be decoded fails as a corrupt rollout', async () => {
    using bed = open();
    await bed.begin().runner.step(spec('s'), async () => 'value');
    const strict: Codec<unknown> = {
      ...json,
      decode() {
        throw new Error('not mine');
      },
    };
    const step = bed.begin().runner.step(spec('s', { codec: strict }), async () => 'again');
    await expect(step).rejects.toMatchObject({
      kind: 'rolloutCorrupt',
      message: expect.stringContaining('step s can'),
    });
  });

  test('a turn that asks for other steps than were recorded fails as a corrupt rollout', async () => {
    using bed = open();
    const first = bed.begin().runner;
    await first.step(spec('a'), async () => 1);
    await first.step(spec('b'), async () => 2);
    const second = bed.begin().runner;
    await expect(second.step(spec('b'), async () => 2)).rejects.toMatchObject({ kind: 'rolloutCorrupt' });
    const third = bed.begin().runner;
    await expect(third.step(spec('c'), async () => 3)).rejects.toMatchObject({ kind: 'rolloutCorrupt' });
    const fourth = bed.begin().runner;
    await expect(fourth.step(spec('a', { kind: 'input' }), async () => 1)).rejects.toMatchObject({
      kind: 'rolloutCorrupt',
    });
  });

  test('a value of a megabyte comes back whole', async () => {
    using bed = open();
    const large = { text: 'ä"\n'.repeat(300_000) };
    await bed.begin().runner.step(spec('s'), async () => large);
    const again = await bed.begin().runner.step(spec('s'), async () => 'not done again');
    expect(again.value).toEqual(large);
  });
}

function repeats(open: () => TestBed): void {
  test('a step that only began is done again', async () => {
    using bed = open();
    const life = bed.begin();
    const begun = Promise.withResolvers<void>();
    void life.runner.step(spec('s'), () => {
      begun.resolve();
      return new Promise(() => undefined);
    });
    await begun.promise;
    life.crash();
    const again = await bed.begin().runner.step(spec('s'), async () => 'second go');
    expect(again).toMatchObject({ value: 'second go', replayed: false });
  });

  test('a response that was cut off ends as truncated with the items it had, now and on every later replay', async () => {
    using bed = open();
    const life = bed.begin();
    const cut = Promise.withResolvers<void>();
    const sampling = spec('sampling-1', { kind: 'sampling', truncated: 'truncated' });
    void life.runner.step(sampling, async ({ record }) => {
      record(said('kept'));
      cut.resolve();
      return new Promise(() => undefined);
    });
    await cut.promise;
    life.crash();
    const truncated = { value: 'truncated', items: [said('kept')], replayed: true };
    expect(await bed.begin().runner.step(sampling, async () => 'completed')).toEqual(truncated);
    expect(await bed.begin().runner.step(sampling, async () => 'completed')).toEqual(truncated);
  });

  test('a response without a finished item is asked for again', async () => {
    using bed = open();
    const life = bed.begin();
    const sampling = spec('sampling-1', { kind: 'sampling', truncated: 'truncated' });
    void life.runner.step(sampling, () => new Promise(() => undefined));
    life.crash();
    const again = await bed.begin().runner.step(sampling, async () => 'completed');
    expect(again).toMatchObject({ value: 'completed', replayed: false });
  });

  test('what a call recorded is kept with its end or not at all', async () => {
    using bed = open();
    const life = bed.begin();
    const recorded = Promise.withResolvers<void>();
    const tool = spec('tool-a', { kind: 'tool' });
    void life.runner.step(tool, ({ record }) => {
      record(said('first go'));
      recorded.resolve();
      return new Promise(() => undefined);
    });
    await recorded.promise;
    life.crash();
    const work: StepWork<unknown> = async ({ record }) => {
      record(said('second go'));
      return 'done';
    };
    expect((await bed.begin().runner.step(tool, work)).items).toEqual([said('second go')]);
    expect((await bed.begin().runner.step(tool, work)).items).toEqual([said('second go')]);
  });

  test('an answer from outside that came before a crash is not asked for again', async () => {
    using bed = open();
    const key = { kind: 'approval', questionId: 'c' } as const;
    await bed.begin().runner.external(key, json, async () => 'approved');
    const works = new Works();
    const again = bed.begin().runner.external(
      key,
      json,
      works.of('ask', async () => 'denied'),
    );
    expect(await again).toBe('approved');
    expect(works.count('ask')).toBe(0);
  });

  test('an answer from outside that had not come is asked for again', async () => {
    using bed = open();
    const key = { kind: 'approval', questionId: 'c' } as const;
    const life = bed.begin();
    void life.runner.external(key, json, () => new Promise(() => undefined));
    life.crash();
    expect(await bed.begin().runner.external(key, json, async () => 'approved')).toBe('approved');
  });
}

function interrupts(open: () => TestBed): void {
  test('after an interrupt no new step begins', async () => {
    using bed = open();
    const { runner, interrupt } = bed.begin();
    interrupt();
    const works = new Works();
    const refused = [
      runner.step(
        spec('s', { kind: 'sampling' }),
        works.of('s', async () => 1),
      ),
      runner.external(
        { kind: 'approval', questionId: 'c' },
        json,
        works.of('c', async () => 1),
      ),
      runner.sleep(0),
    ];
    for (const step of refused) await expect(step).rejects.toBeInstanceOf(TurnInterrupted);
    expect([...works.counts]).toEqual([]);
  });

  test('a call that was made is answered even after an interrupt, by work that sees the signal', async () => {
    using bed = open();
    const { runner, interrupt } = bed.begin();
    interrupt();
    const step = runner.step(spec('tool-a', { kind: 'tool' }), async ({ signal }) => (signal.aborted ? 'cut off' : ''));
    expect((await step).value).toBe('cut off');
  });

  test('an interrupt wakes a sleep', async () => {
    using bed = open();
    const { runner, interrupt } = bed.begin();
    const sleep = runner.sleep(1_000_000);
    interrupt();
    await expect(sleep).rejects.toBeInstanceOf(TurnInterrupted);
  });

  test('an interrupt reaches work that runs, whose value is kept', async () => {
    using bed = open();
    const { runner, interrupt } = bed.begin();
    const step = runner.step(
      spec('s'),
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('stopped'), { once: true });
        }),
    );
    interrupt();
    expect((await step).value).toBe('stopped');
    expect((await bed.begin().runner.step(spec('s'), async () => 'again')).value).toBe('stopped');
  });

  test('what was recorded is replayed to a turn that is interrupted', async () => {
    using bed = open();
    await bed.begin().runner.step(spec('s'), async () => 'before');
    const { runner, interrupt } = bed.begin();
    interrupt();
    expect((await runner.step(spec('s'), async () => 'again')).value).toBe('before');
  });
}
