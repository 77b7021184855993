import { describe, expect, test } from 'vitest';
import { budgetUsedUp, budgetWarning } from '../../../src/context/index.ts';
import { callCodec, eventsOfCall } from '../../../src/engine/turn/call-value.ts';
import { unrecordedNote } from '../../../src/engine/turn/unrecorded-note.ts';
import { commandResultJson, type OutputItem, type SessionEvent } from '../../../src/foundation/protocol/index.ts';

const MARK = 'keel:4b7e1c';
const warning: SessionEvent = { type: 'warning', turnId: 't', message: 'careful' };
const events = [warning];
const output = (text: string): OutputItem => ({ type: 'function_call_output', call_id: 'c', output: text });

describe('the journaled value of a call', () => {
  test.each([null, { type: 'usedUp' }, { type: 'warned', unit: 'tokens', warnings: 2 }] as const)(
    'is read as it was written, with what its output says of the budget: %j',
    (budget) => {
      const written: unknown = JSON.parse(JSON.stringify(callCodec.encode({ events, budget })));
      expect(callCodec.decode(written, callCodec.version)).toEqual({ events, budget });
      expect(eventsOfCall(written)).toEqual(events);
    },
  );

  test('has no note of the budget, known or unknown, in a record of version 1', () => {
    expect(callCodec.decode(events, 1)).toEqual({ events });
  });

  test('shows no events if a later version wrote it', () => {
    expect(eventsOfCall({ later: true })).toEqual([]);
  });
});

describe('an output of version 1', () => {
  const left = (share: number) => budgetWarning(MARK, { left: share * 1_000_000, total: 1_000_000, unit: 'tokens' });

  test.each([
    [`done\n${budgetUsedUp(MARK)}`, { type: 'usedUp' }],
    [`done\n${left(0.2)}`, { type: 'warned', unit: 'tokens', warnings: 1 }],
    [`done\n${left(0.09)}`, { type: 'warned', unit: 'tokens', warnings: 2 }],
    [
      commandResultJson({ output: `done\n${left(0.2)}`, exitCode: 0, durationSeconds: 1 }),
      { type: 'warned', unit: 'tokens', warnings: 1 },
    ],
    [`${left(0.2)}\ndone`, null],
    [left(0.2).replace(MARK, 'keel:000000'), null],
  ])('says by its last line what the model was warned of: %j', (text, note) => {
    expect(unrecordedNote(output(text), MARK)).toEqual(note);
  });
});
