import { existsSync, readFileSync } from 'node:fs';

import { requireCluster } from '../cluster/layout.ts';
import {
  anatomyText,
  eventText,
  lastAnatomy,
  mergeEvents,
  parseEvents,
} from '../output/anatomy.ts';
import { command, print, printJson, withData, withJson } from './command.ts';

interface EventsOptions {
  readonly data: string;
  readonly json: boolean;
  readonly all: boolean;
}

/** `zookafka events` */
export const eventsCommand = command<EventsOptions>({
  command: 'events',
  describe:
    'the anatomy of the last fail-over: detect, elect, load, decide, propagate, client recovers',
  builder: (yargs) =>
    withJson(withData(yargs)).option('all', {
      type: 'boolean',
      default: false,
      describe: 'every event of every node, merged, before the anatomy',
    }),
  handler: ({ data, json, all }) => {
    const files = requireCluster(data).nodes.map(({ eventsPath }) => eventsPath);
    const events = mergeEvents(
      files
        .filter((path) => existsSync(path))
        .map((path) => parseEvents(readFileSync(path, 'utf8'))),
    );
    const anatomy = lastAnatomy(events);
    if (json) {
      printJson({ ...(all ? { events } : {}), anatomy: anatomy ?? null });
      return;
    }
    if (all) for (const event of events) print(eventText(event));
    print(
      anatomy === undefined
        ? 'No fail-over yet: try "zookafka kill controller"'
        : anatomyText(anatomy),
    );
  },
});
