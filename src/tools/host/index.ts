export {
  type CallOutcome,
  callDigest,
  type HostedCall,
  type HostedRun,
  LocalToolHost,
  type RecalledCall,
  type ToolHost,
  unknownOutcome,
} from './tool-host.ts';
