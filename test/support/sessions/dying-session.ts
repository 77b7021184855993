import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { ApprovalDecision, Op } from '../../../src/foundation/protocol/index.ts';
import type { TestSessionOptions } from '../session.ts';

/** What a process does before it is killed; its only argument, as JSON. */
export interface DyingSession {
  readonly place: Pick<TestSessionOptions, 'url' | 'home' | 'cwd' | 'overrides'>;
  readonly resume: string | null;
  readonly text: string | null;
  /** Submitted under the id `next`, after the turn of the text. */
  readonly next?: Op;
  readonly answersQuestions?: boolean;
  /** Answers every question so; null leaves them open. */
  readonly decision: ApprovalDecision | null;
  /** Dies when what it has just written to any file holds this. */
  readonly dieAfter: string;
  /** The how-manieth such write; 1 unless given. */
  readonly time?: number;
  /** It does not die then, but stops until this file exists, and lives on. */
  readonly frozenUntil?: string;
}

/** A process of its own that opens a session and kills itself, as `kill -9` would, right behind a certain write. */
async function run({
  place,
  answersQuestions = false,
  resume,
  text,
  next,
  decision,
  dieAfter,
  time = 1,
  frozenUntil,
}: DyingSession): Promise<void> {
  const write = fs.writeSync;
  let left = time;
  const dying = (...args: readonly unknown[]): number => {
    const written: number = Reflect.apply(write, fs, args);
    if (String(args[1]).includes(dieAfter)) left -= 1;
    if (left === 0 && frozenUntil === undefined) process.kill(process.pid, 'SIGKILL');
    if (left === 0 && frozenUntil !== undefined) {
      left = -1;
      standStill(frozenUntil);
    }
    return written;
  };
  Object.assign(fs, { writeSync: dying });
  syncBuiltinESMExports();
  const { says, testSession } = await import('../session.ts');
  const origin = resume === null ? ({ type: 'new' } as const) : ({ type: 'resume', id: resume } as const);
  const { session } = await testSession({
    ...place,
    options: { origin, answersQuestions, unfinishedTurn: 'continue' },
  });
  process.stdout.write(`${session.threadId}\n`);
  if (text !== null) session.submit(says(text));
  else if (next !== undefined) session.submit(next, 'next');
  for await (const event of session.events()) {
    if (frozenUntil !== undefined && event.type === 'turn.completed') {
      process.stdout.write(`${event.error?.kind ?? event.status}\n`);
      return session.close();
    }
    if (next !== undefined && event.type === 'turn.completed') session.submit(next, 'next');
    if (event.type !== 'approval.requested' || decision === null) continue;
    session.submit({ type: 'approval', questionId: event.request.questionId, decision });
  }
}

/** Nothing of the process runs meanwhile, as if it had been stopped from outside. */
function standStill(until: string): void {
  process.stdout.write('frozen\n');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!fs.existsSync(until)) Atomics.wait(cell, 0, 0, 20);
}

const [options] = process.argv.slice(2);
if (options !== undefined) await run(JSON.parse(options));
