import type { HistoryEntry } from './thread-log.ts';

interface RecordedOutput {
  readonly response: string;
  readonly callId: string;
  /** Place of its call among those of the response. */
  readonly place: number;
  readonly entry: HistoryEntry;
  /** Index in the history. */
  at: number;
}

/** Outputs are written as calls end. Those of calls that share an id answer them in the order of the calls, as they did live. */
export class OutputOrder {
  /** The outputs of the newest response that has calls. */
  #outputs: RecordedOutput[] = [];

  /** Puts the newest entry of the history, an output, in its place among those of the same id. */
  settle(
    history: HistoryEntry[],
    callId: string,
    { turnId, stepId }: { readonly turnId: string | undefined; readonly stepId: string },
  ): void {
    const entry = history.at(-1);
    const [, round, place] = /^tool-(\d+)\.(\d+)-/.exec(stepId) ?? [];
    if (entry === undefined || round === undefined) return;
    const response = `${turnId} ${round}`;
    this.#outputs = this.#outputs.filter((output) => output.response === response);
    this.#outputs.push({ response, callId, place: Number(place), entry, at: history.length - 1 });
    const same = this.#outputs.filter((output) => output.callId === callId);
    const places = same.map(({ at }) => at).sort((one, other) => one - other);
    same.sort((one, other) => one.place - other.place);
    for (const [index, output] of same.entries()) {
      output.at = places[index] ?? output.at;
      history[output.at] = output.entry;
    }
  }
}
