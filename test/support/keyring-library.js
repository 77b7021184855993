// Loaded with `--import`: puts a keyring of the test's own in the place of @napi-rs/keyring. Its secrets are in the file that
// TEST_KEYRING names; without that variable every call fails, as that of a locked keyring does.
import { registerHooks } from 'node:module';

const source = `
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const path = process.env.TEST_KEYRING;
const all = () => {
  if (path === undefined) throw new Error('the keyring is locked');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
};
exports.Entry = class Entry {
  constructor(service, name) {
    this.key = service + '/' + name;
  }
  getPassword() {
    return all()[this.key] ?? null;
  }
  setPassword(secret) {
    writeFileSync(path, JSON.stringify({ ...all(), [this.key]: secret }));
  }
  deletePassword() {
    const { [this.key]: secret, ...rest } = all();
    writeFileSync(path, JSON.stringify(rest));
    return secret !== undefined;
  }
};`;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@napi-rs/keyring'
      ? { url: 'file:///keyring-library.cjs', format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === 'file:///keyring-library.cjs' ? { format: 'commonjs', source, shortCircuit: true } : next(url, context),
});
