import { maskSecrets } from '../../foundation/secrets/index.ts';
import { type Config, secretValues } from '../../storage/config/index.ts';
import { FileLog, type Session } from '../session/index.ts';
import type { Collector } from './collector.ts';
import { type EventRecord, eventRecord, type RecordAttributes } from './event-records.ts';

/** Most of one text in a record. */
const MAX_TEXT_CHARS = 8 * 1024;

/** Called with a session before it does anything; `parent`: the thread that it works for. */
export type ThreadOpened = (session: Session, parent: string | null) => void;

export interface ObserversOptions {
  readonly originator: string;
  /** Whether keel is part of another program, which never says that it needs no more threads. */
  readonly isEmbedded: boolean;
}

/**
 * Follows the sessions of a program and reports their events, where the settings ask for that: to a collector of OpenTelemetry, and
 * at the level `debug` to the log file. The one subscriber for that; the engine knows nothing of it.
 */
export class Observers {
  readonly #options: ObserversOptions;
  /** By their settings, which two threads of a program seldom have differently. */
  readonly #collectors = new Map<string, Collector>();
  readonly #following = new Set<Promise<void>>();

  constructor(options: ObserversOptions) {
    this.#options = options;
  }

  /** Loads what the settings need. */
  async of(config: Config): Promise<ThreadOpened> {
    const log = new FileLog({ ...config.log, now: Date.now, secrets: () => secretValues(config) });
    const collector = await this.#collectorOf(config, log);
    return (session, parent) => {
      const following = this.#follow(session, parent, { config, log, collector })
        .catch((error: unknown) => log.crash(error))
        .finally(() => {
          this.#following.delete(following);
          if (this.#following.size === 0 && this.#options.isEmbedded) this.#flush();
        });
      this.#following.add(following);
    };
  }

  /** Once the sessions have ended: sends what is left, for half a second at most. */
  async close(): Promise<void> {
    await Promise.all(this.#following);
    await Promise.all([...this.#collectors.values()].map((collector) => collector.close()));
    this.#collectors.clear();
  }

  #flush(): void {
    for (const collector of this.#collectors.values()) void collector.flush();
  }

  async #collectorOf({ telemetry, env }: Config, log: FileLog): Promise<Collector | null> {
    if (telemetry === null) return null;
    const { Collector: Reporting } = await import('./collector.ts');
    const key = JSON.stringify(telemetry);
    const known = this.#collectors.get(key);
    if (known !== undefined) return known;
    let hasFailed = false;
    const collector = new Reporting({
      telemetry,
      env,
      originator: this.#options.originator,
      onFailure: (error) => {
        if (!hasFailed) log.warn(`telemetry was not delivered: ${error?.message ?? 'the collector refused it'}`);
        hasFailed = true;
      },
    });
    this.#collectors.set(key, collector);
    return collector;
  }

  async #follow(
    session: Session,
    parent: string | null,
    {
      config,
      log,
      collector,
    }: { readonly config: Config; readonly log: FileLog; readonly collector: Collector | null },
  ): Promise<void> {
    const { threadId } = session;
    const { telemetry } = config;
    const policy = { prompts: telemetry?.logUserPrompt ?? false, calls: telemetry?.logToolOutput ?? false };
    const clean = (text: string) => maskSecrets(text, secretValues(config)).slice(0, MAX_TEXT_CHARS);
    const report = collector?.follow({ threadId, parent, clean }) ?? null;
    try {
      for await (const event of session.events({ deltas: false })) {
        const record = cleaned(eventRecord(event, policy), clean);
        if (record !== null) log.debug(record.name, { thread: threadId, ...record.attributes });
        report?.note(event, record);
      }
    } finally {
      report?.end();
    }
  }
}

function cleaned(record: EventRecord | null, clean: (text: string) => string): EventRecord | null {
  if (record === null) return null;
  const attributes: RecordAttributes = Object.fromEntries(
    Object.entries(record.attributes).map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
  );
  return { ...record, attributes };
}
