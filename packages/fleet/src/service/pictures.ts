// Pictures that users send are files in the thread's home: the engine keeps a short name for each, and the worker that has the turn
// reads the file when it hands the message to the model.
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CancelledError, TerminalError } from '@restatedev/restate-sdk';
import type { Op, UserInput } from 'keel/protocol';

/** A longer URL has the picture in it. */
const LONGEST_NAME = 2_048;
const NAME = /^keel-picture:([0-9a-f]{64})$/;

/** How often a picture is tried to be stored, in ms and attempts: whoever sent it waits, and so does its thread. */
const RETRIES = { maxRetryAttempts: 5, maxRetryDuration: 3_000, maxRetryInterval: 1_000 };

function isLong(url: string): boolean {
  return url.length > LONGEST_NAME;
}

/** The URLs of an op's pictures, in order. */
export function picturesOf(op: Op): readonly string[] {
  return itemsOf(op).flatMap((item) => (item.type === 'image' ? [item.url] : []));
}

/** The op with other URLs in the place of its own. */
export function withPictures(op: Op, urls: readonly string[]): Op {
  const left = [...urls];
  return withItems(op, (item) => (item.type === 'image' ? { ...item, url: left.shift() ?? item.url } : item));
}

/**
 * The URLs as the engine keeps them: names in the place of what is long, which is stored first.
 * @param run does work that is journaled, as `ctx.run` of the engine does
 * @throws TerminalError 409 when a picture can't be stored
 */
export async function keepPictures(
  home: string,
  urls: readonly string[],
  run: (work: () => Promise<string[]>, retries: typeof RETRIES) => PromiseLike<string[]>,
): Promise<string[]> {
  if (!urls.some(isLong)) return [...urls];
  try {
    return await run(() => storePictures(home, urls), RETRIES);
  } catch (error) {
    // Any other error is the engine's own.
    if (!(error instanceof TerminalError) || error instanceof CancelledError) throw error;
    throw new TerminalError('the picture can’t be stored', { errorCode: 409 });
  }
}

/** Puts what is long into files, each under its digest. @returns the URLs, with names in their place */
export function storePictures(home: string, urls: readonly string[]): Promise<string[]> {
  return Promise.all(urls.map((url) => (isLong(url) ? stored(home, url) : url)));
}

/** The op as a session takes it. In the place of a picture whose file is gone, or is not what it was, a text says so. */
export function loadPictures(home: string, op: Op): Op {
  return withItems(op, (item) => (item.type === 'image' ? loaded(home, item.url) : item));
}

async function stored(home: string, url: string): Promise<string> {
  const digest = digestOf(url);
  const path = pathOf(home, digest);
  const draft = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(url);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return `keel-picture:${digest}`;
}

function loaded(home: string, url: string): UserInput {
  const digest = NAME.exec(url)?.[1];
  if (digest === undefined) return { type: 'image', url };
  try {
    const text = readFileSync(pathOf(home, digest), 'utf8');
    if (digestOf(text) === digest) return { type: 'image', url: text };
  } catch {
    // Cleaned away, or a name that was made up.
  }
  return { type: 'text', text: '[A picture that was sent here can’t be read any more.]' };
}

function itemsOf(op: Op): readonly UserInput[] {
  return op.type === 'userInput' || op.type === 'userTurn' ? op.items : [];
}

function withItems(op: Op, change: (item: UserInput) => UserInput): Op {
  return op.type === 'userInput' || op.type === 'userTurn' ? { ...op, items: op.items.map(change) } : op;
}

function pathOf(home: string, digest: string): string {
  return join(home, 'fleet', 'pictures', digest);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
