export { holdsSecret, isSecretVariable, secretsOf } from './environment.ts';
export { isSecretParameter, MASK, maskedArguments, maskedText, maskedUrl, maskSecrets } from './mask.ts';
export { isSecretlyNamed, isSecretName } from './secret-names.ts';
