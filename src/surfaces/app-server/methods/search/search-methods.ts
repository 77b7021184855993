import { basename, isAbsolute } from 'node:path';
import * as z from 'zod';
import { openDirectory } from '../../../../foundation/files/index.ts';
import { onAbort } from '../../../../foundation/util/index.ts';
import { FileFinder } from '../../../file-search/index.ts';
import { withFile } from '../files/file-errors.ts';
import { findPlaces } from '../files/places.ts';
import { type Client, ErrorCode, MethodError, type Methods, method } from '../method.ts';
import type { ServerSettings } from '../server-settings.ts';

const MAX_ROOTS = 16;
/** Of one client. */
const MAX_SESSIONS = 16;
/** Lists of files that are kept for the next search. */
const MAX_FINDERS = 8;
/** The protocol has whole numbers. */
const SCORE_SCALE = 10;

const Roots = z.array(z.string().refine(isAbsolute, { error: 'a root has to be absolute' })).max(MAX_ROOTS);
const SearchParams = z.object({ query: z.string(), roots: Roots, cancellationToken: z.string().nullish() });
const OfSession = z.object({ sessionId: z.string().min(1) });

/** A search whose query changes as somebody types. */
interface Session {
  readonly roots: readonly string[];
  search: AbortController;
}

/** What one client searches. */
interface Searches {
  readonly byToken: Map<string, AbortController>;
  readonly sessions: Map<string, Session>;
}

/** `fuzzyFileSearch`: files of the workspace by parts of their names. */
export class FileSearches {
  readonly #settings: ServerSettings;
  readonly #finders = new Map<string, FileFinder>();
  readonly #searches = new WeakMap<Client, Searches>();

  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  readonly methods: Methods = {
    fuzzyFileSearch: method(SearchParams, async ({ query, roots, cancellationToken: token }, client) => {
      const { byToken } = this.#of(client);
      const search = new AbortController();
      if (token != null) {
        byToken.get(token)?.abort();
        byToken.set(token, search);
      }
      try {
        return { files: await this.#find(query, roots, AbortSignal.any([search.signal, client.closed])) };
      } finally {
        if (token != null && byToken.get(token) === search) byToken.delete(token);
      }
    }),
    'fuzzyFileSearch/sessionStart': method(OfSession.extend({ roots: Roots }), async ({ sessionId, roots }, client) => {
      const { sessions } = this.#of(client);
      if (!sessions.has(sessionId) && sessions.size >= MAX_SESSIONS) {
        throw new MethodError(ErrorCode.overloaded, `more than ${MAX_SESSIONS} search sessions`);
      }
      sessions.get(sessionId)?.search.abort();
      sessions.set(sessionId, { roots, search: new AbortController() });
      return {};
    }),
    'fuzzyFileSearch/sessionUpdate': method(
      OfSession.extend({ query: z.string() }),
      async ({ sessionId, query }, client) => {
        const session = this.#of(client).sessions.get(sessionId);
        if (session === undefined) {
          throw new MethodError(ErrorCode.invalidRequest, `no search session ${JSON.stringify(sessionId)}`);
        }
        session.search.abort();
        session.search = new AbortController();
        void this.#report(sessionId, session, query, client);
        return {};
      },
    ),
    'fuzzyFileSearch/sessionStop': method(OfSession, async ({ sessionId }, client) => {
      const { sessions } = this.#of(client);
      sessions.get(sessionId)?.search.abort();
      sessions.delete(sessionId);
      return {};
    }),
  };

  async #report(sessionId: string, { roots, search }: Session, query: string, client: Client): Promise<void> {
    const { signal } = search;
    try {
      const files = await this.#find(query, roots, AbortSignal.any([signal, client.closed]));
      if (!signal.aborted) client.notify('fuzzyFileSearch/sessionUpdated', { sessionId, query, files });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) client.notify('warning', { message: `files can't be searched: ${message}` });
    }
    if (!signal.aborted) client.notify('fuzzyFileSearch/sessionCompleted', { sessionId });
  }

  /** The best files of each root; none of a search that a newer one has replaced. */
  async #find(query: string, roots: readonly string[], signal: AbortSignal): Promise<object[]> {
    if (query === '') return [];
    const { mayRead } = await findPlaces(this.#settings);
    const found = await Promise.all(
      roots.map(async (root) => {
        // What may not be read is not listed either.
        const place = await withFile(root, () => {
          using directory = openDirectory(root, { judge: mayRead });
          return directory.place.path;
        });
        const files = await this.#finderFor(place).find(query, place, signal).catch(unlessAborted(signal));
        return files.map(({ path, score, positions }) => ({
          root,
          path,
          match_type: 'file',
          file_name: basename(path),
          score: Math.max(0, Math.round(score * SCORE_SCALE)),
          indices: positions,
        }));
      }),
    );
    return found.flat().sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
  }

  #finderFor(root: string): FileFinder {
    const known = this.#finders.get(root);
    if (known !== undefined) return known;
    const [oldest] = this.#finders.keys();
    if (this.#finders.size >= MAX_FINDERS && oldest !== undefined) this.#finders.delete(oldest);
    const finder = new FileFinder();
    this.#finders.set(root, finder);
    return finder;
  }

  #of(client: Client): Searches {
    const known = this.#searches.get(client);
    if (known !== undefined) return known;
    const own: Searches = { byToken: new Map(), sessions: new Map() };
    this.#searches.set(client, own);
    onAbort(client.closed, () => own.sessions.clear());
    return own;
  }
}

function unlessAborted(signal: AbortSignal): (error: unknown) => [] {
  return (error) => {
    if (!signal.aborted) throw error;
    return [];
  };
}
