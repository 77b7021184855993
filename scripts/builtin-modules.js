import { builtinModules } from 'node:module';

const NAMESPACE = 'builtin';

/**
 * An esbuild plugin: modules of Node are taken from `process.getBuiltinModule`, only the names in use. An import reads every
 * member of a module instead, those too that load half of Node when they are read (`crypto.webcrypto`, `process.report`,
 * `net.BlockList`, ...): together a tenth of a start.
 */
export const directBuiltins = {
  name: 'direct-builtins',
  setup(build) {
    const known = new Set(builtinModules.filter((name) => !name.startsWith('_')));
    build.onResolve({ filter: /^(?:node:)?[a-z0-9_/]+$/ }, ({ path, kind, importer }) => {
      const name = path.replace(/^node:/, '');
      // One for each importer: as a module that many share it would become a file of its own.
      const found = { path: importer, namespace: NAMESPACE, pluginData: name, sideEffects: false };
      return kind === 'import-statement' && known.has(name) ? { ...found, suffix: `?${name}` } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ pluginData }) => ({ contents: facade(pluginData) }));
  },
};

/** Each name is pure, so that the ones nobody asks for are dropped. */
function facade(name) {
  const names = Object.keys(process.getBuiltinModule(`node:${name}`));
  const exported = names
    .filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default')
    .map((key) => `export const ${key} = /* @__PURE__ */ pick('${key}');`);
  return [
    `const builtin = /* @__PURE__ */ process.getBuiltinModule('node:${name}');`,
    'const pick = (key) => builtin[key];',
    ...exported,
    'export default builtin;',
  ].join('\n');
}
