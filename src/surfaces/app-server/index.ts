export { type AppServerOptions, runAppServer } from './run-app-server.ts';
