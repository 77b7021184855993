export {
  type CallOutcome,
  callDigest,
  type HostedCall,
  LocalToolHost,
  type ToolHost,
  unknownOutcome,
} from './tool-host.ts';
