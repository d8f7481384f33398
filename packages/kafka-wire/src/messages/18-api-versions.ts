import { api, array, boolean, int16, int32, int64, string, struct } from '../schema.ts';

/** ApiVersions. */
export const apiVersions = api({
  key: 18,
  name: 'apiVersions',
  versions: { min: 0, max: 4 },
  flexibleFrom: 3,
  request: {
    clientSoftwareName: string({ from: 3 }),
    clientSoftwareVersion: string({ from: 3 }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array(
      struct({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    ),
    throttleTimeMs: int32({ from: 1 }),
    supportedFeatures: array(
      struct({
        name: string({ from: 3 }),
        minVersion: int16({ from: 3 }),
        maxVersion: int16({ from: 3 }),
      }),
      { from: 3, tag: 0, tagged: 3 },
    ),
    finalizedFeaturesEpoch: int64({ from: 3, tag: 1, tagged: 3, default: -1 }),
    finalizedFeatures: array(
      struct({
        name: string({ from: 3 }),
        maxVersionLevel: int16({ from: 3 }),
        minVersionLevel: int16({ from: 3 }),
      }),
      { from: 3, tag: 2, tagged: 3 },
    ),
    zkMigrationReady: boolean({ from: 3, tag: 3, tagged: 3, default: false }),
  },
});
