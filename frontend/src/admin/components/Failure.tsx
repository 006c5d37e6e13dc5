//! What stands in place of data that could not be loaded: an outage, a bug, or a server that is restarting.

import { Alert, Button, Group, Text } from '@mantine/core';
import type { CombinedError } from '@urql/core';

export function Failure({ error, retry }: { error: CombinedError; retry: () => void }) {
  return (
    <Alert color="red" variant="light" title="This could not be loaded" m="md" role="alert">
      <Group justify="space-between">
        <Text size="sm">{failureText(error)}</Text>
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      </Group>
    </Alert>
  );
}

/** One sentence for an error of the API or of the network. */
export function failureText(error: CombinedError): string {
  const [first] = error.graphQLErrors;
  return first?.message ?? 'The server does not answer.';
}
