import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { FileFault, filesOfProject, namedFileText, pathsNamedBy } from '../../../foundation/files/index.ts';
import { isSecretlyNamed, maskedArguments, maskedText } from '../../../foundation/secrets/index.ts';
import { isTable, type Table } from './layer.ts';
import { acceptedOf, type ProjectTrustFile, recordAcceptedOf } from './project-trust.ts';

const MASKED_VALUE = '*****';
/** What can be a key and no line of a program: whoever accepts a line has to see all of it. */
const SINGLE_WORD = /^[\w.+/=:@%~,?&#-]+$/;

const AcceptedServer = z.object({ name: z.string(), file: z.string(), digest: z.string(), text: z.string() });
/**
 * What a user accepted of a project's MCP server, with the text that they saw. `file`: where it is defined, relative to the project.
 * Secrets are masked in `text`, and are part of what `digest` is of.
 */
export type AcceptedServer = z.infer<typeof AcceptedServer>;

/** Where a server is defined. */
export type ServerPlace = Pick<AcceptedServer, 'name' | 'file'>;

const FILE: ProjectTrustFile<AcceptedServer> = {
  name: 'mcp-trust.json',
  entry: AcceptedServer,
  what: 'the MCP servers of your projects',
};

export interface ProjectPlace {
  readonly home: string;
  /** The folder that the user trusts. */
  readonly folder: string;
  /** Where the servers of this file are at home: what is above its `.keel`. */
  readonly dir: string;
}

/** A project's server as its file defines it: what has to be as it was accepted whenever it is started. */
export interface ServerDefinition {
  readonly name: string;
  readonly table: Table;
  readonly place: ProjectPlace;
}

/** What the user accepted of a project. @throws KeelError `invalidConfig` */
export function acceptedServers(home: string, folder: string): readonly AcceptedServer[] {
  return acceptedOf(home, FILE, folder);
}

/**
 * Accepts servers of a project as they are, each in the place of what was accepted under its name in its file.
 * @throws KeelError `storageFailed`, `invalidConfig`
 */
export function recordServers(home: string, folder: string, accepted: readonly AcceptedServer[]): void {
  const before = acceptedServers(home, folder);
  const kept = before.filter((one) => !accepted.some((other) => isSamePlace(one, other)));
  recordAcceptedOf(home, FILE, folder, [...kept, ...accepted]);
}

/** Takes back what the user accepted under a name in a file of the project. @throws KeelError `storageFailed`, `invalidConfig` */
export function forgetServer(home: string, folder: string, server: ServerPlace): void {
  const before = acceptedServers(home, folder);
  const kept = before.filter((one) => !isSamePlace(one, server));
  if (kept.length < before.length) recordAcceptedOf(home, FILE, folder, kept);
}

/** Why a server must not be started: it is not what the user accepts any more. Null: it may be. @throws KeelError `invalidConfig` */
export async function changeOf(server: ServerDefinition): Promise<string | null> {
  const full = await serverInFull(server);
  if (full instanceof FileFault) return full.message;
  const { home, folder } = server.place;
  const isAccepted = acceptedServers(home, folder).some((one) => isSame(one, full));
  return isAccepted ? null : `a file that it names has changed: run \`keel mcp trust ${server.name}\``;
}

/** Whether two are defined under the same name in the same file. */
export function isSamePlace({ name, file }: ServerPlace, other: ServerPlace): boolean {
  return name === other.name && file === other.file;
}

/** Whether one is what the other was when it was accepted. */
export function isSame(one: AcceptedServer, other: AcceptedServer): boolean {
  return isSamePlace(one, other) && one.digest === other.digest;
}

/** A server in the form that is accepted, or why it can't be: all of its table, and the content of the project's files that it names. */
export async function serverInFull({ name, table, place }: ServerDefinition): Promise<AcceptedServer | FileFault> {
  const { stringify } = await import('smol-toml');
  const { folder, dir } = place;
  const file = join(relative(folder, dir), '.keel/config.toml');
  const own = (shown: Table) => `from ${file}\n${stringify({ mcp_servers: { [name]: shown } }).trim()}`;
  try {
    const named = filesOfProject(pathsNamedBy(linesOf(table), directoryOf(table, place)), folder);
    const files = named.map((one) => {
      const digest = digestOf(one.content);
      return { path: relative(folder, one.path), digest, text: namedFileText(one, folder, digest) };
    });
    const digest = digestOf(JSON.stringify([own(table), ...files.map((one) => [one.path, one.digest])]));
    return { name, file, digest, text: [own(masked(table)), ...files.map(({ text }) => text)].join('\n') };
  } catch (error) {
    if (error instanceof FileFault) return error;
    throw error;
  }
}

/** What may name files: the command, its arguments, and the variables that it gets, such as NODE_OPTIONS. */
function linesOf({ command, args, env }: Table): string[] {
  const given = [command, ...(Array.isArray(args) ? args : []), ...Object.values(isTable(env) ? env : {})];
  return given.filter((line) => typeof line === 'string');
}

export function directoryOf({ cwd }: Table, { dir }: ProjectPlace): string {
  return resolve(dir, typeof cwd === 'string' ? cwd : '');
}

/** What a server starts, as one line, or its address. Secrets are masked. */
export function lineOf(table: Table): string {
  const { command, args, url } = masked(table);
  return [command ?? url, ...(Array.isArray(args) ? args : [])].map(String).join(' ');
}

/** For people. Nothing that runs is masked: of the command, arguments and variables only single words are, where they are secrets. */
function masked(table: Table): Table {
  const { args, url, env, http_headers: headers } = table;
  return {
    ...table,
    ...(Array.isArray(args) ? { args: shownArguments(args.map(String)) } : {}),
    ...(typeof url === 'string' ? { url: maskedText(url) } : {}),
    ...(isTable(env) ? { env: mapped(env, maskedValue) } : {}),
    ...(isTable(headers) ? { http_headers: mapped(headers, () => MASKED_VALUE) } : {}),
  };
}

function shownArguments(args: readonly string[]): string[] {
  const hidden = maskedArguments(args);
  return args.map((arg, at) => (SINGLE_WORD.test(arg) ? (hidden[at] ?? MASKED_VALUE) : arg));
}

function maskedValue(name: string, value: unknown): unknown {
  const text = String(value);
  if (!SINGLE_WORD.test(text)) return value;
  return isSecretlyNamed(name, text) ? MASKED_VALUE : maskedText(text);
}

function mapped(table: Table, value: (name: string, value: unknown) => unknown): Table {
  return Object.fromEntries(Object.entries(table).map(([name, one]) => [name, value(name, one)]));
}

function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
