//! The processes that carry the streams, once there are several: what each does, and the button that empties one.

import { Badge, Button, Group, Progress, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { Workers_WorkerFragment } from '../../../gql/graphql';
import { failureText } from '../../components/Failure';
import { Card } from '../../components/Page';
import { bitrate, bytes } from '../../lib/format';

graphql(`
  fragment Workers_worker on Worker {
    id
    workerId
    name
    draining
    streams
    sessions
    load {
      cores
      coresAvailable
      memory
      sentBitrate
      receivedBitrate
    }
  }
`);

const DRAIN = graphql(`
  mutation DrainWorker($input: DrainWorkerInput!) {
    drainWorker(input: $input) {
      problems {
        message
      }
    }
  }
`);

interface Props {
  workers: readonly Workers_WorkerFragment[];
  /** Reads the list again. */
  onChanged: () => void;
}

export function Workers({ workers, onChanged }: Props) {
  // On one machine there is nothing to compare and nowhere to send anybody.
  if (workers.length < 2 && !workers.some(({ draining }) => draining)) return null;
  const sorted = workers.toSorted((a, b) => a.name.localeCompare(b.name));
  return (
    <Card title="Workers">
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Worker</Table.Th>
              <Table.Th>Streams</Table.Th>
              <Table.Th>Sessions</Table.Th>
              <Table.Th>Processor</Table.Th>
              <Table.Th>Memory</Table.Th>
              <Table.Th>In, out</Table.Th>
              <Table.Th aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sorted.map((worker) => (
              <WorkerRow key={worker.id} worker={worker} onChanged={onChanged} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function WorkerRow({ worker, onChanged }: { worker: Workers_WorkerFragment; onChanged: () => void }) {
  const [{ fetching }, drain] = useMutation(DRAIN);
  const { name, draining, load } = worker;
  const share = load.coresAvailable > 0 ? Math.min(100, (100 * load.cores) / load.coresAvailable) : 0;
  const run = async () => {
    const answer = await drain({ input: { workerId: worker.workerId, on: !draining } });
    const message = answer.data?.drainWorker.problems[0]?.message ?? (answer.error && failureText(answer.error));
    if (message) notifications.show({ color: 'red', message });
    onChanged();
  };
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" fw={600}>
            {name}
          </Text>
          {draining && (
            <Badge color="orange" variant="light" autoContrast>
              Draining
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td className="tabular">{worker.streams.toLocaleString('en')}</Table.Td>
      <Table.Td className="tabular">{worker.sessions.toLocaleString('en')}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Progress w={72} value={share} color={share > 85 ? 'red' : 'blue'} aria-label={`Processor of ${name}`} />
          <Text size="sm" className="tabular">
            {load.cores.toFixed(1)} of {load.coresAvailable.toFixed(0)}
          </Text>
        </Group>
      </Table.Td>
      <Table.Td className="tabular">{bytes(load.memory)}</Table.Td>
      <Table.Td className="tabular">
        {bitrate(load.receivedBitrate)}, {bitrate(load.sentBitrate)}
      </Table.Td>
      <Table.Td>
        <Button
          size="xs"
          variant="default"
          loading={fetching}
          onClick={() => void run()}
          aria-label={`${draining ? 'Take publishers again on' : 'Drain'} ${name}`}
          title={draining ? 'Publishers may come here again' : 'Takes no new publishers, so that it can be stopped when the last has left'}
        >
          {draining ? 'Resume' : 'Drain'}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
