import {
  areHalves,
  type Item,
  inputOf,
  isCall,
  isOutput,
  parsedLines,
  type RecordLine,
  ReferenceHistory,
  signatures,
  textOf,
} from './reference.ts';
import type { Course, Life, Submitted } from './world.ts';

/** What has to be true of every course of events. Each throws an Error that says what is not. */
export const laws: Readonly<Record<string, (course: Course) => void>> = {
  'I2 I3 M14: one turn at a time, each with one end, and nothing of it afterwards': ({ lives }) =>
    lives.forEach(turnsEndOnce),
  'I4 I13: nothing is recorded of a turn that has ended': ({ lines }) => recordedTurnsEndOnce(lines),
  'I10: the events of a turn match its record': (course) => eventsAreRecorded(course),
  'I7: each request says exactly what the record says': (course) => course.isExact && requestsAreTheRecord(course),
  'I8: each call of a request has its one output directly behind it': ({ lives }) => lives.forEach(requestsArePaired),
  'I11: each call of the record has exactly one output': ({ lines }) => recordIsPaired(lines),
  'P4: each request extends the one before byte for byte': (course) => requestsExtend(course),
  'W1: what the user says is recorded once and in order, or was dropped by a stop': (course) => saidOnce(course),
  'M23: what the model finished saying is kept, half of it never': (course) => wordsAreKept(course),
  'fleet 4: an effect happens at most once, and its output is true': (course) => effectsAreOnce(course),
  'L3: a command of the user is recorded, or was stopped': (course) => userCommandsAreRecorded(course),
  'I9: a question is answered, or its turn was stopped': ({ lives }) => lives.forEach(questionsAreAnswered),
  'I9: once all is at rest no call waits any more': ({ openCalls }) =>
    demand(openCalls.length === 0, () => `the ledger has no end of ${openCalls}`),
  'I14: a child asks nothing once its turn has ended': (course) => course.isExact && childrenAreSilent(course),
  'R15: nothing had to be repaired, and nothing crashed': ({ log }) => {
    demand(!/\n\s+at |dropped an output|answered a call/.test(log), () => `the log says: ${log.slice(0, 2_000)}`);
  },
};

function demand(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

function turnsEndOnce({ events, fate }: Life): void {
  let running: string | null = null;
  const ended = new Set<string>();
  const items = new Set<string>();
  for (const event of events) {
    const turnId = 'turnId' in event ? event.turnId : null;
    if (event.type === 'turn.started') {
      demand(running === null, () => `turn ${turnId} starts while ${running} runs`);
      demand(!ended.has(event.turnId), () => `turn ${turnId} starts a second time`);
      running = event.turnId;
    }
    demand(turnId === null || turnId === running, () => `${event.type} of turn ${turnId} while ${running} runs`);
    if (event.type === 'item.started') items.add(event.item.id);
    if (event.type === 'item.completed')
      demand(items.has(event.item.id), () => `item ${event.item.id} ends and never began`);
    if (event.type !== 'turn.completed') continue;
    ended.add(event.turnId);
    running = null;
  }
  demand(events[0]?.type === 'thread.started', () => `the first event is ${events[0]?.type}`);
  if (fate !== 'closed') return;
  demand(running === null, () => `turn ${running} has no end`);
  demand(events.at(-1)?.type === 'thread.closed', () => `the last event is ${events.at(-1)?.type}`);
}

const TURN_ENDS = ['task_complete', 'turn_aborted'];

function recordedTurnsEndOnce(lines: readonly string[]): void {
  let running: string | null = null;
  let hasItems = false;
  for (const [at, { type, payload, turn }] of parsedLines(lines)) {
    // A turn that died before anything of it was written down is over without a word.
    if (type === 'lease' && !hasItems) running = null;
    if (payload['type'] === 'task_started') {
      demand(running === null, () => `line ${at}: turn ${turn} starts while ${running} runs`);
      running = turn;
      hasItems = false;
    }
    if (type === 'response_item' && turn !== null) hasItems = true;
    demand(turn === null || turn === running, () => `line ${at}: ${type} of turn ${turn} while ${running} runs`);
    if (TURN_ENDS.includes(String(payload['type']))) running = null;
  }
  demand(running === null, () => `turn ${running} has no end in the record`);
}

/** The lines that were written in each life. */
function linesByLife({ lives, lines }: Course): { readonly life: Life; readonly lines: readonly RecordLine[] }[] {
  const parsed = [...parsedLines(lines)];
  return lives.map((life, at) => {
    const end = lives[at + 1]?.linesAtOpen ?? lines.length;
    return { life, lines: parsed.flatMap(([place, line]) => (place >= life.linesAtOpen && place < end ? [line] : [])) };
  });
}

function eventsAreRecorded(course: Course): void {
  for (const { life, lines } of linesByLife(course)) {
    const emitted = life.events.flatMap((event) =>
      event.type === 'turn.completed' ? [`${event.turnId} ${event.status} ${event.abortReason}`] : [],
    );
    const ends = lines.flatMap(({ payload, turn }) => {
      if (payload['type'] === 'turn_aborted') return [`${turn} interrupted ${payload['reason']}`];
      if (payload['type'] !== 'task_complete') return [];
      return [`${turn} ${payload['error'] ? 'failed' : 'completed'} null`];
    });
    // A turn that the life before left behind is ended as this one opens, before anybody listens.
    const begun = new Set(life.events.flatMap((event) => (event.type === 'turn.started' ? [event.turnId] : [])));
    const recorded = ends.filter((end) => begun.has(end.slice(0, end.indexOf(' '))));
    const shown = life.fate === 'killed' ? recorded.slice(0, emitted.length) : recorded;
    demand(emitted.join() === shown.join(), () => `emitted: ${emitted.join()}; recorded: ${ends.join()}`);
  }
}

function requestsAreTheRecord(course: Course): void {
  const history = new ReferenceHistory();
  for (const { life, lines } of linesByLife(course)) {
    const sent = life.sent.filter(({ threadId }) => threadId === course.threadId);
    let at = 0;
    let isAsking = false;
    for (const line of lines) {
      history.read(line);
      if (line.type === 'step' && /^(sampling|compact)$/.test(String(line.payload['kind']))) {
        isAsking = line.payload['state'] === 'begin';
      }
      // A request that is stopped has no end of its own.
      if (/^(task_started|task_complete|turn_aborted)$/.test(String(line.payload['type']))) isAsking = false;
      // A turn that made no request has such a line at its end as well.
      if (line.type !== 'turn_context' || !isAsking) continue;
      const request = sent[at];
      at += 1;
      if (!request) throw new Error(`request ${at} is in the record and was never made`);
      const asked = signatures(inputOf(request.body));
      let wanted = signatures(history.prompt());
      if (request.taskKind === 'compact' || isHandover(request.body)) {
        asked.pop(); // the question, which counts as the newest message of the user
        wanted = withoutOldest(
          wanted.filter((item) => !item.startsWith('["reasoning"')),
          asked.length,
        );
      }
      demand(asked.join('\n') === wanted.join('\n'), () => `request ${at} differs${firstDifference(asked, wanted)}`);
    }
    demand(at === sent.length, () => `${sent.length} requests were made, ${at} are in the record`);
  }
}

/** To make room the oldest items may have been left out, but for an earlier handover. */
function withoutOldest(items: readonly string[], count: number): string[] {
  let left = items.length - count;
  const hasOthers = items.some((item) => !item.includes('<keel_handover>'));
  return items.filter((item) => {
    const goes = left > 0 && !(hasOthers && item.includes('<keel_handover>'));
    if (goes) left -= 1;
    return !goes;
  });
}

function isHandover(body: string): boolean {
  return body.includes('"tool_choice":"none"');
}

function firstDifference(asked: readonly string[], wanted: readonly string[]): string {
  const at = wanted.findIndex((item, place) => item !== asked[place]);
  return ` at item ${at}:\n  asked:  ${asked[at]}\n  record: ${wanted[at]}\n  lengths ${asked.length} and ${wanted.length}`;
}

function requestsArePaired({ sent }: Life): void {
  for (const { body } of sent) {
    const input = inputOf(body);
    for (const [at, item] of input.entries()) {
      const [before, next] = [input[at - 1], input[at + 1]];
      if (isCall(item))
        demand(
          next !== undefined && isOutput(next) && areHalves(item, next),
          () => `no output behind ${JSON.stringify(item)}`,
        );
      if (isOutput(item))
        demand(
          before !== undefined && isCall(before) && areHalves(before, item),
          () => `alone: ${JSON.stringify(item)}`,
        );
    }
  }
}

function recordIsPaired(lines: readonly string[]): void {
  const open = new Map<string, number>();
  for (const [at, { type, payload }] of parsedLines(lines)) {
    if (type !== 'response_item' || !(isCall(payload) || isOutput(payload))) continue;
    const key = `${String(payload['type']).startsWith('custom')} ${payload['call_id']}`;
    const waiting = (open.get(key) ?? 0) + (isCall(payload) ? 1 : -1);
    demand(waiting >= 0, () => `line ${at}: one output too many for ${payload['call_id']}`);
    open.set(key, waiting);
  }
  for (const [key, waiting] of open) demand(waiting === 0, () => `${waiting} calls ${key} have no output`);
}

function requestsExtend(course: Course): void {
  let before: string[] = [];
  for (const { life } of linesByLife(course)) {
    for (const { threadId, body, taskKind } of life.sent) {
      if (threadId !== course.threadId || taskKind === 'compact' || isHandover(body)) continue;
      const input = inputOf(body);
      const now = input.map((item) => JSON.stringify(item));
      if (isCompacted(before, now)) {
        before = now;
        continue;
      }
      const lastUser = input.findLastIndex((item) => item['role'] === 'user');
      // Reasoning is dropped when the user sends more: everything else stays in its place.
      const kept = before.filter((item) => !item.startsWith('{"type":"reasoning"') || now.indexOf(item) > lastUser);
      const at = kept.findIndex((item, place) => item !== now[place]);
      demand(at === -1, () => `at item ${at}\n  earlier: ${kept[at]}\n  now:     ${now[at]}`);
      before = now;
    }
  }
}

/** A new handover replaces what was there before. */
function isCompacted(before: readonly string[], now: readonly string[]): boolean {
  const handover = (items: readonly string[]) => items.find((item) => item.includes('<keel_handover>'));
  return handover(before) !== handover(now);
}

/** Ops that stop a turn and with it what waits for it. */
function stops({ op }: Submitted): boolean {
  if (op.type === 'approval') return op.decision.type === 'abort';
  return op.type === 'interrupt' || op.type === 'undo' || op.type === 'review';
}

/** Whether what was handed over with this op may have been dropped. */
function isExcused(life: Life, submitted: Submitted): boolean {
  const later = life.submitted.slice(life.submitted.indexOf(submitted) + 1);
  return later.some(stops) || life.endedAtWork;
}

function saidOnce({ lives, lines }: Course): void {
  const recorded = [...parsedLines(lines).values()].flatMap(({ type, payload }) =>
    type === 'response_item' && payload['role'] === 'user' && textOf(payload).startsWith('said-')
      ? [textOf(payload)]
      : [],
  );
  for (const [at, text] of recorded.entries()) {
    demand(recorded.indexOf(text) === at, () => `${text} is recorded twice`);
    const number = (said: string) => Number.parseInt(said.slice(5), 10);
    const before = recorded[at - 1] ?? 'said-0.';
    demand(number(before) < number(text), () => `${text} is recorded after ${before}`);
  }
  for (const life of lives) {
    for (const submitted of life.submitted) {
      const { text } = submitted;
      if (text === null || recorded.includes(text)) continue;
      demand(isExcused(life, submitted), () => `${text} is lost`);
    }
  }
}

function wordsAreKept({ lives, lines }: Course): void {
  const recorded = [...parsedLines(lines).values()].flatMap(({ type, payload }) =>
    type === 'response_item' && payload['role'] === 'assistant' ? [textOf(payload)] : [],
  );
  demand(new Set(recorded).size === recorded.length, () => `a message is recorded twice: ${recorded.join(' ')}`);
  demand(!recorded.some((text) => text.startsWith('half-')), () => 'half a message is recorded');
  // What a reviewer says on its way is recorded as an item of the thread that asked for the review.
  const shown = [...parsedLines(lines).values()].flatMap(({ payload }) =>
    payload['type'] === 'item_completed' ? [payload] : [],
  );
  for (const { events } of lives) {
    for (const event of events) {
      if (event.type !== 'item.completed' || event.item.type !== 'agentMessage' || event.item.interrupted) continue;
      const { text } = event.item;
      const isKept =
        recorded.includes(text) || shown.some((payload) => JSON.stringify(payload).includes(JSON.stringify(text)));
      demand(isKept, () => `"${text}" was emitted and is not in the record`);
    }
  }
}

function effectsAreOnce({ lives, lines, effects }: Course): void {
  const isUndone = lives.some(({ submitted }) => submitted.some(({ op }) => op.type === 'undo'));
  const history = [...parsedLines(lines).values()].flatMap(({ type, payload }) =>
    type === 'response_item' ? [payload] : [],
  );
  const paired = new ReferenceHistory();
  for (const payload of history) paired.read({ type: 'response_item', payload, turn: null });
  for (const [at, call] of paired.items.entries()) {
    const effect = /effect-\d+\./.exec(String(call['arguments'] ?? call['input'] ?? ''))?.[0];
    if (!effect || !isCall(call)) continue;
    const count = effects.filter((line) => line === effect).length;
    const output = outputText(paired.items[at + 1]);
    demand(count <= 1, () => `${effect} happened ${count} times`);
    if (!isUndone && /"exit_code":0|Exit code: 0/.test(output))
      demand(count === 1, () => `${effect} is reported and did not happen`);
    if (/rejected by user|not run|verification failed/.test(output))
      demand(count === 0, () => `${effect} happened though: ${output}`);
  }
  for (const effect of effects.filter((line) => line.startsWith('effect'))) {
    const isKnown = paired.items.some((item) => isCall(item) && JSON.stringify(item).includes(effect));
    demand(isKnown, () => `${effect} happened and no call of it is in the record`);
  }
}

function outputText(item: Item | undefined): string {
  return item && isOutput(item) ? JSON.stringify(item['output']).replaceAll('\\', '') : '';
}

function userCommandsAreRecorded({ lives, lines }: Course): void {
  const count = [...parsedLines(lines).values()].filter(
    ({ type, payload }) => type === 'response_item' && textOf(payload).startsWith('<user_shell_command>'),
  ).length;
  const commands = lives.flatMap((life) =>
    life.submitted.flatMap((submitted) => (submitted.op.type === 'userShell' ? [isExcused(life, submitted)] : [])),
  );
  const certain = commands.filter((isDropped) => !isDropped).length;
  demand(count >= certain && count <= commands.length, () => `${count} of ${commands.length} commands are recorded`);
}

function questionsAreAnswered({ events }: Life): void {
  const open = new Set<string>();
  for (const event of events) {
    if (event.type === 'approval.requested') open.add(event.request.questionId);
    if (event.type === 'approval.resolved') open.delete(event.questionId);
    if (event.type !== 'turn.completed') continue;
    if (event.status === 'completed')
      demand(open.size === 0, () => `turn ${event.turnId} is complete and still asks about ${[...open]}`);
    open.clear();
  }
}

function childrenAreSilent({ lives, threadId }: Course): void {
  for (const { sent, events } of lives) {
    for (const request of sent) {
      if (request.threadId === threadId) continue;
      const seen = events.slice(0, request.eventsSeen);
      const last = seen.findLast(({ type }) => type === 'turn.started' || type === 'turn.completed');
      const isRunning = last === undefined || last.type === 'turn.started';
      demand(isRunning, () => 'a child made a request after its turn had ended');
    }
  }
}
