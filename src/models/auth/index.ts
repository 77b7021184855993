export { browserSignIn } from './browser-sign-in.ts';
export { deviceSignIn } from './device-sign-in.ts';
export { accountOf } from './id-token.ts';
export { Issuer } from './issuer.ts';
export { renewableCredentials } from './renewable-credentials.ts';
