import type { ReplayedRequest } from '../../engine/session/index.ts';
import type { RequestFingerprint, ResponseItem } from '../../foundation/protocol/index.ts';
import { fingerprintOf, InputList } from '../../storage/rollout/index.ts';
import { firstDifference, sameChange } from './input-lists.ts';
import type { Difference, InputDifference } from './report.ts';

const PARTS = ['instructions', 'tools', 'options'] as const;

export interface TurnOfRequests {
  readonly number: number;
  /** Fingerprints of the turn's requests in the order in which they were sent. */
  readonly asked: readonly { readonly stepId: string; readonly asks: unknown }[];
  /** The turn had tools that do not come with keel and can't be rebuilt. */
  readonly hasExternalTools: boolean;
}

/** Compares the requests of a thread, one after the other, with their recorded fingerprints. */
export class RequestCheck {
  readonly #was = new InputList();
  readonly #now = new InputList();
  readonly #onDifference: (difference: Difference) => void;
  /** Finds the text of an item by its digest, where the record has it. */
  readonly #textOf: (digest: string) => string | null;
  #areEqual = true;
  #turn: TurnOfRequests = { number: 0, asked: [], hasExternalTools: false };
  #next = 0;
  #lastPrompt: readonly ResponseItem[] = [];
  compared = 0;
  all = 0;

  constructor(onDifference: (difference: Difference) => void, textOf: (digest: string) => string | null) {
    this.#onDifference = onDifference;
    this.#textOf = textOf;
  }

  beginTurn(turn: TurnOfRequests): void {
    this.#turn = turn;
    this.#next = 0;
  }

  /** Requests of the turn that were not made again still count as predecessors of the next ones. */
  endTurn(): void {
    this.#applyWas(null);
  }

  request(request: ReplayedRequest): void {
    this.all += 1;
    this.#now.apply(request.now);
    const was = this.#applyWas(request.stepId);
    if (was === null) {
      this.#areEqual = false;
      this.checkExtends(request.prompt.input);
      return;
    }
    this.compared += 1;
    this.#parts(request, was);
    if (this.#areEqual && sameChange(was, request.now)) return;
    const at = firstDifference(this.#was.digests, this.#now.digests);
    this.#areEqual = at === null;
    if (at !== null) this.#onDifference(this.#inputDifference(request, at));
  }

  /** Checks a request without a recorded fingerprint: it has to extend the one before. */
  checkExtends(prompt: readonly ResponseItem[]): void {
    const before = this.#lastPrompt;
    this.#lastPrompt = prompt;
    const last = before.findLastIndex((item) => item.type !== 'reasoning');
    const item = before[last];
    // Thoughts of earlier turns are dropped once the user has sent a new message.
    if (item === undefined || prompt[last] === item || prompt.lastIndexOf(item, last) !== -1) return;
    const message = 'a request does not extend the one before';
    this.#onDifference({ type: 'form', turn: this.#turn.number, message });
  }

  /** The history was replaced: the next request need not extend the one before. */
  restart(): void {
    this.#lastPrompt = [];
  }

  /** Applies the fingerprints up to this step's request. @returns its own fingerprint; null if there is none */
  #applyWas(stepId: string | null): RequestFingerprint | null {
    const { asked } = this.#turn;
    while (this.#next < asked.length) {
      const one = asked[this.#next];
      const found = one?.stepId === stepId;
      // A step that was restarted asked again: the record continues from its last request.
      const again = found && asked.slice(this.#next + 1).some((other) => other.stepId === stepId);
      this.#next += 1;
      const fingerprint = fingerprintOf(one?.asks);
      if (fingerprint) this.#was.apply(fingerprint);
      if (found && !again) return fingerprint;
    }
    return null;
  }

  #parts({ stepId: step, now }: ReplayedRequest, was: RequestFingerprint): void {
    for (const part of PARTS) {
      if (was[part] === now[part] || (part === 'tools' && this.#turn.hasExternalTools)) continue;
      this.#onDifference({ type: 'request', turn: this.#turn.number, step, part, was: was[part], now: now[part] });
    }
  }

  #inputDifference({ stepId: step, input }: ReplayedRequest, item: number): InputDifference {
    const [was, now] = [this.#was.digests, this.#now.digests];
    const [wasDigest = null, nowDigest = null] = [was[item], now[item]];
    const isAdded = wasDigest === null || (now[item + 1] === wasDigest && was[item + 1] !== nowDigest);
    const isMissing = nowDigest === null || (was[item + 1] === nowDigest && now[item + 1] !== wasDigest);
    return {
      type: 'input',
      turn: this.#turn.number,
      step,
      item,
      change: isAdded ? 'added' : isMissing ? 'missing' : 'changed',
      was: wasDigest,
      now: nowDigest,
      wasText: wasDigest === null ? null : this.#textOf(wasDigest),
      nowText: input()[item] ?? null,
    };
  }
}
