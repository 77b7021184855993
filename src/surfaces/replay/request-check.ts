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
  /** Tools were offered that do not come with keel: they can't be made again. */
  readonly hasForeignTools: boolean;
}

/** Compares the requests of a thread, one after the other, with what is recorded of them. */
export class RequestCheck {
  readonly #was = new InputList();
  readonly #now = new InputList();
  readonly #tell: (difference: Difference) => void;
  /** Finds the text of an item by its digest, where the record has it. */
  readonly #textOf: (digest: string) => string | null;
  #areEqual = true;
  #turn: TurnOfRequests = { number: 0, asked: [], hasForeignTools: false };
  #next = 0;
  #lastPrompt: readonly ResponseItem[] = [];
  compared = 0;
  all = 0;

  constructor(tell: (difference: Difference) => void, textOf: (digest: string) => string | null) {
    this.#tell = tell;
    this.#textOf = textOf;
  }

  beginTurn(turn: TurnOfRequests): void {
    this.#turn = turn;
    this.#next = 0;
  }

  /** Requests of the turn that were not made again count as the ones before for those that follow. */
  endTurn(): void {
    this.#applyWas(null);
  }

  request(request: ReplayedRequest): void {
    this.all += 1;
    this.#now.apply(request.now);
    const was = this.#applyWas(request.stepId);
    if (was === null) {
      this.#areEqual = false;
      this.continues(request.prompt.input);
      return;
    }
    this.compared += 1;
    this.#parts(request, was);
    if (this.#areEqual && sameChange(was, request.now)) return;
    const at = firstDifference(this.#was.digests, this.#now.digests);
    this.#areEqual = at === null;
    if (at !== null) this.#tell(this.#inputDifference(request, at));
  }

  /** A request of which nothing is recorded: it has to go on from the one before. */
  continues(prompt: readonly ResponseItem[]): void {
    const before = this.#lastPrompt;
    this.#lastPrompt = prompt;
    const last = before.findLastIndex((item) => item.type !== 'reasoning');
    const item = before[last];
    // Thoughts of earlier turns go when the user has said something new.
    if (item === undefined || prompt[last] === item || prompt.lastIndexOf(item, last) !== -1) return;
    const message = 'a request does not go on from the one before';
    this.#tell({ type: 'form', turn: this.#turn.number, message });
  }

  /** The history was put in place by another way than by what came: the next request begins anew. */
  restart(): void {
    this.#lastPrompt = [];
  }

  /** Takes up what was sent up to this step's request. @returns its own fingerprint; null if there is none */
  #applyWas(stepId: string | null): RequestFingerprint | null {
    const { asked } = this.#turn;
    while (this.#next < asked.length) {
      const one = asked[this.#next];
      const found = one?.stepId === stepId;
      // A step that began anew asked again: the later one is what the record goes on from.
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
      if (was[part] === now[part] || (part === 'tools' && this.#turn.hasForeignTools)) continue;
      this.#tell({ type: 'request', turn: this.#turn.number, step, part, was: was[part], now: now[part] });
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
