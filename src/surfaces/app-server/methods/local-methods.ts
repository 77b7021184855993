import type { ClientCommands } from './commands/command-methods.ts';
import type { Client, Methods } from './method.ts';
import { type ServerContext, ServerSettings } from './server-settings.ts';

const FILES = [
  ...['readFile', 'writeFile', 'createDirectory', 'getMetadata', 'readDirectory', 'remove', 'copy', 'watch', 'unwatch'],
].map((name) => `fs/${name}`);
const SEARCH = ['', '/sessionStart', '/sessionUpdate', '/sessionStop'].map((name) => `fuzzyFileSearch${name}`);
const COMMANDS = ['', '/write', '/resize', '/terminate'].map((name) => `command/exec${name}`);
const CONFIG = ['config/read', 'config/value/write', 'config/batchWrite', 'configRequirements/read'];
const ACCOUNT = ['read', 'login/start', 'login/cancel', 'logout', 'rateLimits/read'].map((name) => `account/${name}`);
const LISTS = ['model/list', 'mcpServerStatus/list', 'skills/list', 'experimentalFeature/list', 'feedback/upload'];

/** The methods that need no thread. What a group of them works with is loaded when one is first called. Close it with the server. */
export class LocalMethods implements AsyncDisposable {
  readonly settings: ServerSettings;
  readonly methods: Methods;
  #commands: Promise<ClientCommands> | null = null;
  #startedCommands: ClientCommands | null = null;

  constructor(context: ServerContext) {
    const settings = new ServerSettings(context);
    this.settings = settings;
    this.methods = {
      ...lazily(FILES, async () => (await import('./files/file-methods.ts')).fileMethods(settings)),
      ...lazily(SEARCH, async () => {
        const { FileSearches } = await import('./search/search-methods.ts');
        return new FileSearches(settings).methods;
      }),
      ...lazily(COMMANDS, async () => (await this.#loadCommands()).methods),
      ...lazily(CONFIG, async () => (await import('./configuration/config-methods.ts')).configMethods(settings)),
      ...lazily(ACCOUNT, async () => (await import('./account-methods.ts')).accountMethods(settings)),
      ...lazily(LISTS, async () => (await import('./lists/list-methods.ts')).listMethods(settings)),
    };
  }

  /** Ends every process of clients at once; usable from an exit handler. */
  killProcesses(): void {
    this.#startedCommands?.killProcesses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#commands)?.[Symbol.asyncDispose]();
  }

  #loadCommands(): Promise<ClientCommands> {
    this.#commands ??= import('./commands/command-methods.ts').then(({ ClientCommands: Commands }) => {
      this.#startedCommands = new Commands(this.settings);
      return this.#startedCommands;
    });
    return this.#commands;
  }
}

/** Methods of a group that is loaded once, when one of them is first called. */
function lazily(names: readonly string[], load: () => Promise<Methods>): Methods {
  let loaded: Promise<Methods> | null = null;
  const entries = names.map((name) => {
    const call = async (params: unknown, client: Client) => {
      loaded ??= load();
      const found = (await loaded)[name];
      if (found === undefined) throw new Error(`the group of ${name} has no such method`);
      return await found.call(params, client);
    };
    return [name, { call }] as const;
  });
  return Object.fromEntries(entries);
}
