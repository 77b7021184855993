import { lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import {
  FileFault,
  inDirectory,
  openDirectory,
  placeOf,
  readRegularFile,
  replaceFile,
} from '../../../../foundation/files/index.ts';
import { realPath } from '../../../../foundation/util/index.ts';
import { Base64 } from '../base64.ts';
import { type Methods, method } from '../method.ts';
import type { ServerSettings } from '../server-settings.ts';
import { copyTree } from './copy-tree.ts';
import { withFile } from './file-errors.ts';
import { entryKind, metadataOf } from './metadata.ts';
import { findPlaces, type Places, refuse } from './places.ts';
import { removeTree } from './remove-tree.ts';
import { FileWatches } from './watch-files.ts';

/** A larger file is not sent: it would be one message. */
const MAX_READ_BYTES = 32 * 1024 * 1024;
const MAX_LISTED = 100_000;

const AbsolutePath = z
  .string()
  .refine((path) => isAbsolute(path) && !path.includes('\0'), { error: 'the path has to be absolute' })
  .transform((path) => resolve(path));
const ofPath = { path: AbsolutePath };

/** `fs/*`: files of the workspace, under the rules of sandboxed commands. */
export function fileMethods(settings: ServerSettings): Methods {
  const at = <T>(path: string, work: (places: Places) => T | Promise<T>) =>
    withFile(path, async () => await work(await findPlaces(settings)));
  const watches = new FileWatches();
  return {
    'fs/readFile': method(z.object(ofPath), ({ path }) =>
      at(path, ({ mayRead }) => {
        const bytes = readRegularFile(path, { maxBytes: MAX_READ_BYTES, judge: mayRead });
        return { dataBase64: bytes.toString('base64') };
      }),
    ),
    'fs/writeFile': method(z.object({ ...ofPath, dataBase64: Base64 }), ({ path, dataBase64 }) =>
      at(path, (places) => {
        writeFile(path, Buffer.from(dataBase64, 'base64'), places);
        return {};
      }),
    ),
    'fs/createDirectory': method(z.object({ ...ofPath, recursive: z.boolean().nullish() }), ({ path, recursive }) =>
      at(path, (places) => {
        makeDirectory(path, recursive ?? true, places);
        return {};
      }),
    ),
    'fs/getMetadata': method(z.object(ofPath), ({ path }) => at(path, ({ mayRead }) => metadataOf(path, mayRead))),
    'fs/readDirectory': method(z.object(ofPath), ({ path }) =>
      at(path, (places) => ({ entries: listDirectory(path, places) })),
    ),
    'fs/remove': method(
      z.object({ ...ofPath, recursive: z.boolean().nullish(), force: z.boolean().nullish() }),
      ({ path, recursive, force }, { closed }) =>
        at(path, async (places) => {
          const options = { isRecursive: recursive ?? true, isForced: force ?? true };
          await removeTree(path, places, options, closed);
          return {};
        }),
    ),
    'fs/copy': method(
      z.object({ sourcePath: AbsolutePath, destinationPath: AbsolutePath, recursive: z.boolean().default(false) }),
      ({ sourcePath: from, destinationPath: to, recursive: isRecursive }, { closed }) =>
        at(from, async (places) => {
          await copyTree({ from, to, isRecursive }, places, closed);
          return {};
        }),
    ),
    'fs/watch': method(z.object({ ...ofPath, watchId: z.string().min(1) }), ({ path, watchId }, client) =>
      at(path, ({ mayRead }) => ({ path: watches.start(watchId, path, mayRead, client) })),
    ),
    'fs/unwatch': method(z.object({ watchId: z.string() }), async ({ watchId }, client) => {
      watches.stop(watchId, client);
      return {};
    }),
  };
}

/** Where the path leads is judged and written, whatever becomes of the links on its way. */
function writeFile(path: string, content: Buffer, places: Places): void {
  const target = realPath(path);
  refuse(places.writeFault(target));
  inDirectory(target, (directory, name) => replaceFile(directory, name, content, null));
  if (realPath(path) !== target) throw new FileFault('its directory was moved meanwhile');
}

function makeDirectory(path: string, isRecursive: boolean, places: Places): void {
  const target = realPath(path);
  refuse(places.writeFault(target));
  const makeLast = () =>
    inDirectory(
      target,
      (directory, name) => {
        const existing = lstatSync(directory.at(name), { throwIfNoEntry: false });
        if (!isRecursive || existing?.isDirectory() !== true) mkdirSync(directory.at(name));
      },
      isRecursive ? () => undefined : undefined,
    );
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory() !== true || !isRecursive) makeLast();
}

function listDirectory(path: string, { mayRead }: Places): object[] {
  using directory = openDirectory(path, { judge: mayRead });
  const entries = readdirSync(placeOf(directory), { withFileTypes: true });
  if (entries.length > MAX_LISTED) throw new FileFault(`it has more than ${MAX_LISTED} entries`);
  return entries.map((entry) => ({ fileName: entry.name, ...entryKind(entry, directory.place.path, mayRead) }));
}
