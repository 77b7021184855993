import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ModelServer, startModelServer } from './model-server.ts';
import { conversation, type Entry, entriesOf, wholeRequest } from './readable-request.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { writtenAnswer } from './written-answer.ts';

/** How often a missing answer is looked for, milliseconds. An answer counts once two looks in a row see the same text. */
const LOOK_MS = 100;

export interface FileModelOptions {
  /** A port of 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Called when a request waits for its answer, with the paths of both files. */
  readonly onRequest?: (request: string, answer: string) => void;
}

/**
 * A model whose answers are files, so that a person, or another model, can sit in its chair. Each request is written to
 * `001-request.md`, `002-request.md` and so on, in readable form and without what an earlier request had; the answer is read
 * from `001-answer.md` and so on as soon as it is there. Answers may also be there before.
 *
 * An answer is text, then calls: a line `=== exec_command` with the arguments below, as JSON, or as plain text for a tool that
 * takes or requires one text alone.
 * @param directory is made if it is missing
 */
export async function startFileModel(directory: string, options: FileModelOptions = {}): Promise<ModelServer> {
  const { port, onRequest = () => undefined } = options;
  await mkdir(directory, { recursive: true });
  const seen: Seen[] = [];
  return startModelServer(
    async (request, index) => {
      const number = String(index + 1).padStart(3, '0');
      const [asked, answer] = [join(directory, `${number}-request.md`), join(directory, `${number}-answer.md`)];
      await writeFile(asked, `# Request ${index + 1}\n\n${newIn(request, seen)}`);
      seen.push({ number: index + 1, request, entries: entriesOf(request) });
      onRequest(asked, answer);
      return writtenAnswer(await settledText(answer, request), request);
    },
    port === undefined ? {} : { port },
  );
}

interface Seen {
  readonly number: number;
  readonly request: RecordedRequest;
  readonly entries: readonly Entry[];
}

/** What a request has that the one which it continues had not; all of it if it continues none. */
function newIn(request: RecordedRequest, seen: readonly Seen[]): string {
  const entries = entriesOf(request);
  const shared = (one: Seen) => one.entries.filter((entry, at) => isSame(entry, entries[at])).length;
  const before = seen.findLast((one) => one.entries.length > 0 && shared(one) === one.entries.length);
  const isSameOffer =
    before?.request.instructions === request.instructions &&
    JSON.stringify(before.request.tools) === JSON.stringify(request.tools);
  if (before === undefined || !isSameOffer) return wholeRequest(request);
  const added = entries.slice(before.entries.length).filter(({ isOwn }) => !isOwn);
  return `It continues request ${before.number}. New in it:\n\n${conversation(added)}`;
}

function isSame(one: Entry, other: Entry | undefined): boolean {
  return one.title === other?.title && one.text === other.text;
}

/** The text of a file, once it is there and nobody writes to it any more. @throws Error if the client leaves before that */
async function settledText(path: string, request: RecordedRequest): Promise<string> {
  const left = new AbortController();
  void request.closed.then(() => left.abort(new Error(`nobody waits for ${path} any more`)));
  let before = '';
  for (;;) {
    const now = await readFile(path, 'utf8').catch(() => '');
    if (now !== '' && now === before) return now;
    before = now;
    await delay(LOOK_MS, undefined, { signal: left.signal });
  }
}
