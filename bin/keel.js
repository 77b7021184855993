#!/usr/bin/env node
// The launcher: checks Node, turns on the compile cache, loads the built program. Kept to syntax that old Nodes parse.

const [major, minor] = process.versions.node.split('.').map(Number);
const isSupported = major > 22 || (major === 22 && minor >= 19);

if (isSupported) {
  process.getBuiltinModule('node:module').enableCompileCache();
  const { main } = await import('../dist/cli.js');
  await main();
} else {
  await runWithPinnedNode();
}

/** A checkout carries the Node it was built with. */
async function runWithPinnedNode() {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(
      `keel needs Node.js 22.19 or newer; this is ${process.versions.node}. Install a newer one from your package manager or with a version manager.\n`,
    );
    process.exit(1);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
    process.kill(process.pid, signal);
  });
}
