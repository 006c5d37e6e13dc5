//! Ends one session. It may come back: only a block keeps somebody out.

import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';

const DISCONNECT = graphql(`
  mutation DisconnectSession($input: DisconnectSessionInput!) {
    disconnectSession(input: $input) {
      problems {
        code
        message
      }
    }
  }
`);

interface Props {
  application: string;
  sessionId: string;
  /** Whose session it is, for the button's name. */
  label: string;
  onDone: () => void;
}

export function DisconnectButton({ application, sessionId, label, onDone }: Props) {
  const [{ fetching }, disconnect] = useMutation(DISCONNECT);
  const run = async () => {
    const answer = await disconnect({ input: { application, sessionId } });
    const message = answer.data?.disconnectSession.problems[0]?.message ?? (answer.error && failureText(answer.error));
    if (message) notifications.show({ color: 'red', message });
    onDone();
  };
  return (
    <Button size="xs" variant="default" loading={fetching} onClick={() => void run()} aria-label={`Disconnect ${label}`}>
      Disconnect
    </Button>
  );
}
