import { api, array, boolean, int16, int32, int8, string, struct } from '../schema.ts';

/** DescribeConfigs. */
export const describeConfigs = api({
  key: 32,
  name: 'describeConfigs',
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: array(string(), { nullable: 0 }),
      }),
    ),
    includeSynonyms: boolean({ from: 1, default: false }),
    includeDocumentation: boolean({ from: 3, default: false }),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: string({ nullable: 0 }),
            readOnly: boolean(),
            isDefault: boolean({ to: 0 }),
            configSource: int8({ from: 1, default: -1 }),
            isSensitive: boolean(),
            synonyms: array(
              struct({
                name: string({ from: 1 }),
                value: string({ from: 1, nullable: 0 }),
                source: int8({ from: 1 }),
              }),
              { from: 1 },
            ),
            configType: int8({ from: 3, default: 0 }),
            documentation: string({ from: 3, nullable: 0 }),
          }),
        ),
      }),
    ),
  },
});
