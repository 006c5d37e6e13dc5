//! Lifts whatever block a subscriber has.

import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';
import { confirmation } from '../../lib/block-result';

const UNBLOCK = graphql(`
  mutation UnblockSubscriber($input: UnblockSubscriberInput!) {
    unblockSubscriber(input: $input) {
      workersAcknowledged
      workersPending {
        name
      }
      problems {
        code
        message
      }
    }
  }
`);

interface Props {
  application: string;
  streamId: string;
  subscriberId: string;
  onUnblocked: (sentence: string) => void;
}

export function UnblockButton({ application, streamId, subscriberId, onUnblocked }: Props) {
  const [{ fetching }, unblock] = useMutation(UNBLOCK);
  const lift = async () => {
    const answer = await unblock({ input: { application, streamId, subscriberId, operation: 'PUBLISH_PLAY' } });
    const result = answer.data?.unblockSubscriber;
    const [problem] = result?.problems ?? [];
    if (result && !problem) onUnblocked(`${subscriberId}: unblocked, ${confirmation(result)}`);
    else notifications.show({ color: 'red', message: problem?.message ?? (answer.error && failureText(answer.error)) });
  };
  return (
    <Button size="xs" variant="default" loading={fetching} onClick={() => void lift()} aria-label={`Unblock ${subscriberId}`}>
      Unblock
    </Button>
  );
}
