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

/**
 * Modules that take milliseconds to load, and of which a start needs little or nothing: `crypto` loads twenty others. Their
 * functions load them when they are first called; classes and values still do at once.
 */
const WHEN_CALLED = ['crypto', 'fs/promises', 'module', 'os'];

/** Each name is pure, so that the ones nobody asks for are dropped. */
function facade(name) {
  const builtin = process.getBuiltinModule(`node:${name}`);
  const isLate = (key) => WHEN_CALLED.includes(name) && typeof builtin[key] === 'function' && /^[a-z]/.test(key);
  const exported = Object.keys(builtin)
    .filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default')
    .map((key) => `export const ${key} = /* @__PURE__ */ ${isLate(key) ? 'whenCalled' : 'pick'}('${key}');`);
  return [
    `const load = () => process.getBuiltinModule('node:${name}');`,
    'const pick = (key) => load()[key];',
    'const whenCalled = (key) => (...args) => load()[key](...args);',
    ...exported,
    'export default /* @__PURE__ */ load();',
  ].join('\n');
}
