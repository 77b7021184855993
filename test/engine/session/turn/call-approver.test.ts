import { expect, test } from 'vitest';
import { TurnApprovals } from '../../../../src/engine/session/turn/approvals.ts';
import { callApprover } from '../../../../src/engine/session/turn/ports/call-approver.ts';
import { FileStepRunner, type JournalLine } from '../../../../src/engine/steps/index.ts';
import type {
  ApprovalDecision,
  ApprovalQuestion,
  ApprovalRequest,
  SessionEvent,
} from '../../../../src/foundation/protocol/index.ts';

/** One process's life of a turn that asks. */
class Life {
  readonly events: SessionEvent[] = [];
  readonly abort = new AbortController();
  readonly approvals = new TurnApprovals(
    'turn',
    { isRevoked: false, emit: (event) => this.events.push(event) },
    new AbortController().signal,
  );
  readonly #steps: FileStepRunner;

  constructor(journal: JournalLine[]) {
    this.#steps = new FileStepRunner({
      turnId: 'turn',
      journal: { append: (...lines) => void journal.push(...lines) },
      interrupted: this.abort.signal,
      recorded: [...journal],
    });
  }

  ask(callId: string, covers = 'inside') {
    const approver = callApprover({
      steps: this.#steps,
      approvals: this.approvals,
      threadId: 't',
      key: `turn/tool-1.0-${callId}`,
    });
    return approver.request(questionAbout(callId), this.abort.signal, { keys: [covers], hookMayAllow: false });
  }

  get requests(): ApprovalRequest[] {
    return this.events.flatMap((event) => (event.type === 'approval.requested' ? [event.request] : []));
  }

  get asked(): string[] {
    return this.requests.flatMap((request) => ('callId' in request ? [request.callId] : []));
  }

  /** Answers the newest question about a call. @returns whether it waited */
  answer(callId: string, decision: ApprovalDecision): boolean {
    const asked = this.requests.findLast((request) => 'callId' in request && request.callId === callId);
    return this.approvals.answer(asked?.questionId ?? '', decision);
  }
}

function questionAbout(callId: string): ApprovalQuestion {
  return { type: 'command', callId, command: ['make'], cwd: '/', commandActions: [], reason: null, escalated: false };
}

test('protocol 5: several questions wait at once, and each answer reaches its own, in whatever order they come', async () => {
  const life = new Life([]);
  const [a, b, c] = ['a', 'b', 'c'].map((callId) => life.ask(callId));
  expect(life.asked).toEqual(['a', 'b', 'c']);
  life.answer('c', { type: 'denied', message: 'c' });
  life.answer('a', { type: 'approved' });
  life.answer('b', { type: 'approvedForSession' });
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
  first.answer('a', { type: 'approved' });
  await answered;
  const second = new Life(journal);
  const both = Promise.all([second.ask('a'), second.ask('b')]);
  expect(second.asked).toEqual(['b']);
  second.answer('b', { type: 'denied' });
  expect(await both).toEqual([{ type: 'approved' }, { type: 'denied' }]);
});

test('an answer given twice is heard once', async () => {
  const life = new Life([]);
  const asked = life.ask('a');
  expect(life.answer('a', { type: 'approved' })).toBe(true);
  expect(life.answer('a', { type: 'denied' })).toBe(false);
  expect(await asked).toEqual({ type: 'approved' });
});

test('a yes to the first question of a call, late or repeated, does not answer its second', async () => {
  const life = new Life([]);
  const inside = life.ask('a', 'inside');
  const [first] = life.requests;
  life.answer('a', { type: 'approved' });
  await inside;
  let isDecided = false;
  const outside = life.ask('a', 'outside').finally(() => {
    isDecided = true;
  });
  const [, second] = life.requests;
  expect(second?.questionId).not.toBe(first?.questionId);
  expect(life.approvals.answer(first?.questionId ?? '', { type: 'approved' })).toBe(false);
  await Promise.resolve();
  expect(isDecided).toBe(false);
  life.answer('a', { type: 'denied' });
  expect(await outside).toEqual({ type: 'denied' });
});

test('after a restart a question has the id it had, and one that covers something else has another', async () => {
  const journal: JournalLine[] = [];
  const first = new Life(journal);
  void first.ask('a', 'this file');
  const again = new Life(journal);
  void again.ask('a', 'this file');
  expect(again.requests).toEqual(first.requests);
  const other = new Life(journal);
  void other.ask('a', 'another file');
  expect(other.approvals.answer(first.requests[0]?.questionId ?? '', { type: 'approved' })).toBe(false);
});

test('an interrupt drops every waiter, and records no decision', async () => {
  const journal: JournalLine[] = [];
  const life = new Life(journal);
  const asked = Promise.all([life.ask('a'), life.ask('b')]);
  life.abort.abort();
  expect(await asked).toEqual([{ type: 'abort' }, { type: 'abort' }]);
  expect(life.answer('a', { type: 'approved' })).toBe(false);
  expect(journal.filter((line) => line.type === 'step' && line.record.state === 'end')).toEqual([]);
  expect(await life.ask('late')).toEqual({ type: 'abort' });
});
