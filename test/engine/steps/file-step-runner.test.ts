import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileStepRunner, type Journal, type JournalLine } from '../../../src/engine/steps/index.ts';
import type { RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { FileRecorder, readRollout } from '../../../src/storage/rollout/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { conformance, type Life, type TestBed } from './conformance.ts';

const TURN = 'turn-1';

/** A runner over this journal; once crashed it neither writes nor ends. */
function life(journal: Journal, recorded: readonly JournalLine[]): Life {
  const interrupt = new AbortController();
  let isAlive = true;
  return {
    runner: new FileStepRunner({
      turnId: TURN,
      journal: {
        append(...lines) {
          if (isAlive) journal.append(...lines);
        },
      },
      interrupted: interrupt.signal,
      recorded,
    }),
    interrupt: () => interrupt.abort(),
    crash() {
      isAlive = false;
    },
  };
}

function inMemory(): TestBed {
  let lines: JournalLine[] = [];
  return {
    begin(options = {}) {
      lines = lines.slice(0, options.lines);
      return life({ append: (...more) => void lines.push(...more) }, [...lines]);
    },
    lineCount: () => lines.length,
    [Symbol.dispose]: () => undefined,
  };
}

/** Through the recorder and the reader, as a session does it. */
function inFile(): TestBed {
  const dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  const now = () => 0;
  const first = FileRecorder.create(path, now);
  const meta = { id: '0199a213-81c0-7800-8aa1-bbab2a035a53', timestamp: new Date(0).toISOString(), cwd: '/' };
  first.append({ type: 'session_meta', payload: meta });
  let recorder = first;
  const recorded = () => readRollout(path).lines.flatMap((line) => journalLine(line) ?? []);
  return {
    begin(options = {}) {
      if (options.lines !== undefined) recorder = withLines(path, recorder, options.lines);
      const journal = (...lines: readonly JournalLine[]) =>
        recorder.append(
          ...lines.map((line) =>
            line.type === 'step'
              ? ({ type: 'step', payload: line.record } as const)
              : ({ type: 'response_item', payload: line.item, turn: TURN, step: line.stepId } as const),
          ),
        );
      return life({ append: journal }, recorded());
    },
    lineCount: () => recorded().length,
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

function journalLine(line: RolloutItem): JournalLine | null {
  if (line.type === 'step') return { type: 'step', record: line.payload };
  if (line.type !== 'response_item' || line.step === undefined) return null;
  return { type: 'item', stepId: line.step, item: line.payload };
}

/** The same thread with fewer lines of its journal, in a file of its own. */
function withLines(path: string, before: FileRecorder, count: number): FileRecorder {
  void before.close();
  const kept = readRollout(path).lines.slice(0, 1 + count);
  const copy = FileRecorder.create(`${path}.cut`, () => 0);
  copy.append(...kept);
  void copy.close();
  renameSync(`${path}.cut`, path);
  return FileRecorder.open(path, () => 0, kept.length);
}

conformance('FileStepRunner in memory', inMemory);
conformance('FileStepRunner over a rollout', inFile);

test('the items of a step stand once in the journal', async () => {
  const lines: JournalLine[] = [];
  const { runner } = life({ append: (...more) => void lines.push(...more) }, []);
  const text = 'said only once';
  await runner.step(
    {
      id: 'sampling-1',
      kind: 'sampling',
      codec: { version: 1, encode: (value: string) => value, decode: String },
      repeat: 'safe',
    },
    async ({ record }) => {
      record({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] });
      return 'completed';
    },
  );
  expect(JSON.stringify(lines).split(text)).toHaveLength(2);
});
