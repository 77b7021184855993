export { Gate } from './gate.ts';
export { NetworkProxy } from './proxy.ts';
