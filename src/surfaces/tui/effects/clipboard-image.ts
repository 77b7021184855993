import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, uuidV7 } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { startProgram } from '../../../system/process/index.ts';

const TIMEOUT_MS = 5_000;
/** Drafts with images may wait for as long. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;
const MAX_IMAGE_BYTES = 32 * 1024 * 1024;
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

interface Reader {
  readonly program: string;
  readonly args: readonly string[];
}

/** The programs that print an image of the clipboard as PNG, for this desktop. */
function readers({ env }: Config): readonly Reader[] {
  if (process.platform === 'darwin') return [{ program: 'pngpaste', args: ['-'] }];
  const wayland = { program: 'wl-paste', args: ['--no-newline', '--type', 'image/png'] };
  const x11 = { program: 'xclip', args: ['-selection', 'clipboard', '-target', 'image/png', '-out'] };
  return [...(env['WAYLAND_DISPLAY'] ? [wayland] : []), ...(env['DISPLAY'] ? [x11] : [])];
}

/**
 * Writes the image that is in the clipboard to a file in keel's home, which only its owner can read.
 * @returns its path
 * @throws Error that says what to do if there is no image, or none can be read
 */
export async function clipboardImage(config: Config, signal: AbortSignal): Promise<string> {
  const possible = readers(config);
  if (possible.length === 0) throw new Error('There is no clipboard here. Paste or drop the path of an image file.');
  const found = possible.flatMap(({ program, args }) => {
    const place = findProgram(program, { env: config.env, roots: [config.cwd] });
    return place.type === 'found' ? [{ program: place.path, args }] : [];
  });
  if (found.length === 0) {
    const names = possible.map(({ program }) => program).join(' or ');
    throw new Error(`To paste images, install ${names}; or paste the path of an image file.`);
  }
  for (const reader of found) {
    const bytes = await outputOf(reader, config, signal);
    if (!bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) continue;
    const directory = join(config.home, 'pasted');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    removeOld(directory);
    const path = join(directory, `${uuidV7(Date.now())}.png`);
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
    return path;
  }
  throw new Error('There is no image in the clipboard.');
}

/** A message has its image in the thread's record: the file is only needed until it is sent. */
function removeOld(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true });
  }
}

/** What the program prints; nothing if it fails, takes too long or prints too much. */
async function outputOf({ program, args }: Reader, { env, cwd }: Config, stop: AbortSignal): Promise<Buffer> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
  const child = startProgram(program, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_IMAGE_BYTES) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  try {
    await once(child, 'close');
  } catch {
    // It can't be started, or took too long.
    return Buffer.alloc(0);
  }
  return child.exitCode === 0 && size <= MAX_IMAGE_BYTES ? Buffer.concat(chunks) : Buffer.alloc(0);
}
