import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { maskedText } from '../../../foundation/secrets/index.ts';
import { findProgram, reasonOf, temporaryDirectory } from '../../../foundation/util/index.ts';
import { type Config, commandEnvironment, programSearch } from '../../../storage/config/index.ts';
import { MAX_PLUGIN_BYTES } from '../../../storage/plugins/index.ts';
import { programOutput } from '../../../system/process/index.ts';

const FETCH_MS = 120_000;
const MAX_SHOWN_CHARS = 600;
/** A name in the registry, with a version, range or tag. Never an address, a path or a repository, of which npm would run scripts. */
const SPEC = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(?:@[\w.^~+-]+)?$/i;

export function isPackageSpec(text: string): boolean {
  return SPEC.test(text);
}

/**
 * The archive of a package as npm fetches it. npm runs in a folder of its own, so that no project's `.npmrc` counts, and runs no scripts.
 * @throws KeelError `invalidInput` with what npm said
 */
export async function fetchedPackage(spec: string, config: Config): Promise<Buffer> {
  const npm = findProgram('npm', programSearch(config));
  if (npm.type === 'missing') throw new KeelError('invalidInput', `packages are fetched by npm: ${npm.reason}`);
  using folder = temporaryDirectory(config.home, 'npm');
  const env = { ...commandEnvironment(config, config.env), PATH: npm.searchPath };
  const quiet = ['--ignore-scripts', '--loglevel=error', '--no-update-notifier', '--no-fund', '--no-audit'];
  try {
    const args = ['pack', spec, '--pack-destination', folder.path, '--prefix', folder.path, ...quiet];
    await programOutput(npm.path, args, { cwd: folder.path, env, timeoutMs: FETCH_MS });
    const [name] = readdirSync(folder.path).filter((one) => one.endsWith('.tgz'));
    if (name === undefined) throw new Error('npm made no archive');
    return readRegularFile(join(folder.path, name), { maxBytes: MAX_PLUGIN_BYTES });
  } catch (cause) {
    throw new KeelError('invalidInput', `npm can't fetch ${spec}: ${saidBy(cause)}`, { cause });
  }
}

/** What npm wrote to standard error, if it ran. */
function saidBy(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return maskedText(said === '' ? reasonOf(error) : said).slice(0, MAX_SHOWN_CHARS);
}
