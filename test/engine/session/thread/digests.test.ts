import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RequestFingerprint } from '../../../../src/foundation/protocol/index.ts';
import { type DigestKind, hexDigest } from '../../../../src/foundation/util/index.ts';
import { message, respond, usage } from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { server, open, reopen } = liveSession();
const answer = (text: string) => respond(message(text), usage({ input: 10, output: 1 }));

interface RecordedLine {
  readonly type: string;
  readonly payload: { readonly digests?: string; readonly asks?: RequestFingerprint };
}

function linesIn(path: string): RecordedLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function lastAsked(path: string): RequestFingerprint | undefined {
  return linesIn(path).findLast(({ payload }) => payload.asks !== undefined)?.payload.asks;
}

/** What the digest of the instructions of a request has to be, by either hash. */
function digestOfInstructions(index: number, kind: DigestKind): string {
  const instructions = String(server.requests[index]?.body['instructions']);
  return `${hexDigest(kind, instructions)}:${Buffer.byteLength(instructions)}`;
}

/** The thread as a version recorded it that knew SHA-256 alone. */
function asRecordedBefore(path: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(',"digests":"cyrb53"', ''));
}

test('the record of a thread says by which hash its requests are compared', async () => {
  const live = await open([answer('a1')]);
  await live.say('one');
  const path = live.session.rolloutPath ?? '';
  expect(linesIn(path)[0]).toMatchObject({ type: 'session_meta', payload: { digests: 'cyrb53' } });
  expect(lastAsked(path)?.instructions).toBe(digestOfInstructions(0, 'cyrb53'));
});

test('a thread whose record does not say it is continued with SHA-256, and so are its forks', async () => {
  const first = await open([answer('a1'), answer('a2'), answer('a3')]);
  await first.say('one');
  const { threadId: id, rolloutPath } = first.session;
  await first[Symbol.asyncDispose]();
  asRecordedBefore(rolloutPath ?? '');

  const second = await reopen({ options: { origin: { type: 'resume', id } } });
  await second.say('two');
  expect(lastAsked(rolloutPath ?? '')?.instructions).toBe(digestOfInstructions(1, 'sha256'));
  await second[Symbol.asyncDispose]();

  const fork = await reopen({ options: { origin: { type: 'fork', id, userMessages: null } } });
  await fork.say('three');
  const forked = fork.session.rolloutPath ?? '';
  expect(linesIn(forked)[0]?.payload.digests).toBe(undefined);
  // It extends the last request of the thread that it was copied from.
  expect(lastAsked(forked)).toMatchObject({ instructions: digestOfInstructions(2, 'sha256'), cut: 0 });
  expect(lastAsked(forked)?.kept).toBeGreaterThan(3);
});
