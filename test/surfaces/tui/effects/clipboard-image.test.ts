import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../src/storage/config/index.ts';
import { clipboardImage } from '../../../../src/surfaces/tui/effects/clipboard-image.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';
import { programDirectory } from '../../../support/programs/program-directory.ts';

const home = freshDirectory();
const { signal } = new AbortController();

/** With programs of these names, each a shell script. */
async function config(programs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
  const bin = programDirectory();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return loadConfig({
    env: { PATH: `${bin}:/usr/bin:/bin`, KEEL_HOME: home.path, OPENAI_API_KEY: 'test', ...env },
    cwd: home.path,
    overrides: [],
    flags: {},
    systemDir: home.path,
  });
}

const PNG = String.raw`printf '\211PNG\r\n\032\n%s' "$*"`;

test.skipIf(process.platform === 'darwin').each([
  ['wl-paste', { WAYLAND_DISPLAY: 'wayland-1' }, '--no-newline --type image/png'],
  ['xclip', { DISPLAY: ':0' }, '-selection clipboard -target image/png -out'],
])('%s gives the image of the clipboard, which becomes a file of the user alone', async (program, env, args) => {
  const path = await clipboardImage(await config({ [program]: PNG }, env), signal);
  expect(readFileSync(path, 'latin1')).toBe(`\u0089PNG\r\n\u001a\n${args}`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.skipIf(process.platform === 'darwin').each([
  ['no desktop', {}, {}, /no clipboard here/],
  ['no program', {}, { DISPLAY: ':0' }, /install xclip/],
  ['a program that fails', { xclip: `${PNG}; exit 1` }, { DISPLAY: ':0' }, /no image in the clipboard/],
  ['something that is no PNG', { xclip: 'echo text' }, { DISPLAY: ':0' }, /no image in the clipboard/],
])('%s is said with what to do', async (_, programs, env, message) => {
  await expect(clipboardImage(await config(programs, env), signal)).rejects.toThrow(message);
});
