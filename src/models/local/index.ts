export { localServer, prepareLocalModel, seeLocalServer } from './prepare-local-model.ts';
