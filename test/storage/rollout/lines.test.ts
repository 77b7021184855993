import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RolloutItem } from '../../../src/foundation/protocol/index.ts';
import {
  archivedDir,
  forkLines,
  isCopied,
  parseLine,
  parseRolloutName,
  placeInSessions,
  readRollout,
  recordedSubmissions,
  rolloutLines,
  rolloutPath,
  sessionsDir,
  TurnMarks,
  textLines,
  threadIdOf,
} from '../../../src/storage/rollout/index.ts';
import { byteLines } from '../../../src/storage/threads/byte-lines.ts';
import { freshDirectory } from '../../support/fresh-places.ts';
import { event, fileText, item, message, meta, step, THREAD } from './lines.ts';

const dir = freshDirectory();
const file = (text: string | Buffer) => {
  const path = join(dir.path, 'file');
  writeFileSync(path, text);
  return path;
};

describe('the lines of a file', () => {
  const piece = fc.constantFrom('a', 'text ', '漢', '😀', 'é', '\r', '{"x":1}', '\n', '\n\n');
  const wantedOf = (text: string) => {
    const lines = text.split('\n');
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  };
  const withOpen = <T>(text: string, read: (fd: number) => T): T => {
    const fd = openSync(file(text), 'r');
    try {
      return read(fd);
    } finally {
      closeSync(fd);
    }
  };

  test('are the same however few bytes are read at a time, characters in two of them too', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (pieces, chunkBytes) => {
        const text = pieces.join('');
        expect(withOpen(text, (fd) => [...textLines(fd, { chunkBytes })])).toEqual(wantedOf(text));
      }),
      { numRuns: 60 },
    );
  });

  test('as bytes are cut at their limit, each for itself', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 12 }), (pieces, maxBytes) => {
        const text = pieces.join('');
        const lines = withOpen(text, (fd) =>
          Array.from(byteLines(fd, { maxBytes }), (line) => line.toString('latin1')),
        );
        expect(lines).toEqual(wantedOf(text).map((line) => Buffer.from(line).subarray(0, maxBytes).toString('latin1')));
      }),
      { numRuns: 60 },
    );
  });

  test('as bytes are whole also where they are longer than what is read at once', () => {
    const long = 'x'.repeat(600 * 1024);
    const lines = withOpen(`${long}\nshort\n${long}`, (fd) =>
      Array.from(byteLines(fd, { maxBytes: 700 * 1024 }), (line) => line.toString()),
    );
    expect(lines.map(({ length }) => length)).toEqual([long.length, 5, long.length]);
    expect(lines[1]).toBe('short');
  });
});

describe('one line of a rollout', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['the start of one', '{"type":"response_item","payload":{"type":"mess'],
    ['a text', '"response_item"'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['an object without a type', '{"payload":{}}'],
    ['one whose type is no text', '{"type":3,"payload":{}}'],
    ['one that is nested too deep', `{"type":"event_msg","payload":${'['.repeat(600)}${']'.repeat(600)}}`],
    ['bytes', '\u0000\uFFFD'],
  ])('is broken: %s', (_, text) => {
    expect(parseLine(text)).toEqual({ type: 'broken' });
  });

  test.each([
    ['of a kind that is not known', '{"type":"world_state","payload":{}}', 'world_state'],
    ['of a known kind with another shape', '{"type":"lease","payload":{"owner":1}}', 'lease'],
    ['of an item that is not known', '{"type":"response_item","payload":{"type":"new_call"}}', 'response_item'],
    ['named like a part of every object', '{"type":"constructor","payload":{}}', 'constructor'],
  ])('is kept apart as unknown: %s', (_, text, kind) => {
    expect(parseLine(text)).toEqual({ type: 'unknown', kind });
  });

  test('of a start says which thread it is, whatever the rest of it looks like', () => {
    const payload = { id: THREAD, timestamp: 't', cwd: '/', source: { later: 1 }, git: 'main' };
    expect(parseLine(JSON.stringify({ type: 'session_meta', payload }))).toMatchObject({
      type: 'ok',
      item: { type: 'session_meta', payload: { id: THREAD } },
    });
    expect(parseLine('{"type":"session_meta","payload":{"id":3}}')).toEqual({ type: 'unknown', kind: 'session_meta' });
    expect(parseLine('{"type":"session_meta","payload":null}')).toEqual({ type: 'unknown', kind: 'session_meta' });
  });
});

describe('a rollout that is read line by line', () => {
  test('gives the same lines as one that is read whole, with the time of each', () => {
    const lines = [
      meta(),
      item(message('user', 'größe 😀')),
      event('task_complete'),
      step('t', 's', 'end', { value: 1 }),
    ];
    const path = file(`${fileText(lines)}{"broken\n\n{"type":"later"}\n`);
    const read = [...rolloutLines(path)];
    expect(read.flatMap((each) => (each.type === 'line' ? [each.line] : []))).toEqual([...readRollout(path).lines]);
    expect(read.map((each) => (each.type === 'line' ? each.timestamp : null))).toEqual([
      ...lines.map(() => '2026-01-02T03:04:05.000Z'),
      null,
      null,
    ]);
  });

  test('has no time where a line does not begin with one', () => {
    const path = file(`${JSON.stringify({ type: 'event_msg', payload: { type: 'x' } })}\n`);
    expect([...rolloutLines(path)]).toMatchObject([{ type: 'line', timestamp: null }]);
  });

  test.each(['missing', 'a directory'])('is an error where it can\u2019t be read: %s', (what) => {
    const path = join(dir.path, 'none');
    if (what === 'a directory') mkdirSync(path);
    expect(() => [...rolloutLines(path)]).toThrow(`${path} can't be read`);
  });
});

describe('the name of a rollout', () => {
  const id = '0199a213-81c0-7800-8aa1-bbab2a035a53';
  test.each<[string, string | null]>([
    [`rollout-2026-01-02T03-04-05-${id}.jsonl`, id],
    [`rollout-2026-01-02T03-04-05-${id.toUpperCase()}.jsonl`, id],
    [`rollout-2026-01-02T03-04-05-${id}.jsonl.zst`, null],
    [`rollout-2026-01-02-${id}.jsonl`, null],
    [`rollout-2026-01-02T03:04:05-${id}.jsonl`, null],
    [`rollout-2026-01-02T03-04-05-${id.slice(1)}.jsonl`, null],
    [`x-rollout-2026-01-02T03-04-05-${id}.jsonl`, null],
    ['.jsonl', null],
    ['', null],
  ])('%s names %s', (name, threadId) => {
    expect(parseRolloutName(name)?.threadId ?? null).toBe(threadId);
    expect(threadIdOf(`/any/place/${name}`)).toBe(threadId);
    const place = threadId === null ? null : join('/home', 'sessions/2026/01/02', name);
    expect(placeInSessions('/home', name)).toBe(place);
  });

  test('is made from the time and the id, and says both', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
        fc.uuid(),
        (date, uuid) => {
          const path = rolloutPath('/home', uuid, date.getTime());
          const name = path.slice(path.lastIndexOf('/') + 1);
          expect(threadIdOf(path)).toBe(uuid);
          expect(placeInSessions('/home', name)).toBe(path);
          expect(path.startsWith(`${sessionsDir('/home')}/`)).toBe(true);
          expect(path.startsWith(archivedDir('/home'))).toBe(false);
        },
      ),
    );
  });

  test('of a later thread sorts behind', () => {
    const names = [0, 1_000, 59_000, 3_600_000, 90_000_000].map((ms) => rolloutPath('/h', id, 1_767_000_000_000 + ms));
    expect([...names].sort()).toEqual(names);
  });
});

describe('what a fork copies', () => {
  const isSaid = (payload: Extract<RolloutItem, { type: 'response_item' }>['payload']) =>
    payload.type === 'message' && payload.role === 'user';
  const turn = (name: string): RolloutItem[] => [
    event('task_started', { turn_id: name }),
    item(message('user', name)),
    item(message('assistant', `re ${name}`)),
    event('task_complete', { turn_id: name }),
  ];
  const lines = [meta(), { type: 'lease', payload: { owner: 'o', pid: 1 } } as const, ...turn('a'), ...turn('b')];
  const said = (kept: number, of: readonly RolloutItem[] = lines) =>
    forkLines(of, kept, isSaid)?.flatMap((line) =>
      line.type === 'response_item' && isSaid(line.payload) && 'content' in line.payload ? [line.payload] : [],
    ).length ?? null;

  test.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, null],
  ])('after %i messages has %s', (kept, count) => {
    expect(said(kept)).toBe(count);
  });

  test('ends before the turn of the next message, not in it', () => {
    expect(forkLines(lines, 1, isSaid)).toEqual(turn('a'));
    expect(forkLines(lines, 0, isSaid)).toEqual([]);
  });

  test('ends right before a message that is in no turn', () => {
    const bare = [item(message('user', 'a')), item(message('assistant', 're')), item(message('user', 'b'))];
    expect(forkLines(bare, 1, isSaid)).toEqual(bare.slice(0, 2));
  });

  test('goes behind a turn that was stopped', () => {
    const stopped = [
      event('task_started'),
      item(message('user', 'a')),
      event('turn_aborted'),
      item(message('user', 'b')),
    ];
    expect(forkLines(stopped, 1, isSaid)).toEqual(stopped.slice(0, 3));
  });

  test('has no identity, owner, subagents or rollbacks of the thread it comes from', () => {
    const agent = event('agent_status');
    for (const line of [
      meta(),
      { type: 'lease', payload: { owner: 'o', pid: null } } as const,
      agent,
      event('thread_rolled_back', { num_turns: 1 }),
    ]) {
      expect(isCopied(line)).toBe(false);
    }
    for (const line of [...turn('a'), event('token_count'), step('t', 's', 'begin')]) expect(isCopied(line)).toBe(true);
  });
});

describe('where turns start and end', () => {
  const marksOf = (lines: readonly RolloutItem[]) => {
    const marks = new TurnMarks();
    for (const [at, line] of lines.entries()) marks.read(line, at);
    return marks;
  };
  const user = item(message('user', 'a'));

  test.each<[string, RolloutItem[], object[]]>([
    ['nothing', [], []],
    [
      'a turn that is marked',
      [event('task_started', { turn_id: 'x' }), event('user_message', { message: 'a' }), event('task_complete')],
      [{ id: 'x', start: 0, marked: true, isOpen: false, isOfUser: true }],
    ],
    [
      'one of keel\u2019s own',
      [event('task_started', { turn_id: 'x' }), event('task_complete')],
      [{ id: 'x', start: 0, marked: true, isOpen: false, isOfUser: false }],
    ],
    ['one that is still open', [event('task_started', { turn_id: 'x' })], [{ id: 'x', isOpen: true }]],
    ['one without an id', [event('task_started')], [{ id: 'turn-0' }]],
    ['one that was stopped', [event('task_started', { turn_id: 'x' }), event('turn_aborted')], [{ isOpen: false }]],
    [
      'messages without marks',
      [user, event('user_message', { message: 'a' }), user, event('user_message', { message: 'b' })],
      [
        { id: 'turn-0', start: 0, marked: false, isOfUser: true },
        { id: 'turn-1', start: 2, marked: false },
      ],
    ],
    ['a message whose event comes alone', [event('user_message', { message: 'a' })], [{ start: 0, marked: false }]],
    [
      'a second message in a marked turn',
      [
        event('task_started', { turn_id: 'x' }),
        event('user_message', { message: 'a' }),
        event('user_message', { message: 'b' }),
      ],
      [{ id: 'x', isOfUser: true }],
    ],
    ['an end without a start', [event('task_complete')], []],
  ])('%s', (_, lines, turns) => {
    expect(marksOf(lines).turns).toMatchObject(turns);
    expect(marksOf(lines).turns).toHaveLength(turns.length);
  });

  test('only a marked turn without an end is open', () => {
    expect(marksOf([event('task_started', { turn_id: 'x' })]).open?.id).toBe('x');
    expect(marksOf([event('task_started', { turn_id: 'x' }), event('task_complete')]).open).toBeNull();
    expect(marksOf([user, event('user_message', { message: 'a' })]).open).toBeNull();
    expect(marksOf([]).open).toBeNull();
  });

  test('turns that are taken back are those of a user, with what followed the first of them', () => {
    const own = [event('task_started', { turn_id: 'own' }), event('task_complete')];
    const asked = (id: string) => [
      event('task_started', { turn_id: id }),
      event('user_message', { message: id }),
      event('task_complete'),
    ];
    const marks = marksOf([...asked('a'), ...asked('b'), ...own, ...asked('c'), ...own]);
    expect(marks.dropTurns(0)).toBeNull();
    expect(marks.dropTurns(1)).toBe(8);
    expect(marks.turns.map(({ id }) => id)).toEqual(['a', 'b', 'own']);
    expect(marks.dropTurns(9)).toBe(0);
    expect(marks.turns).toEqual([]);
    expect(marks.dropTurns(1)).toBeNull();
  });
});

describe('submissions of a thread', () => {
  test('are those whose input was taken, and those whose turn has ended', () => {
    const path = file(
      fileText([
        meta(),
        step('t1', 'in', 'begin', { kind: 'input' }),
        step('t1', 'in', 'end', { kind: 'input', value: ['a', 'b'] }),
        event('task_complete', { turn_id: 'a' }),
        step('t2', 'in', 'end', { kind: 'input', value: { ids: ['c'], dropped: ['d'] } }),
        event('turn_aborted', { turn_id: 'c' }),
        step('t3', 'in', 'end', { kind: 'input', value: 'damaged' }),
        step('t3', 'x', 'end', { kind: 'tool', value: ['e'] }),
        event('task_complete'),
        event('task_started', { turn_id: 'f' }),
      ]),
    );
    const { taken, ended } = recordedSubmissions(path);
    expect([...taken]).toEqual(['a', 'b', 'c']);
    expect([...ended]).toEqual(['a', 'c']);
  });

  test('of a file that is no rollout are an error', () => {
    expect(() => recordedSubmissions(file(''))).toThrow('is empty');
  });
});
