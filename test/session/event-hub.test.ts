import { expect, test } from 'vitest';
import type { SessionEvent } from '../../src/protocol/index.ts';
import { EventHub } from '../../src/session/event-hub.ts';

const started: SessionEvent = {
  type: 'thread.started',
  threadId: 't',
  model: 'm',
  effort: null,
  cwd: '/',
  rolloutPath: null,
  turns: [],
};
const warning = (message: string): SessionEvent => ({ type: 'warning', turnId: null, message });

async function all(events: AsyncIterable<SessionEvent>): Promise<SessionEvent[]> {
  const got: SessionEvent[] = [];
  for await (const event of events) got.push(event);
  return got;
}

test('what is warned of before anybody reads is told to each reader; what comes later, to those that read then', async () => {
  const hub = new EventHub();
  hub.emit(started);
  hub.emit(warning('early'));
  const first = hub.subscribe();
  hub.emit(warning('late'));
  const second = hub.subscribe();
  hub.close();
  expect(await all(first)).toEqual([started, warning('early'), warning('late')]);
  expect(await all(second)).toEqual([started, warning('early')]);
});
