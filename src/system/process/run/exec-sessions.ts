import type { ExecSession } from './exec-session.ts';

/** Programs that may run side by side; past this the one used longest ago makes room. */
export const MAX_SESSIONS = 64;
/** From this number on a note asks the model to end what it no longer needs. */
export const WARN_SESSIONS = 60;
/** The newest ones are never ended to make room. */
const PROTECTED_SESSIONS = 8;

/** What a session runs, for people and for the model to recognise it. */
export interface SessionLabel {
  readonly command: string;
  /** Absolute. */
  readonly cwd: string;
  /** It does not end with the others. */
  readonly outlives?: boolean;
  /** Lines to add to the report of its end, for the way it has ended. */
  readonly noteAtEnd?: (end: { readonly exitCode: number; readonly output: string }) => readonly string[];
}

export interface KeptSession extends SessionLabel {
  readonly session: ExecSession;
}

interface Entry extends KeptSession {
  lastUse: number;
  /** Its end was announced, or somebody is looking at it. */
  isAnnounced: boolean;
}

/** A program that ended while nobody looked at it. Its unread output can still be taken. */
export interface EndedSession extends KeptSession {
  readonly id: number;
  readonly exitCode: number;
}

/** Programs whose end is remembered once their id means nothing any more. */
const MAX_REMEMBERED = 256;

export interface RunningSession {
  readonly id: number;
  readonly command: string;
}

export interface OutlivingSession extends RunningSession {
  readonly pid: number;
}

/** The programs that outlive their calls, by the id the model knows them by. */
export class ExecSessions {
  readonly #entries = new Map<number, Entry>();
  /** Exit codes by id; null: it was ended before it ended by itself. */
  readonly #ended = new Map<number, number | null>();
  #nextId = 1;
  #uses = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** @returns the id under which the program continues */
  keep(session: ExecSession, label: SessionLabel): number {
    if (this.#entries.size >= MAX_SESSIONS) this.#makeRoom();
    const id = this.#nextId;
    this.#nextId += 1;
    this.#uses += 1;
    this.#entries.set(id, { ...label, session, lastUse: this.#uses, isAnnounced: false });
    session.listen(null);
    return id;
  }

  get(id: number): KeptSession | null {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    this.#uses += 1;
    entry.lastUse = this.#uses;
    return entry;
  }

  /** Forgets a program whose end was reported: of its id only the exit code is remembered. */
  drop(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#ended.set(id, entry.session.exitCode);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** The exit code of a program that was dropped; null: it was ended from outside. Absent: there was none of this id, or long ago. */
  exitCodeOf(id: number): number | null | undefined {
    return this.#ended.get(id);
  }

  /** Sessions that ended since this was last asked and that nobody has looked at; each once. */
  takeEnded(): readonly EndedSession[] {
    return [...this.#entries].flatMap(([id, entry]) => {
      const { exitCode } = entry.session;
      if (exitCode === null || entry.isAnnounced) return [];
      entry.isAnnounced = true;
      return [{ ...entry, id, exitCode }];
    });
  }

  running(): readonly RunningSession[] {
    return [...this.#entries]
      .filter(([, { session }]) => session.exitCode === null)
      .map(([id, { command }]) => ({ id, command }));
  }

  /** Sessions that run and are meant to outlive the others. */
  outliving(): readonly OutlivingSession[] {
    return [...this.#entries]
      .filter(([, { session, outlives }]) => outlives === true && session.exitCode === null)
      .map(([id, { command, session }]) => ({ id, command, pid: session.pid }));
  }

  /** Ends those that run, or one of them; the next look at one finds its end. @returns how many there were */
  async end(id: number | null): Promise<number> {
    const running = [...this.#entries].filter(([key, { session }]) => session.exitCode === null && (id ?? key) === key);
    await Promise.all(
      running.map(async ([, { session }]) => {
        await session.end();
        await session.exited;
      }),
    );
    return running.length;
  }

  /** Ends all of them at once, but what is to outlive them. */
  close(): void {
    for (const { session, outlives = false } of this.#entries.values()) if (!outlives) session.kill();
    this.#entries.clear();
  }

  #makeRoom(): void {
    const oldestFirst = [...this.#entries]
      .filter(([, { outlives }]) => outlives !== true)
      .sort(([, a], [, b]) => a.lastUse - b.lastUse);
    const candidates = oldestFirst.slice(0, -PROTECTED_SESSIONS);
    const leaving = candidates.find(([, { session }]) => session.exitCode !== null) ?? candidates[0];
    if (!leaving) return;
    void leaving[1].session.end();
    this.drop(leaving[0]);
  }
}
