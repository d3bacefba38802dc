/**
 * The server: use cases, stores, keys and doors. Hosts start it through `main`.
 *
 * @module
 */
export { type ApiScope, SCOPES, scopesOpenTo } from './app/api-key/api-keys.ts'
export { type Config, ConfigError, DEFAULTS, readConfig } from './config.ts'
export type { FsckCheck, FsckCheckName, FsckReport } from './fsck/findings.ts'
export { describeApi } from './http/routes.ts'
export {
  type Founded,
  fsck,
  HouseError,
  initHouse,
  nodeCrypto,
  type OpenHouse,
  openDecisionLog,
  openHouse,
  type RunningHouse,
  rotateSystemKey,
  SCHEMA_VERSION,
  startHouse,
  type World,
} from './main.ts'
