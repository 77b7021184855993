import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The engine's server, which its operator has installed (`npm install @restatedev/restate-server`); null: there is none for this
 * platform. The program itself, not the script that npm links: that one does not pass on every signal.
 */
export function restateBinary(env: Readonly<Record<string, string | undefined>>): string | null {
  const given = env['KEEL_FLEET_RESTATE'];
  if (given !== undefined && given !== '') return existsSync(given) ? given : null;
  const platform = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  for (const from of [import.meta.url, `${process.cwd()}/package.json`]) {
    try {
      return createRequire(from).resolve(`${platform}/bin/restate-server`);
    } catch {
      // Not installed there.
    }
  }
  return null;
}
