import { KeelError, type SessionSource } from '../../foundation/protocol/index.ts';
import type { ModelProvider } from '../../storage/config/index.ts';
import type { Credentials } from './credentials.ts';

export interface RequestHeaderFacts {
  readonly provider: Pick<ModelProvider, 'id' | 'httpHeaders'>;
  readonly credentials: Credentials;
  /** Headers of the API that is spoken. */
  readonly own: Readonly<Record<string, string>>;
  /** A `TaskKind`, or what a child session is for. */
  readonly taskKind: string;
  readonly sessionSource: SessionSource;
  readonly originator: string;
  readonly userAgent: string;
}

const DEFAULT_ORIGINATOR = 'keel_cli';
const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** What HTTP takes as the name of a header. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What Node lets through in a header: no control characters but the tab, nothing beyond Latin-1. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers of a request. What the user sets wins over how keel presents itself, but not over what keel relies on. */
export function requestHeaders(facts: RequestHeaderFacts): Record<string, string> {
  const { provider, credentials } = facts;
  const originator = PRINTABLE.test(facts.originator) ? facts.originator : DEFAULT_ORIGINATOR;
  const headers = new HeaderList();
  headers.add({ originator, 'User-Agent': facts.userAgent });
  headers.add(provider.httpHeaders);
  headers.add(credentials.headers);
  headers.add(facts.own);
  headers.add({
    'codex-task-type': facts.taskKind,
    'keel-session-source': sourceName(facts.sessionSource),
    Accept: 'text/event-stream',
    'Content-Type': 'application/json',
  });
  return headers.toRecord(provider.id);
}

/** A later header replaces an earlier one of the same name, in whatever case. */
class HeaderList {
  readonly #byName = new Map<string, readonly [name: string, value: string]>();

  add(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) this.#byName.set(name.toLowerCase(), [name, value]);
  }

  /** Throws for a name or value that HTTP can't carry; the message has the name only, for the value may be a secret. */
  toRecord(providerId: string): Record<string, string> {
    for (const [name, value] of this.#byName.values()) {
      if (!NAME.test(name)) {
        throw new KeelError('invalidConfig', `"${name}" for provider "${providerId}" can't be the name of a header.`);
      }
      if (!SENDABLE.test(value)) {
        const message = `The header "${name}" for provider "${providerId}" has characters that a header can't contain.`;
        throw new KeelError('invalidConfig', message);
      }
    }
    return Object.fromEntries(this.#byName.values());
  }
}

/** A plain word, never JSON: `exec`, `subagent-review`. */
function sourceName(source: SessionSource): string {
  if (typeof source === 'string') return source;
  const label = innermostText(source.subagent).replace(/[^A-Za-z0-9_.-]/g, '_');
  return label === '' ? 'subagent' : `subagent-${label}`;
}

function innermostText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return innermostText(Object.values(value)[0]);
}
