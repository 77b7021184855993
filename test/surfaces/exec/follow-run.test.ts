import { describe, expect, test } from 'vitest';
import type { Op, SessionEvent, Turn } from '../../../src/foundation/protocol/index.ts';
import type { Config } from '../../../src/storage/config/index.ts';
import { loadConfig } from '../../../src/storage/config/index.ts';
import type { ExecOptions } from '../../../src/surfaces/exec/exec-options.ts';
import { followRun, type RunEnd } from '../../../src/surfaces/exec/follow-run.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { answer, threadStarted, turnCompleted, turnStarted } from '../sample-items.ts';

let loaded: Config | null = null;
async function config(): Promise<Config> {
  using home = tempDir();
  loaded ??= await loadConfig({ env: { KEEL_HOME: home.path }, cwd: home.path, overrides: [], flags: {} });
  return loaded;
}

interface Followed {
  readonly end: RunEnd;
  readonly submitted: readonly Op[];
  readonly shown: readonly string[];
}

/** A run over a session that emits these events. `stopAfter`: how many events come before the run is stopped. */
async function follow(
  events: readonly SessionEvent[],
  more: Partial<ExecOptions> = {},
  stopAfter?: number,
): Promise<Followed> {
  const stop = new AbortController();
  const submitted: Op[] = [];
  const shown: string[] = [];
  const options: ExecOptions = {
    config: await config(),
    origin: { type: 'new' },
    version: '1',
    prompt: 'Fix it',
    rollback: null,
    images: [],
    outputSchema: undefined,
    program: null,
    color: false,
    skipGitRepoCheck: true,
    ephemeral: false,
    lastMessageFile: null,
    originator: 'test',
    ...more,
  };
  const session = {
    submit: (op: Op) => `op_${submitted.push(op)}`,
    async *events() {
      for (const [at, event] of events.entries()) {
        if (at === stopAfter) stop.abort(130);
        yield event;
      }
      if (events.length === stopAfter) stop.abort(130);
    },
  };
  const end = await followRun({ session, options, show: (event) => shown.push(event.type), stop: stop.signal });
  return { end, submitted, shown };
}

const error = (turnId: string | null, willRetry = false): SessionEvent => ({
  type: 'error',
  turnId,
  error: { kind: 'badRequest', message: 'no such model' },
  willRetry,
});
const unfinished: Turn = { id: 'turn_0', status: 'inProgress', error: null, items: [] };

describe('a run', () => {
  test('submits its prompt when the thread is open, and ends with its turn', async () => {
    const { end, submitted, shown } = await follow([threadStarted(), turnStarted(), turnCompleted()]);
    expect(submitted).toEqual([{ type: 'userInput', items: [{ type: 'text', text: 'Fix it' }] }]);
    expect(shown).toEqual(['thread.started', 'turn.started']);
    expect(end).toMatchObject({ type: 'ended', message: 'Done.' });
  });

  test('sends images before the text, and the schema of its answer', async () => {
    const { submitted } = await follow([threadStarted(), turnCompleted()], {
      images: ['a.png', 'b.png'],
      outputSchema: { type: 'object' },
    });
    expect(submitted).toEqual([
      {
        type: 'userInput',
        items: [
          { type: 'localImage', path: 'a.png' },
          { type: 'localImage', path: 'b.png' },
          { type: 'text', text: 'Fix it' },
        ],
        outputSchema: { type: 'object' },
      },
    ]);
  });

  test('of a review submits that in place of a prompt, and its message is the review', async () => {
    const review = { type: 'uncommittedChanges' } as const;
    const exited: SessionEvent = {
      type: 'item.completed',
      turnId: 'turn_1',
      item: { type: 'exitedReviewMode', id: 'r', review: 'No findings.', output: null },
    };
    const { end, submitted } = await follow(
      [threadStarted(), turnStarted(), exited, turnCompleted({ lastAgentMessage: null })],
      { review, prompt: null },
    );
    expect(submitted).toEqual([{ type: 'review', target: review }]);
    expect(end).toMatchObject({ message: 'No findings.' });
  });

  test('of a review that was interrupted has no message', async () => {
    const exited: SessionEvent = {
      type: 'item.completed',
      turnId: 'turn_1',
      item: { type: 'exitedReviewMode', id: 'r', review: 'It was interrupted.', output: null },
    };
    const { end } = await follow(
      [threadStarted(), turnStarted(), exited, turnCompleted({ status: 'interrupted', lastAgentMessage: null })],
      { review: { type: 'uncommittedChanges' } },
    );
    expect(end).toMatchObject({ type: 'ended', message: null });
  });

  test('takes turns out before it submits', async () => {
    const rolledBack: SessionEvent = { type: 'thread.rolledBack', removed: 2, turns: [] };
    const { submitted, shown } = await follow([threadStarted(), rolledBack, turnStarted(), turnCompleted()], {
      rollback: 2,
    });
    expect(submitted.map(({ type }) => type)).toEqual(['rollback', 'userInput']);
    expect(shown).toEqual(['thread.started', 'thread.rolledBack', 'turn.started']);
  });

  test('without a prompt continues the unfinished turn of its thread', async () => {
    const { end, submitted } = await follow([threadStarted({ turns: [unfinished] }), turnStarted(), turnCompleted()], {
      prompt: null,
    });
    expect(submitted).toEqual([]);
    expect(end.type).toBe('ended');
  });

  test.each<[string, Turn[]]>([
    ['no turns', []],
    ['turns that ended', [unfinished, { ...unfinished, status: 'completed' }]],
  ])('without a prompt is refused for a thread with %s', async (_, turns) => {
    await expect(follow([threadStarted({ turns })], { prompt: null })).rejects.toMatchObject({ kind: 'invalidInput' });
  });
});

describe('what keeps a run from its turn', () => {
  test('is an error of no turn before there is one', async () => {
    await expect(follow([threadStarted(), error(null)])).rejects.toMatchObject({
      kind: 'badRequest',
      message: 'no such model',
    });
  });

  test('is not an error of the turn, or one that comes while it runs', async () => {
    const { end, shown } = await follow([
      threadStarted(),
      turnStarted(),
      error('turn_1', true),
      error(null),
      turnCompleted(),
    ]);
    expect(shown.filter((type) => type === 'error')).toHaveLength(2);
    expect(end.type).toBe('ended');
  });

  test('is the end of its session', async () => {
    await expect(follow([threadStarted(), turnStarted()])).rejects.toMatchObject({ kind: 'internal' });
    await expect(follow([])).rejects.toMatchObject({ kind: 'internal' });
  });
});

describe('a run that is stopped', () => {
  test('before the thread is open submits nothing', async () => {
    const { end, submitted, shown } = await follow([threadStarted()], {}, 0);
    expect([end, submitted, shown]).toEqual([{ type: 'stopped' }, [], []]);
  });

  test('while turns are taken out submits no prompt', async () => {
    const rolledBack: SessionEvent = { type: 'thread.rolledBack', removed: 1, turns: [] };
    const { end, submitted } = await follow([threadStarted(), rolledBack], { rollback: 1 }, 1);
    expect(end).toEqual({ type: 'stopped' });
    expect(submitted.map(({ type }) => type)).toEqual(['rollback']);
  });

  test('during its turn ends with the end of the turn', async () => {
    const { end } = await follow(
      [threadStarted(), turnStarted(), turnCompleted({ status: 'interrupted', lastAgentMessage: null })],
      {},
      2,
    );
    expect(end).toMatchObject({ type: 'ended', turn: { status: 'interrupted' }, message: null });
  });

  test('whose session ends without an end of the turn is stopped, and is no fault', async () => {
    const { end } = await follow([threadStarted(), turnStarted()], {}, 2);
    expect(end).toEqual({ type: 'stopped' });
  });

  test('shows all that came before its end', async () => {
    const said: SessionEvent = { type: 'item.completed', turnId: 'turn_1', item: answer('x') };
    const { shown } = await follow([threadStarted(), turnStarted(), said, turnCompleted()]);
    expect(shown).toEqual(['thread.started', 'turn.started', 'item.completed']);
  });
});
