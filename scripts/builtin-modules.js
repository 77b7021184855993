import { builtinModules } from 'node:module';

const PREFIX = '\0builtin:';

/**
 * A bundler's plugin: modules of Node are taken from `process.getBuiltinModule`, only the names in use. An import reads every
 * member of a module instead, those too that load half of Node when they are read (`crypto.webcrypto`, `process.report`,
 * `net.BlockList`, ...): together a tenth of a start.
 */
export const directBuiltins = {
  name: 'direct-builtins',
  resolveId(source, importer) {
    const name = source.replace(/^node:/, '');
    if (importer === undefined || name.startsWith('_') || !builtinModules.includes(name)) return null;
    // One for each importer, so that it goes where its importer goes and has no more names than that wants.
    return { id: `${PREFIX}${name}?${importer}`, moduleSideEffects: false };
  },
  load(id) {
    return id.startsWith(PREFIX) ? facade(id.slice(PREFIX.length, id.indexOf('?'))) : null;
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
