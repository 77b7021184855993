import { monotonicMs } from '../../foundation/util/index.ts';

/** How often progress in bytes is shown, ms. */
const SHOW_MS = 2_000;

export interface PulledPart {
  readonly digest: string;
  /** Bytes. */
  readonly total: number;
  readonly completed: number;
}

/** Reduces a server's many reports on many files to the few lines that a person wants to read. */
export class PullProgress {
  readonly #parts = new Map<string, PulledPart>();
  readonly #nowMs: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = '';

  constructor(nowMs: () => number = monotonicMs) {
    this.#nowMs = nowMs;
  }

  /** The line to show, or null. */
  status(text: string): string | null {
    return this.#show(text);
  }

  /** The line to show, or null. */
  part(part: PulledPart): string | null {
    this.#parts.set(part.digest, part);
    const parts = [...this.#parts.values()];
    const total = sum(parts.map((one) => one.total));
    const completed = Math.min(total, sum(parts.map((one) => one.completed)));
    const isWhole = completed === total;
    if (!isWhole && this.#nowMs() - this.#shownAt < SHOW_MS) return null;
    const percent = total === 0 ? 100 : Math.floor((100 * completed) / total);
    return this.#show(`${size(completed)} of ${size(total)} (${percent} %)`);
  }

  #show(line: string): string | null {
    if (line === this.#shown) return null;
    this.#shown = line;
    this.#shownAt = this.#nowMs();
    return line;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** In the units of disks: `13.8 GB`, `512 MB`. */
function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
