import { createServer, type Server, type ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { HttpTransport, ResponseSocket } from '../../../../src/models/client/index.ts';
import { ModelError } from '../../../../src/models/failures/index.ts';
import { promptOf } from '../../support.ts';
import { type Answer, answerOf, NOISE, parts, sketch } from './streams.ts';
import { clientFor, SPEAKERS } from './support.ts';

/** Every API and row of quirks over HTTP, and the one API that has WebSockets over one. */
const WAYS = [
  ...SPEAKERS.map((speaker) => ({ speaker, isSocket: false })),
  ...SPEAKERS.slice(0, 1).map((speaker) => ({ speaker, isSocket: true })),
];
type Way = (typeof WAYS)[number];
const way = fc.constantFrom(...WAYS);
/** A client that hangs is not shrunk for minutes. */
const runs = {
  numRuns: Number(process.env['KEEL_RUNS'] ?? 40),
  ...{ interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true },
};
/** Far longer than any of these answers takes, and shorter than a client's patience with a silent server. */
const HANG_MS = 20_000;

/** What the server sends next: bytes, or the frames of a WebSocket. Then it ends the answer. */
let next: readonly (Buffer | string)[] = [];
let wasOverSocket = false;
let server: Server;
let sockets: WebSocketServer;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => play(response));
  });
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', () => playFrames(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
});

/** Chunks of the encoding keep their borders in what the client's parser emits. */
function play(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const chunk of next) response.write(chunk);
  response.end();
}

function playFrames(socket: WebSocket): void {
  wasOverSocket = true;
  for (const chunk of next) socket.send(chunk, { binary: typeof chunk !== 'string' });
  // Now with the last frame, now when the client waits for another one.
  setTimeout(() => socket.close(), next.length % 2 === 0 ? 0 : 10);
}

interface Outcome {
  readonly items: readonly ResponseItem[];
  readonly isComplete: boolean;
  readonly error: unknown;
}

/** What a client makes of these chunks. @throws where it hangs */
async function outcomeOf({ speaker, isSocket }: Way, chunks: readonly (Buffer | string)[]): Promise<Outcome> {
  next = chunks;
  wasOverSocket = false;
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`;
  const transport = new HttpTransport({ env: {} });
  const client = clientFor(speaker, baseUrl, undefined, {
    transport,
    socket: isSocket ? new ResponseSocket(transport) : null,
  });
  const hang = new AbortController();
  const timer = setTimeout(() => hang.abort(), HANG_MS);
  const items: ResponseItem[] = [];
  let isComplete = false;
  let error: unknown = null;
  try {
    for await (const events of client.stream(promptOf(), { taskKind: 'regular', signal: hang.signal })) {
      for (const event of events) {
        if (event.type === 'itemDone') items.push(event.item);
        if (event.type === 'completed') isComplete = true;
      }
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    clearTimeout(timer);
    client.close();
  }
  if (hang.signal.aborted) throw new Error('the client waits for an answer that is over');
  expect(wasOverSocket).toBe(isSocket);
  return { items, isComplete, error };
}

/** Whatever comes, an answer is complete or fails as one that the turn can handle, and what it has brought can be recorded. */
function expectSound({ items, isComplete, error }: Outcome): void {
  expect(isComplete).toBe(error === null);
  for (const item of items) expect(ResponseItem.safeParse(item).error).toBeUndefined();
  if (error === null) return;
  expect(error).toBeInstanceOf(ModelError);
  // The client words any throw as a lost stream: a fault of the decoder shows in its cause.
  const { cause } = error instanceof Error ? error : {};
  for (const fault of [TypeError, RangeError, ReferenceError]) expect(cause).not.toBeInstanceOf(fault);
}

const chunksOf = ({ isSocket }: Way, frames: readonly string[]): (Buffer | string)[] =>
  isSocket ? [...frames] : frames.map((data) => `data: ${data}\n\n`);

/** Bytes in pieces that end anywhere, also within a character. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

const places = fc.array(fc.nat(), { maxLength: 12 });

describe('whatever a server sends, by every API, every row of quirks, and a WebSocket', () => {
  test('a sound answer is read whole, wherever its chunks end', async () => {
    await fc.assert(
      fc.asyncProperty(way, parts, places, fc.constantFrom('\n', '\r\n', '\r'), async (one, all, cuts, lineEnd) => {
        const chunks = chunksOf(one, answerOf(one.speaker.api, all).frames);
        const text = chunks.join('').replaceAll('\n', lineEnd);
        const outcome = await outcomeOf(one, one.isSocket ? chunks : cutAt(Buffer.from(text), cuts));
        expect(outcome.error).toBeNull();
        expect(outcome.items.map(sketch)).toEqual(all.map(sketch));
      }),
      runs,
    );
  }, 120_000);

  test('events that mean nothing, comments, stray lines and bytes that are no text change nothing', async () => {
    const noise = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(way, parts, noise, async (one, all, inserts) => {
        const { frames } = answerOf(one.speaker.api, all);
        const data = chunksOf(one, NOISE[one.speaker.api]);
        const known = one.isSocket ? data : [...data, ...STRAY];
        const chunks: (Buffer | string)[] = chunksOf(one, frames);
        // Behind the first event, which says what the answer is, and before the last.
        for (const [where, what] of inserts) {
          chunks.splice(1 + (where % (chunks.length - 1)), 0, known[what % known.length] ?? '');
        }
        const outcome = await outcomeOf(one, chunks);
        expect(outcome.error).toBeNull();
        expect(outcome.items.map(sketch)).toEqual(all.map(sketch));
      }),
      runs,
    );
  }, 120_000);

  test('an answer that breaks off has every item that was complete, and fails', async () => {
    await fc.assert(
      fc.asyncProperty(way, parts, fc.nat(), fc.nat(), async (one, all, cut, within) => {
        const { frames, closedBy }: Answer = answerOf(one.speaker.api, all);
        const whole = 1 + (cut % (frames.length - 1));
        const chunks = chunksOf(one, frames);
        const part = String(chunks[whole] ?? '');
        const rest = one.isSocket ? [] : [part.slice(0, within % Math.max(1, part.length - 2))];
        const outcome = await outcomeOf(one, [...chunks.slice(0, whole), ...rest]);
        expectSound(outcome);
        const words = all.map(sketch);
        const got = outcome.items.map(sketch);
        expect(got).toEqual(words.slice(0, got.length));
        expect(got.length).toBeGreaterThanOrEqual(closedBy.filter((frame) => frame < whole).length);
        if (outcome.error === null) expect(got).toEqual(words);
      }),
      runs,
    );
  }, 120_000);

  test('damaged bytes, cut anywhere, cost what they touch and nothing that was complete before them', async () => {
    await fc.assert(
      fc.asyncProperty(
        way,
        parts,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        places,
        async (one, all, at, junk, cuts) => {
          const { frames, closedBy } = answerOf(one.speaker.api, all);
          const chunks = chunksOf(one, frames).map((chunk) => Buffer.from(chunk));
          const damaged = 1 + (at % (chunks.length - 1));
          const hit = chunks[damaged] ?? Buffer.alloc(0);
          const place = at % hit.length;
          const broken = Buffer.concat([hit.subarray(0, place), junk, hit.subarray(place + ((junk[0] ?? 0) % 9))]);
          const sent = chunks.with(damaged, broken);
          const outcome = await outcomeOf(one, one.isSocket ? sent.map(String) : cutAt(Buffer.concat(sent), cuts));
          expectSound(outcome);
          const before = closedBy.filter((frame) => frame < damaged).length;
          expect(outcome.items.map(sketch).slice(0, before)).toEqual(all.map(sketch).slice(0, before));
        },
      ),
      runs,
    );
  }, 120_000);

  test('values of the wrong kind anywhere in an event cost nothing that was complete before it', async () => {
    const value = fc.oneof(fc.constantFrom(null, -1, 1e99, '', 'x', true, [], {}, [null], { type: 7 }), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(way, parts, fc.nat(), fc.nat(), value, async (one, all, at, inside, wrong) => {
        const { frames, closedBy } = answerOf(one.speaker.api, all);
        const damaged = at % frames.length;
        const event = JSON.parse(frames[damaged] === '[DONE]' ? '{}' : (frames[damaged] ?? '{}'));
        const sent = frames.with(damaged, JSON.stringify(withOther(event, inside, wrong)));
        const outcome = await outcomeOf(one, chunksOf(one, sent));
        expectSound(outcome);
        const before = closedBy.filter((frame) => frame < damaged).length;
        expect(outcome.items.map(sketch).slice(0, before)).toEqual(all.map(sketch).slice(0, before));
      }),
      runs,
    );
  }, 120_000);

  test('a WebSocket that sends bytes, or closes in the middle, keeps what was complete and fails as a lost stream', async () => {
    const [, , , , , one] = WAYS;
    if (one === undefined) throw new Error('no WebSocket');
    const { frames } = answerOf('responses', [{ type: 'text', pieces: ['said'] }]);
    for (const rest of [[Buffer.from('bytes')], []]) {
      const outcome = await outcomeOf(one, [...frames.slice(0, -1), ...rest]);
      expect(outcome.items.map(sketch)).toEqual(['text said']);
      expect(outcome.error).toMatchObject({ kind: 'responseStreamDisconnected', retryable: true });
    }
  });
});

/** Lines of a stream that are no data, with bytes that no text has. */
const STRAY: readonly (Buffer | string)[] = [
  ': comment\n\n',
  'nonsense\n\n',
  'retry: 5\nid: \0\n\n',
  'event: ping\ndata: {"type":"ping"}\n\n',
  Buffer.from([0x3a, 0xff, 0xfe, 0xc3, 0x0a, 0x0a]),
  Buffer.from([...Buffer.from('data: '), 0xf0, 0x9f, 0x0a, 0x0a]),
];

/** The value with another one at a place within it. */
function withOther(value: unknown, place: number, other: unknown): unknown {
  if (typeof value !== 'object' || value === null) return other;
  const names = Object.keys(value);
  const name = names[place % (names.length + 1)];
  if (name === undefined) return other;
  const inner = withOther(Reflect.get(value, name), Math.floor(place / (names.length + 1)), other);
  return Array.isArray(value) ? value.with(Number(name), inner) : { ...value, [name]: inner };
}
