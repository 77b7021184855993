export { renewableCredentials } from './renewable-credentials.ts';
