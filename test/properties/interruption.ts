import fc from 'fast-check';
import { type Ending, type Move, type Plan, type Reply, reply, type Saying, type Step, saying } from './plan.ts';

/** Where a turn is when it is interrupted. */
export type Place =
  | 'stream'
  | 'tool'
  | 'command'
  | 'question'
  | 'retry'
  | 'compaction'
  | 'fullTurn'
  | 'review'
  | 'userShell'
  | 'undo';

/** What leads to a place: the ops before, and the model's answers. */
interface Way {
  readonly moves: readonly Move[];
  readonly replies?: readonly fc.Arbitrary<Reply>[];
  readonly summaries?: fc.Arbitrary<Ending>;
  readonly reviews?: fc.Arbitrary<Reply>;
  readonly asks?: boolean;
  readonly keepsFiles?: boolean;
  /** Turns of the event loop within which the place is passed. */
  readonly span: number;
}

const open = fc.constantFrom<Ending>('held', 'halfText', 'completed', 'silent', 'deaf');
const done = fc.constant<Ending>('completed');
const calls = reply(fc.constantFrom<Saying>('patch', 'freeformPatch', 'plan', 'read', 'list', 'text', 'sameId'), done);

const ways: Readonly<Record<Place, Way>> = {
  stream: { moves: ['say'], replies: [reply(saying, open)], span: 60 },
  tool: { moves: ['say'], replies: [calls, calls], span: 90 },
  command: { moves: ['say'], replies: [reply(fc.constantFrom<Saying>('longShell', 'shell'), done)], span: 900 },
  question: { moves: ['say'], replies: [calls], asks: true, span: 60 },
  retry: { moves: ['say'], replies: [reply(saying, fc.constantFrom('busy', 'cut', 'failed', 'reset'))], span: 300 },
  compaction: {
    moves: ['say', 'compact'],
    summaries: fc.constantFrom('held', 'completed', 'failed', 'busy'),
    span: 120,
  },
  fullTurn: {
    moves: ['say'],
    replies: [calls.map((made) => ({ ...made, isLarge: true }))],
    summaries: open,
    span: 120,
  },
  review: { moves: ['review'], reviews: reply(saying, open), span: 200 },
  userShell: { moves: ['say', 'longShell'], span: 900 },
  undo: { moves: ['say', 'settle', 'undo'], replies: [calls], keepsFiles: true, span: 2_000 },
};

const queued = fc.array(
  fc.constantFrom<Move>(
    'say',
    'say',
    'compact',
    'sayNothing',
    'askAlways',
    'approve',
    'answerNobody',
    'interrupt',
    'review',
  ),
  { maxLength: 3 },
);

/** What ends the work: the user, or the end of the process. */
export const interrupt = fc.constant<Move>('interrupt');
export const death = fc.constantFrom<Move>('kill', 'kill', 'killTorn', 'killForGood');

/** A turn that gets to a place and is stopped at some moment of it, with other ops waiting before and after. */
export function stoppedIn(place: Place, by: fc.Arbitrary<Move>): fc.Arbitrary<Plan> {
  const {
    moves,
    replies = [],
    summaries = done,
    reviews = calls,
    asks = false,
    keepsFiles = false,
    span,
  } = ways[place];
  return fc
    .record({
      after: fc.nat(span),
      stop: by,
      before: queued,
      behind: queued,
      replies: fc.tuple(...replies),
      summary: summaries,
      review: reviews,
    })
    .map(({ after, stop, before, behind, replies: made, summary, review }) => ({
      steps: [
        ...moves.map((move): Step => ({ after: 0, move })),
        ...[...before, stop, ...behind].map((move, at): Step => ({ after: at === 0 ? after : 0, move })),
      ],
      replies: made,
      summaries: [summary],
      reviews: [review],
      asks,
      keepsFiles,
    }));
}
