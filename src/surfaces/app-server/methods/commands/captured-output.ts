import type { Client } from '../method.ts';

export type OutputStream = 'stdout' | 'stderr';

export interface CaptureOptions {
  readonly client: Client;
  /** Null: it is kept for the result. */
  readonly streamedAs: string | null;
  /** Of each stream, bytes; null: no limit. */
  readonly cap: number | null;
}

interface Captured {
  bytes: number;
  isFull: boolean;
  readonly chunks: Buffer[];
}

/** The output of a command: sent as it comes or kept, each stream up to its limit. What is beyond it is read and dropped. */
export class CapturedOutput {
  readonly #options: CaptureOptions;
  readonly #streams: Readonly<Record<OutputStream, Captured>> = {
    stdout: { bytes: 0, isFull: false, chunks: [] },
    stderr: { bytes: 0, isFull: false, chunks: [] },
  };

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  take(chunk: Buffer, stream: OutputStream): void {
    const { client, streamedAs: processId, cap } = this.#options;
    const captured = this.#streams[stream];
    if (captured.isFull) return;
    const kept = cap === null ? chunk : chunk.subarray(0, cap - captured.bytes);
    const capReached = kept.length < chunk.length;
    captured.isFull = capReached;
    captured.bytes += kept.length;
    if (processId === null) captured.chunks.push(kept);
    else {
      const deltaBase64 = kept.toString('base64');
      client.notify('command/exec/outputDelta', { processId, stream, deltaBase64, capReached });
    }
  }

  /** What was kept, as text. */
  text(stream: OutputStream): string {
    return Buffer.concat(this.#streams[stream].chunks).toString('utf8');
  }
}
