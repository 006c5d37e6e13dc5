//! The problems of a mutation's payload, in the server's own sentences.

import { Alert, List } from '@mantine/core';
import { sentence } from '../lib/format';

export interface Problem {
  code: string;
  message: string;
  path?: string | null;
}

/** Shows nothing when there are none. `failure` is an error outside of the payload. */
export function Problems({ problems, failure }: { problems: readonly Problem[]; failure?: string | undefined }) {
  const messages = [...problems.map(({ message }) => sentence(message)), ...(failure === undefined ? [] : [failure])];
  if (messages.length === 0) return null;
  return (
    <Alert color="red" variant="light" role="alert" title="Nothing was changed">
      {messages.length === 1 ? (
        messages[0]
      ) : (
        <List size="sm">
          {messages.map((message) => (
            <List.Item key={message}>{message}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
