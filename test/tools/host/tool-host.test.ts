import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hexDigest } from '../../../src/foundation/util/index.ts';
import type { ToolOutput } from '../../../src/tools/contract/tool-call.ts';
import { type HostedRun, LocalToolHost, unknownOutcome } from '../../../src/tools/index.ts';
import { tempDir } from '../../support/temp-dir.ts';

const call = { key: 'tool-0.0-call-1', callId: 'call-1', asked: 'ls' };
const done: ToolOutput = { body: 'it is done', success: true, facts: { outcome: 'done', changed: ['a.ts'] } };
const starting = async (run: HostedRun) => {
  await run.start();
  return done;
};

function openHost(dir: string, options: { kept?: boolean; onSync?: () => void } = {}): LocalToolHost {
  return new LocalToolHost({
    ledgerPath: options.kept === false ? null : join(dir, 'calls.jsonl'),
    outputPath: (callId) => join(dir, `${callId}.log`),
    now: () => 1_234,
    syncJournal: async () => options.onSync?.(),
    fence: () => undefined,
  });
}

/** A host that dies in the middle of a call: its ledger says that the call was started, and no more. */
async function dieWithin(dir: string): Promise<void> {
  const host = openHost(dir);
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  void host.call(call, async (run) => {
    await run.start();
    resolve();
    return new Promise(() => undefined);
  });
  await begun;
}

describe('the ledger of calls', () => {
  it('runs a call once and gives its output again ever after', async () => {
    using dir = tempDir();
    let runs = 0;
    const work = async (run: HostedRun) => {
      await run.start();
      runs += 1;
      return done;
    };
    const host = openHost(dir.path);
    expect(await host.call(call, work)).toEqual({ type: 'done', output: done, replayed: false });
    expect(await host.call(call, work)).toEqual({ type: 'done', output: done, replayed: true });
    host.close();
    expect(await openHost(dir.path).call(call, work)).toEqual({ type: 'done', output: done, replayed: true });
    expect(runs).toBe(1);
  });

  it('has the start of a call, and all that led to it, on the disk before the call takes effect', async () => {
    using dir = tempDir();
    const seen: string[] = [];
    const host = openHost(dir.path, { onSync: () => seen.push('journal synced') });
    await host.call(call, async (run) => {
      await run.start();
      seen.push(readFileSync(join(dir.path, 'calls.jsonl'), 'utf8').trim());
      return done;
    });
    const started = { state: 'started', key: call.key, digest: hexDigest('cyrb53', 'ls'), at: 1_234 };
    expect(seen).toEqual(['journal synced', JSON.stringify(started)]);
  });

  it('joins a call that is running already', async () => {
    using dir = tempDir();
    const host = openHost(dir.path);
    let runs = 0;
    const { promise, resolve } = Promise.withResolvers<ToolOutput>();
    const both = [1, 2].map(() =>
      host.call(call, () => {
        runs += 1;
        return promise;
      }),
    );
    resolve(done);
    expect(await Promise.all(both)).toEqual([1, 2].map(() => ({ type: 'done', output: done, replayed: false })));
    expect(runs).toBe(1);
  });

  it('never runs a call under the key of another, while that runs or after', async () => {
    using dir = tempDir();
    const host = openHost(dir.path);
    const other = { ...call, asked: 'rm' };
    const { promise, resolve } = Promise.withResolvers<ToolOutput>();
    const running = host.call(call, async (run) => {
      await run.start();
      return promise;
    });
    let ran = false;
    const work = async () => {
      ran = true;
      return done;
    };
    await expect(host.call(other, work)).rejects.toMatchObject({ kind: 'rolloutCorrupt' });
    resolve(done);
    await running;
    await expect(host.call(other, work)).rejects.toMatchObject({ kind: 'rolloutCorrupt' });
    expect(ran).toBe(false);
  });

  it('reports a call whose end is not known, with its last output, and does not run it', async () => {
    using dir = tempDir();
    await dieWithin(dir.path);
    writeFileSync(join(dir.path, 'call-1.log'), `${'x'.repeat(3_000)}漢${'y'.repeat(1_022)}`);
    let ran = false;
    const outcome = await openHost(dir.path).call(call, async () => {
      ran = true;
      return done;
    });
    expect(outcome).toEqual({ type: 'unknown', startedAt: 1_234, partial: 'y'.repeat(1_022) });
    expect(ran).toBe(false);
  });

  it('does not know the end of a call whose record was truncated', async () => {
    using dir = tempDir();
    await dieWithin(dir.path);
    appendFileSync(join(dir.path, 'calls.jsonl'), '{"state":"done","key":"tool-0.0-call-1","outp');
    const host = openHost(dir.path);
    expect(host.recall(call)).toMatchObject({ type: 'unknown' });
    const next = { ...call, key: 'tool-0.1-call-2', callId: 'call-2' };
    await host.call(next, starting);
    expect(openHost(dir.path).recall(next)).toEqual({ type: 'done', output: done, replayed: true });
  });

  it('knows nothing of a call that was never begun', () => {
    using dir = tempDir();
    expect(openHost(dir.path).recall(call)).toBe(null);
    expect(existsSync(join(dir.path, 'calls.jsonl'))).toBe(false);
  });

  it('does not run a call that it cannot write down', async () => {
    using dir = tempDir();
    dir.write({ file: '' });
    let ran = false;
    const host = openHost(join(dir.path, 'file'));
    const work = async (run: HostedRun) => {
      await run.start();
      ran = true;
      return done;
    };
    await expect(host.call(call, work)).rejects.toMatchObject({ kind: 'storageFailed' });
    expect(ran).toBe(false);
  });

  it('fails the call when its start could not be written, whatever output was made of that', async () => {
    using dir = tempDir();
    dir.write({ file: '' });
    const host = openHost(join(dir.path, 'file'));
    const work = (run: HostedRun) =>
      run.start().then(
        () => done,
        () => ({ body: 'it failed inside keel', success: false }),
      );
    await expect(host.call(call, work)).rejects.toMatchObject({ kind: 'storageFailed' });
  });

  it('knows nothing of a call that ended without a start: it had no effect', async () => {
    using dir = tempDir();
    const host = openHost(dir.path);
    const refused = { body: 'rejected', success: false };
    expect(await host.call(call, async () => refused)).toEqual({ type: 'done', output: refused, replayed: false });
    expect(openHost(dir.path).recall(call)).toBe(null);
  });

  it('knows a call that its sandbox stopped, through any number of crashes, until it starts again', async () => {
    using dir = tempDir();
    const stop = async (run: HostedRun) => {
      await run.start();
      run.stopped();
      return new Promise<ToolOutput>(() => undefined);
    };
    void openHost(dir.path).call(call, stop);
    await expect.poll(() => openHost(dir.path).recall(call)?.type).toBe('stopped');
    const seen: boolean[] = [];
    void openHost(dir.path).call(call, async ({ wasStopped }) => {
      seen.push(wasStopped);
      return new Promise<ToolOutput>(() => undefined);
    });
    expect(openHost(dir.path).recall(call)).toEqual({ type: 'stopped' });
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    void openHost(dir.path).call(call, async (run) => {
      await run.start();
      resolve();
      return new Promise<ToolOutput>(() => undefined);
    });
    await begun;
    expect(seen).toEqual([true]);
    expect(openHost(dir.path).recall(call)).toMatchObject({ type: 'unknown' });
  });

  it('reads the ledger of earlier versions, in which a call that waits for an answer has not started', () => {
    using dir = tempDir();
    const digest = createHash('sha256').update('ls').digest('hex');
    const started = JSON.stringify({ state: 'started', key: call.key, digest, at: 1 });
    dir.write({ 'calls.jsonl': `${started}\n${JSON.stringify({ state: 'waits', key: call.key })}\n` });
    expect(openHost(dir.path).recall(call)).toBe(null);
    appendFileSync(join(dir.path, 'calls.jsonl'), `${started}\n`);
    expect(openHost(dir.path).recall(call)).toMatchObject({ type: 'unknown', startedAt: 1 });
    expect(() => openHost(dir.path).recall({ ...call, asked: 'rm' })).toThrow('other arguments');
  });

  it('is gone when the turn has ended, and without a path leaves no file', async () => {
    using dir = tempDir();
    const host = openHost(dir.path);
    await host.call(call, starting);
    host.turnEnded();
    expect(existsSync(join(dir.path, 'calls.jsonl'))).toBe(false);
    const fleeting = openHost(dir.path, { kept: false });
    await fleeting.call(call, starting);
    expect(fleeting.recall(call)).toMatchObject({ type: 'done', replayed: true });
    expect(existsSync(join(dir.path, 'calls.jsonl'))).toBe(false);
  });
});

describe('the answer to a call with an unknown end', () => {
  it('has the last output where there is any', () => {
    const first =
      'unknown outcome: keel was stopped while this call was running, so whether it took effect is not known.';
    const last = 'Look at the state it would have changed before you repeat it.';
    expect(unknownOutcome({ partial: '' })).toEqual({
      body: `${first} ${last}`,
      success: false,
      facts: { outcome: 'unknown' },
    });
    expect(unknownOutcome({ partial: 'half\ndone' }).body).toBe(
      `${first} Last output before that:\nhalf\ndone\n${last}`,
    );
  });
});
