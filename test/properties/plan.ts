import fc from 'fast-check';

/** What the person at the keyboard, or the machine below, does next. */
export type Move =
  | 'say'
  | 'sayNothing'
  | 'interrupt'
  | 'approve'
  | 'approveForSession'
  | 'deny'
  | 'abortByAnswer'
  | 'answerNobody'
  | 'compact'
  | 'review'
  | 'undo'
  | 'shell'
  | 'longShell'
  | 'askAlways'
  | 'askNever'
  /** Lets everything that is under way come to its end. */
  | 'settle'
  /** Closes the session and takes the thread up again. */
  | 'reopen'
  /** The process dies; the turn it was in continues. `killTorn`: in the middle of a write. */
  | 'kill'
  | 'killTorn'
  /** The process dies, and the turn it was in is given up. */
  | 'killForGood';

/** One thing that the model says or does in a response. */
export type Saying =
  | 'text'
  | 'reasoning'
  | 'patch'
  | 'freeformPatch'
  | 'plan'
  | 'read'
  | 'list'
  | 'shell'
  | 'longShell'
  | 'unknownTool'
  | 'badArguments'
  /** A call whose id other calls of the thread have as well. */
  | 'sameId';

export type Ending =
  | 'completed'
  /** Nothing more comes until the test lets it. */
  | 'held'
  | 'cut'
  | 'reset'
  /** An error within the stream that may be tried again at once. */
  | 'failed'
  /** Half a message, then nothing until the test lets it, then a broken stream. */
  | 'halfText'
  | 'overflow'
  | 'busy'
  | 'refused'
  | 'silent'
  /** The connection doesn't notice that nobody listens any more. */
  | 'deaf';

export interface Reply {
  readonly says: readonly Saying[];
  readonly end: Ending;
  /** Whether the response says that the window is nearly full. */
  readonly isLarge: boolean;
}

export interface Step {
  /** Turns of the event loop before the move. */
  readonly after: number;
  readonly move: Move;
}

/** Everything that makes one course of events; what is left to chance is the machine's own speed. */
export interface Plan {
  readonly steps: readonly Step[];
  /** The model's responses in order; when they are used up it says a word and stops. */
  readonly replies: readonly Reply[];
  /** The same for requests that ask for a handover, and for those of reviewers. */
  readonly summaries: readonly Ending[];
  readonly reviews: readonly Reply[];
  /** Whether patches and commands have to be approved. */
  readonly asks: boolean;
  /** Whether the folder is a repository of which each turn keeps a snapshot, for undo. */
  readonly keepsFiles: boolean;
}

export const move: fc.Arbitrary<Move> = weighted<Move>({
  say: 10,
  sayNothing: 1,
  interrupt: 6,
  approve: 3,
  approveForSession: 1,
  deny: 1,
  abortByAnswer: 1,
  answerNobody: 1,
  compact: 2,
  review: 1,
  undo: 1,
  askAlways: 1,
  askNever: 1,
  settle: 4,
  reopen: 1,
  kill: 1,
  killTorn: 1,
  killForGood: 1,
});

export const saying = weighted<Saying>({
  text: 5,
  reasoning: 3,
  patch: 3,
  freeformPatch: 2,
  plan: 2,
  read: 2,
  list: 1,
  unknownTool: 1,
  badArguments: 1,
  sameId: 1,
});

export const ending = weighted<Ending>({
  completed: 14,
  held: 4,
  cut: 2,
  reset: 1,
  failed: 2,
  halfText: 2,
  overflow: 1,
  busy: 1,
  refused: 1,
  silent: 1,
  deaf: 1,
});

const after = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.nat(12) },
  { weight: 2, arbitrary: fc.nat(60) },
);

/** Any course of events without programs, which are what takes time. */
export const anyPlan: fc.Arbitrary<Plan> = planOf(move, saying);

const withCommands = {
  says: withSome<Saying>(saying, ['shell', 'longShell']),
  moves: withSome<Move>(move, ['shell', 'longShell']),
};

/** With commands of the model's and of the user's. */
export const planWithCommands: fc.Arbitrary<Plan> = planOf(withCommands.moves, withCommands.says);

function planOf(moves: fc.Arbitrary<Move>, says: fc.Arbitrary<Saying>): fc.Arbitrary<Plan> {
  return fc.record<Plan>({
    steps: fc.array(fc.record<Step>({ after, move: moves }), { minLength: 1, maxLength: 10 }),
    replies: fc.array(reply(says), { maxLength: 8 }),
    summaries: fc.array(ending, { maxLength: 3 }),
    reviews: fc.array(reply(saying), { maxLength: 2 }),
    asks: fc.boolean(),
    keepsFiles: fc.constant(false),
  });
}

export function reply(says: fc.Arbitrary<Saying>, end: fc.Arbitrary<Ending> = ending): fc.Arbitrary<Reply> {
  return fc.record<Reply>({ says: fc.array(says, { maxLength: 4 }), end, isLarge: rarely(8) });
}

function withSome<T>(usual: fc.Arbitrary<T>, some: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...some) });
}

function weighted<T extends string>(weights: Readonly<Partial<Record<T, number>>>): fc.Arbitrary<T> {
  const entries = Object.entries(weights) as [T, number][]; // the keys are what the type says
  return fc.oneof(...entries.map(([value, weight]) => ({ weight, arbitrary: fc.constant(value) })));
}

function rarely(oneIn: number): fc.Arbitrary<boolean> {
  return fc.nat(oneIn - 1).map((drawn) => drawn === oneIn - 1);
}
