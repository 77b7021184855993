// Bundles packages/fleet: its command line, its client and the programs that it starts. Packages stay outside, keel with them:
// whoever installs keel-fleet has installed keel.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const fleet = join(import.meta.dirname, '../packages/fleet');

export async function buildFleet() {
  rmSync(join(fleet, 'dist'), { recursive: true, force: true });
  await build({
    cwd: fleet,
    platform: 'node',
    transform: { target: 'node22' },
    // But what the compiler itself adds comes along.
    external: /^(?!@oxc-project)(?:[a-z@]|node:)/,
    input: {
      cli: join(fleet, 'src/cli/index.ts'),
      client: join(fleet, 'src/client/index.ts'),
      'worker-program': join(fleet, 'src/worker-program.ts'),
    },
    output: {
      dir: join(fleet, 'dist'),
      format: 'es',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  });
}
