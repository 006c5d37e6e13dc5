//! Fetches a subscriber's code of this moment.

import { Button, Popover, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { Operation } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';
import { duration } from '../../lib/format';
import { useNow } from '../../lib/hooks';

const GENERATE = graphql(`
  mutation GenerateCode($input: GenerateCodeInput!) {
    generateCode(input: $input) {
      code
      periodSeconds
      stepEndsAt
      problems {
        code
        message
        path
      }
    }
  }
`);

interface Props {
  application: string;
  streamId: string;
  subscriberId: string;
  operation: Operation;
}

export function CodeButton({ application, streamId, subscriberId, operation }: Props) {
  const [opened, { open, close }] = useDisclosure();
  const [{ data, error, fetching }, generate] = useMutation(GENERATE);
  const now = useNow();
  const payload = data?.generateCode;
  const left = payload?.stepEndsAt ? Date.parse(payload.stepEndsAt) - now : 0;

  const fetchCode = async () => {
    await generate({ input: { application, streamId, subscriberId, operation } });
    open();
  };

  return (
    <Popover opened={opened} onChange={(next) => !next && close()} position="bottom-end" withArrow shadow="md">
      <Popover.Target>
        <Button size="xs" variant="default" loading={fetching} onClick={() => void fetchCode()} aria-label={`Code for ${subscriberId}`}>
          Code
        </Button>
      </Popover.Target>
      <Popover.Dropdown w={280}>
        <Stack gap="xs">
          {payload?.code && (
            <>
              <Copyable label={operation === 'PLAY' ? 'code to play' : 'code to publish'} value={payload.code} />
              <Text size="xs" c="dimmed" className="tabular">
                {left > 0
                  ? `Its step ends in ${duration(left)}; it is accepted one step longer.`
                  : 'Its step has ended: fetch a new one.'}
              </Text>
            </>
          )}
          <Problems problems={payload?.problems ?? []} failure={error && failureText(error)} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
