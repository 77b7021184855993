export { CallbackServer, type CallbackServerOptions } from './callback-server.ts';
