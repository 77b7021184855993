import { toBytes } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** What is read at once; a bigger file is read alone. */
const BATCH_BYTES = 32 * 1024 * 1024;
const BATCH_OBJECTS = 4_000;

interface Blob {
  readonly object: string;
  readonly bytes: number;
}

export type Batches =
  | { readonly type: 'complete'; readonly batches: readonly (readonly Blob[])[] }
  | { readonly type: 'missing'; readonly count: number };

/** Whether all of these can be read, and in which portions. Objects keep their order. @throws GitFailure */
export async function findBlobs(store: SnapshotStore, objects: readonly string[]): Promise<Batches> {
  const unique = [...new Set(objects)];
  if (unique.length === 0) return { type: 'complete', batches: [] };
  const output = await store.git(['cat-file', '--batch-check'], { input: lines(unique) });
  const answers = output.toString('latin1').trimEnd().split('\n');
  const blobs = answers.flatMap((answer): Blob[] => {
    const [object = '', type, size] = answer.split(' ');
    return type === 'blob' ? [{ object, bytes: Number(size) }] : [];
  });
  const count = unique.length - blobs.length;
  return count > 0 ? { type: 'missing', count } : { type: 'complete', batches: portions(blobs) };
}

/** The contents of one batch. @throws GitFailure */
export async function readBlobs(store: SnapshotStore, batch: readonly Blob[]): Promise<ReadonlyMap<string, Buffer>> {
  const total = batch.reduce((sum, { bytes }) => sum + bytes, 0);
  const output = await store.git(['cat-file', '--batch'], {
    input: lines(batch.map(({ object }) => object)),
    maxOutputBytes: total + batch.length * 256,
  });
  const contents = new Map<string, Buffer>();
  let at = 0;
  for (const { object, bytes } of batch) {
    const start = output.indexOf('\n', at) + 1;
    if (output.toString('latin1', at, start) !== `${object} blob ${bytes}\n`) {
      throw new GitFailure(`the kept content ${object} can't be read`);
    }
    contents.set(object, output.subarray(start, start + bytes));
    at = start + bytes + 1;
  }
  return contents;
}

function portions(blobs: readonly Blob[]): Blob[][] {
  const batches: Blob[][] = [];
  let last: Blob[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    if (last.length === 0 || bytes + blob.bytes > BATCH_BYTES || last.length >= BATCH_OBJECTS) {
      last = [];
      bytes = 0;
      batches.push(last);
    }
    last.push(blob);
    bytes += blob.bytes;
  }
  return batches;
}

function lines(objects: readonly string[]): Buffer {
  return toBytes(objects.map((object) => `${object}\n`).join(''));
}
