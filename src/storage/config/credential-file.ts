import * as z from 'zod/mini';
import { withFileLock, writeInPlace } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import type { Keyring } from './keyring.ts';
import { SecretFile, type SecretPlace, type WriteTo } from './secret-file.ts';
import type { McpServer } from './sections/mcp-types.ts';

/** Sandboxed commands can't read a file of this name in keel's home (`system/sandbox/places`). */
const NAME = '.credentials.json';
const MODE = 0o600;

/** What a sign-in to one server left: RFC 6749 names within `client` and `tokens`, as the server sent them. */
const SignIn = z.lazy(() =>
  z.looseObject({
    /** The server's; for another one the sign-in does not count. */
    url: z.string(),
    client: z.looseObject({ client_id: z.string(), client_secret: z.optional(z.string()) }),
    /** What `client` was registered with; null: for sign-ins by a code, from which no browser comes back. */
    redirect_url: z.nullable(z.string()),
    tokens: z.looseObject({
      access_token: z.string(),
      token_type: z.string(),
      refresh_token: z.optional(z.string()),
      scope: z.optional(z.string()),
    }),
    /** End of the access token, ms since 1970; null: not known. */
    expires_at: z.nullable(z.number()),
    authorization_server: z.string(),
    /** What the tokens are for (RFC 8707). */
    resource: z.nullable(z.string()),
    /** What a server has asked for since and the tokens don't cover: the next sign-in asks for it too. */
    wanted_scope: z.optional(z.string()),
  }),
);
export type SignIn = z.infer<typeof SignIn>;

const Contents = z.lazy(() => z.looseObject({ mcp: z.record(z.string(), SignIn) }));
type Contents = z.infer<typeof Contents>;

/** The sign-ins to MCP servers, for the owner's eyes only, which several processes change: in a file, or in the system's keyring. */
export class CredentialFile {
  readonly path: string;
  readonly #file: SecretFile;
  readonly #store: WriteTo;
  readonly #secrets = new Set<string>();

  /** `store`: where sign-ins are kept that are written. */
  constructor(home: string, store: WriteTo = 'where-it-is', keyring?: () => Keyring) {
    this.#file = new SecretFile(home, NAME, keyring);
    this.#store = store;
    this.path = this.#file.path;
  }

  /** Null: there are none. */
  get place(): SecretPlace | null {
    return this.#file.place();
  }

  /** Every secret that this has read or written, for masks. */
  get secrets(): readonly string[] {
    return [...this.#secrets];
  }

  /** Null: nobody has signed in there. @throws KeelError `invalidConfig` for a file that others may write, or that is damaged */
  read({ name, transport }: McpServer): SignIn | null {
    const entry = this.#contents(this.#file.read()).mcp[name];
    if (entry === undefined || transport.type === 'stdio' || entry.url !== transport.url) return null;
    this.#remember(entry);
    return entry;
  }

  /** Keeps a sign-in; null removes it. @returns whether there was one before @throws KeelError `storageFailed` */
  async write(name: string, entry: SignIn | null, signal: AbortSignal): Promise<boolean> {
    if (entry === null && this.#file.place() === null) return false;
    if (entry !== null) this.#remember(entry);
    try {
      return await withFileLock(this.path, signal, (fd) => {
        const { mcp, ...rest } = this.#contents(this.#file.read());
        const { [name]: before, ...others } = mcp;
        const contents = { ...rest, mcp: entry === null ? others : { ...others, [name]: entry } };
        const text = `${JSON.stringify(contents, null, 2)}\n`;
        this.#file.write(text, this.#store, (content) => writeInPlace(fd, content, MODE));
        return before !== undefined;
      });
    } catch (cause) {
      if (cause instanceof KeelError || signal.aborted) throw cause;
      throw new KeelError('storageFailed', `${this.path} can't be written: ${reasonOf(cause)}`, { cause });
    }
  }

  #contents(text: string | null): Contents {
    if (text === null || text.trim() === '') return { mcp: {} };
    try {
      return Contents.parse(readJson(text));
    } catch (cause) {
      throw new KeelError('invalidConfig', `${this.path} is damaged: remove it, and sign in again`, { cause });
    }
  }

  #remember({ client, tokens }: SignIn): void {
    for (const secret of [client.client_secret, tokens.access_token, tokens.refresh_token]) {
      if (secret !== undefined) this.#secrets.add(secret);
    }
  }
}
