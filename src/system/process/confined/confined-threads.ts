import { type ConfinedChild, ConfinedThread } from './confined-thread.ts';
import type { Confinement } from './confinement.ts';

/** Threads kept, idle ones included: each costs some 10 MB, and rules fall out of use when folders come and go. */
const MAX_THREADS = 4;

interface Entry {
  readonly opened: Promise<ConfinedThread>;
  thread: ConfinedThread | null;
  /** Commands that are about to be started on it. */
  claims: number;
}

/** The confined threads of a session, one for each confinement. */
export class ConfinedThreads {
  /** By what they confine to; the one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  /** @throws {ConfinementError} if it can't be put into force; what the system says if the program can't be started */
  async start(
    confinement: Confinement,
    ...[spec, stdio, inputs]: Parameters<ConfinedThread['start']>
  ): Promise<ConfinedChild> {
    const entry = this.#use(confinement);
    entry.claims += 1;
    try {
      const thread = await entry.opened;
      if (this.#closed) throw new Error('the session has ended');
      return await thread.start(spec, stdio, inputs);
    } finally {
      entry.claims -= 1;
    }
  }

  /** What they started has to be ended by its owner; then the threads end. */
  close(): void {
    this.#closed = true;
    for (const { thread } of this.#entries.values()) thread?.close();
    this.#entries.clear();
  }

  #use(confinement: Confinement): Entry {
    const key = keyOf(confinement);
    const known = this.#entries.get(key);
    const entry = known === undefined || known.thread?.isLost ? this.#open(confinement, key) : known;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#makeRoom();
    return entry;
  }

  #open(confinement: Confinement, key: string): Entry {
    const opened = ConfinedThread.start(confinement);
    const entry: Entry = { opened, thread: null, claims: 0 };
    opened.then(
      (thread) => {
        entry.thread = thread;
        if (this.#closed) thread.close();
      },
      // Whoever asked for it gets the error; the next one tries again.
      () => this.#entries.get(key) === entry && this.#entries.delete(key),
    );
    return entry;
  }

  #makeRoom(): void {
    for (const [key, { thread, claims }] of this.#entries) {
      if (this.#entries.size <= MAX_THREADS) return;
      if (thread === null || claims > 0 || !thread.isIdle) continue;
      thread.close();
      this.#entries.delete(key);
    }
  }
}

function keyOf({ seccomp, ...rules }: Confinement): string {
  return `${JSON.stringify(rules)}${Buffer.from(seccomp).toString('base64')}`;
}
