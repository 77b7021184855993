import {
  customCall,
  cut,
  failed,
  functionCall,
  hold,
  httpError,
  type ItemPart,
  message,
  type Part,
  type Response,
  reasoning,
  reset,
  respond,
  usage,
} from '../../src/testing/index.ts';
import type { Ending, Plan, Reply, Saying } from './plan.ts';

/** A request as it was made. */
export interface Sent {
  readonly threadId: string;
  readonly taskKind: string;
  readonly body: string;
  /** How many events had been seen by then. */
  readonly eventsSeen: number;
}

export interface Answer {
  readonly response: Response;
  /** Sent to the end though the client has gone. */
  readonly isDeaf: boolean;
}

const LAST_WORD: Reply = { says: ['text'], end: 'completed', isLarge: false };
/** Tokens that a response reports; the limit of the sessions under test lies between. */
const SMALL = 1_000;
const LARGE = 200_000;

/**
 * The model of one course of events: answers each request with the plan's next reply for its kind. Every text and every call
 * that it makes is unique, so that its outcome can be found afterwards.
 */
export class ScriptedModel {
  readonly #replies: Reply[];
  readonly #summaries: Ending[];
  readonly #reviews: Reply[];
  readonly #counts = new Map<string, number>();
  #gate = Promise.withResolvers<void>();
  #isFree = false;
  /** The thread under test; others are its children. */
  threadId = '';
  /** Where its tools look. */
  cwd = '/';

  constructor(plan: Plan) {
    this.#replies = [...plan.replies];
    this.#summaries = [...plan.summaries];
    this.#reviews = [...plan.reviews];
  }

  /** Releases what is held, and holds nothing until `hold`. */
  release(): void {
    this.#isFree = true;
    this.#gate.resolve();
  }

  hold(): void {
    this.#isFree = false;
    this.#gate = Promise.withResolvers<void>();
  }

  /** From here on it only says a word and stops. */
  calm(): void {
    this.#replies.length = 0;
    this.#summaries.length = 0;
    this.#reviews.length = 0;
  }

  answer({ threadId, taskKind }: Pick<Sent, 'threadId' | 'taskKind'>): Answer {
    const isChild = threadId !== this.threadId;
    const word = taskKind === 'compact' ? 'summary' : isChild ? 'review' : 'text';
    const reply = this.#next(word);
    return { response: this.#play(reply, word), isDeaf: reply.end === 'deaf' };
  }

  #next(word: 'summary' | 'review' | 'text'): Reply {
    if (word === 'summary') return { ...LAST_WORD, end: this.#summaries.shift() ?? 'completed' };
    return (word === 'review' ? this.#reviews : this.#replies).shift() ?? LAST_WORD;
  }

  #play({ says, end, isLarge }: Reply, word: string): Response {
    if (end === 'busy') return httpError(500, 'busy');
    if (end === 'refused') return httpError(400, { error: { message: 'refused' } });
    if (end === 'silent') return respond(hold(this.#held()), reset());
    const items = says.map((saying) => this.#item(saying, word));
    if (end === 'deaf') return respond(hold(this.#held()), ...items, usage({ total: SMALL }));
    return respond(...items, ...this.#end(end), usage({ total: isLarge ? LARGE : SMALL }));
  }

  #end(end: Ending): Part[] {
    switch (end) {
      case 'held':
        return [hold(this.#held())];
      case 'cut':
        return [cut()];
      case 'reset':
        return [reset()];
      case 'failed':
        return [failed({ code: 'rate_limit_exceeded', message: 'Please try again in 3ms.' })];
      case 'halfText':
        return [message(this.#one('half'), { unfinished: true }), hold(this.#held()), cut()];
      case 'overflow':
        return [failed({ code: 'context_length_exceeded', message: 'too long' })];
      default:
        return [];
    }
  }

  #item(saying: Saying, word: string): ItemPart {
    const id = this.#one('call');
    const shell = (script: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
    switch (saying) {
      case 'text':
        return message(this.#one(word));
      case 'reasoning':
        return reasoning([this.#one('thought')], { encrypted: id });
      case 'patch':
        return functionCall('apply_patch', { input: this.#patch() }, id);
      case 'freeformPatch':
        return customCall('apply_patch', this.#patch(), id);
      case 'plan':
        return functionCall('update_plan', { plan: [{ step: this.#one('step'), status: 'pending' }] }, id);
      case 'read':
        return functionCall('read_file', { file_path: `${this.cwd}/log.txt` }, id);
      case 'list':
        return functionCall('list_dir', { dir_path: this.cwd }, id);
      case 'shell':
        return shell(`echo ${this.#one('effect')} >> log.txt`);
      case 'longShell':
        return shell(`echo ${this.#one('effect')} >> log.txt; sleep 0.5039`);
      case 'unknownTool':
        return functionCall('no_such_tool', {}, id);
      case 'badArguments':
        return functionCall('apply_patch', '{"input":', id);
      case 'sameId':
        return functionCall('apply_patch', { input: this.#patch() }, 'call-again');
    }
  }

  /** A patch whose effect shows how often it was applied. */
  #patch(): string {
    const lines = ['*** Begin Patch', '*** Update File: log.txt', '@@', ' start', `+${this.#one('effect')}`];
    return `${[...lines, '*** End Patch'].join('\n')}\n`;
  }

  #held(): Promise<void> {
    return this.#isFree ? Promise.resolve() : this.#gate.promise;
  }

  #one(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}-${count}.`;
  }
}
