import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: process.env.SLUICE_SCHEMA ?? '../schema.graphql',
  documents: ['src/admin/**/*.{ts,tsx}', 'src/graphiql/samples.ts'],
  ignoreNoDocuments: true,
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        skipTypename: true,
        // Numbers beyond 2^31 and times travel as text; lib/format reads them.
        scalars: { DateTime: 'string', Long: 'string', JSON: 'unknown', ID: 'string' },
        defaultScalarType: 'unknown',
      },
    },
  },
};

export default config;
