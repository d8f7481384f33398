import { type PendingRequest } from '../connections.ts';
import { type GroupCoordinatorPort } from '../groupPort.ts';
import { type GroupRules } from './groupRules.ts';
import { type GroupSettings } from './groupSettings.ts';
import { type GroupStore } from './groupStore.ts';
import { type GroupTimers } from './groupTimers.ts';

/** What the parts of a group coordinator share. */
export interface GroupContext {
  readonly port: GroupCoordinatorPort;
  readonly rules: GroupRules;
  readonly settings: GroupSettings;
  readonly timers: GroupTimers;
  readonly store: GroupStore;
}

/** A request and its body, typed by the handler. */
export interface Asked<Body> {
  readonly request: PendingRequest;
  readonly body: Body;
}
