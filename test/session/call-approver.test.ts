import { expect, test } from 'vitest';
import type { ApprovalRequest, SessionEvent } from '../../src/protocol/index.ts';
import { callApprover } from '../../src/session/call-approver.ts';
import { TurnHandle } from '../../src/session/turn-handle.ts';
import { TurnState } from '../../src/session/turn-state.ts';
import { FileStepRunner, type JournalLine } from '../../src/steps/index.ts';

/** One process's life of a turn that asks. */
class Life {
  readonly events: SessionEvent[] = [];
  readonly state = new TurnState();
  readonly abort = new AbortController();
  readonly handle = new TurnHandle({
    threadId: 't',
    turnId: 'turn',
    state: this.state,
    emit: (event) => this.events.push(event),
  });
  readonly #steps: FileStepRunner;

  constructor(journal: JournalLine[]) {
    this.#steps = new FileStepRunner({
      turnId: 'turn',
      journal: { append: (...lines) => void journal.push(...lines) },
      interrupted: this.abort.signal,
      now: () => 0,
      recorded: [...journal],
    });
  }

  ask(callId: string, { hasRun = false, log = [] as string[] } = {}) {
    const run = { waits: () => void log.push('waits'), goesOn: async () => void log.push('goes on') };
    const approver = callApprover({ steps: this.#steps, handle: this.handle, key: `tool-1.0-${callId}`, run });
    const subject = { keys: [hasRun ? 'outside' : 'inside'], hasRun };
    return approver.request(requestFor(callId), this.abort.signal, subject);
  }

  get asked(): string[] {
    return this.events.flatMap((event) => (event.type === 'approval.requested' ? [event.request.callId] : []));
  }
}

function requestFor(callId: string): ApprovalRequest {
  return { type: 'command', callId, command: ['make'], cwd: '/', commandActions: [], reason: null, escalated: false };
}

test('protocol 5: several questions wait at once, and each answer reaches its own, in whatever order they come', async () => {
  const life = new Life([]);
  const [a, b, c] = ['a', 'b', 'c'].map((callId) => life.ask(callId));
  expect(life.asked).toEqual(['a', 'b', 'c']);
  life.state.resolveApproval('c', { type: 'denied', message: 'c' });
  life.state.resolveApproval('a', { type: 'approved' });
  life.state.resolveApproval('b', { type: 'approvedForSession' });
  expect(await Promise.all([a, b, c])).toEqual([
    { type: 'approved' },
    { type: 'approvedForSession' },
    { type: 'denied', message: 'c' },
  ]);
});

test('after a restart those that were answered are known, and only the others are asked again', async () => {
  const journal: JournalLine[] = [];
  const first = new Life(journal);
  const answered = first.ask('a');
  void first.ask('b');
  first.state.resolveApproval('a', { type: 'approved' });
  await answered;
  const second = new Life(journal);
  const both = Promise.all([second.ask('a'), second.ask('b')]);
  expect(second.asked).toEqual(['b']);
  second.state.resolveApproval('b', { type: 'denied' });
  expect(await both).toEqual([{ type: 'approved' }, { type: 'denied' }]);
});

test('an answer given twice is heard once', async () => {
  const life = new Life([]);
  const asked = life.ask('a');
  expect(life.state.resolveApproval('a', { type: 'approved' })).toBe(true);
  expect(life.state.resolveApproval('a', { type: 'denied' })).toBe(false);
  expect(await asked).toEqual({ type: 'approved' });
});

test('a call counts as not begun while it waits, and as begun before it goes on; one that has run stays begun', async () => {
  const log: string[] = [];
  const life = new Life([]);
  const asked = life.ask('a', { log });
  expect(log).toEqual(['waits']);
  life.state.resolveApproval('a', { type: 'approved' });
  await asked;
  expect(log).toEqual(['waits', 'goes on']);
  const again = life.ask('a', { hasRun: true, log });
  life.state.resolveApproval('a', { type: 'approved' });
  await again;
  expect(log).toEqual(['waits', 'goes on']);
});

test('an interrupt drops every waiter, and records no decision', async () => {
  const journal: JournalLine[] = [];
  const life = new Life(journal);
  const asked = Promise.all([life.ask('a'), life.ask('b')]);
  life.abort.abort();
  expect(await asked).toEqual([{ type: 'abort' }, { type: 'abort' }]);
  expect(life.state.resolveApproval('a', { type: 'approved' })).toBe(false);
  expect(journal.filter((line) => line.type === 'step' && line.record.state === 'end')).toEqual([]);
  expect(await life.ask('late')).toEqual({ type: 'abort' });
});
