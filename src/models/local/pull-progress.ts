/** How often progress in bytes is told, ms. */
const TELL_MS = 2_000;

export interface PulledPart {
  readonly digest: string;
  /** Bytes. */
  readonly total: number;
  readonly completed: number;
}

/** Makes of a server's many reports on many files the few lines that a person wants to read. */
export class PullProgress {
  readonly #parts = new Map<string, PulledPart>();
  readonly #nowMs: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #told = '';

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** A line to tell, or null. */
  status(text: string): string | null {
    return this.#tell(text);
  }

  /** A line to tell, or null. */
  part(part: PulledPart): string | null {
    this.#parts.set(part.digest, part);
    const parts = [...this.#parts.values()];
    const total = sum(parts.map((one) => one.total));
    const completed = Math.min(total, sum(parts.map((one) => one.completed)));
    const isWhole = completed === total;
    if (!isWhole && this.#nowMs() - this.#toldAt < TELL_MS) return null;
    const percent = total === 0 ? 100 : Math.floor((100 * completed) / total);
    return this.#tell(`${size(completed)} of ${size(total)} (${percent} %)`);
  }

  #tell(line: string): string | null {
    if (line === this.#told) return null;
    this.#told = line;
    this.#toldAt = this.#nowMs();
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
