//! Why was somebody refused? Asks the gate what it would answer, and shows every rule that it went through.

import { Button, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../../gql';
import type { ExplainAccessInput, Operation, Protocol } from '../../../gql/graphql';
import { Failure } from '../../components/Failure';
import { Card } from '../../components/Page';
import { Explanation } from './Explanation';

const EXPLAIN = graphql(`
  query ExplainAccess($input: ExplainAccessInput!) {
    explainAccess(input: $input) {
      ...Explanation_accessExplanation
    }
  }
`);

export function ExplainAccess({ application, streamId }: { application: string; streamId: string }) {
  const [input, setInput] = useState<ExplainAccessInput | null>(null);
  const [{ data, error, fetching }, ask] = useQuery({
    query: EXPLAIN,
    variables: { input: input ?? NOTHING },
    pause: input === null,
    // What was true a moment ago need not be true now.
    requestPolicy: 'network-only',
  });
  const form = useForm({
    initialValues: {
      operation: 'PLAY' as Operation,
      protocol: 'HLS' as Protocol,
      token: '',
      subscriberId: '',
      subscriberCode: '',
      address: '',
    },
  });

  const submit = form.onSubmit(({ operation, protocol, token, subscriberId, subscriberCode, address }) => {
    const next: ExplainAccessInput = {
      application,
      streamId,
      operation,
      protocol,
      address: address.trim() || null,
      credentials: { token: token.trim() || null, subscriberId: subscriberId.trim() || null, subscriberCode: subscriberCode.trim() || null },
    };
    // The same question again is asked again.
    if (JSON.stringify(next) === JSON.stringify(input)) ask({ requestPolicy: 'network-only' });
    else setInput(next);
  });

  return (
    <Card title="Why was somebody refused?" hint="Ask as they did. The gate answers as it would now, and spends, counts and records nothing.">
      <form onSubmit={submit}>
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
            <Select
              label="They want to"
              allowDeselect={false}
              data={[
                { value: 'PLAY', label: 'Play' },
                { value: 'PUBLISH', label: 'Publish' },
              ]}
              {...form.getInputProps('operation')}
              onChange={(value) => {
                form.setFieldValue('operation', value as Operation);
                form.setFieldValue('protocol', value === 'PUBLISH' ? 'RTMP' : 'HLS');
              }}
            />
            <Select
              label="Over"
              allowDeselect={false}
              data={form.values.operation === 'PLAY' ? PLAY_PROTOCOLS : PUBLISH_PROTOCOLS}
              {...form.getInputProps('protocol')}
            />
            <TextInput label="From address" placeholder="Yours" spellCheck={false} {...form.getInputProps('address')} />
            <PasswordInput label="Token, JWT or hash" placeholder="None" autoComplete="off" {...form.getInputProps('token')} />
            <TextInput label="Subscriber id" placeholder="None" spellCheck={false} {...form.getInputProps('subscriberId')} />
            <TextInput label="Code" placeholder="None" inputMode="numeric" autoComplete="off" {...form.getInputProps('subscriberCode')} />
          </SimpleGrid>
          <div>
            <Button type="submit" loading={fetching}>
              Explain
            </Button>
          </div>
        </Stack>
      </form>
      {error && <Failure error={error} retry={() => ask({ requestPolicy: 'network-only' })} />}
      {data && !error && (
        <Stack mt="lg">
          <Explanation explanation={data.explainAccess} />
        </Stack>
      )}
      {!data && !error && (
        <Text size="sm" c="dimmed" mt="md">
          Credentials typed here go to this server and nowhere else; they are not kept.
        </Text>
      )}
    </Card>
  );
}

/** Never sent: the query waits for a question. */
const NOTHING: ExplainAccessInput = { application: '', streamId: '', operation: 'PLAY' };

const PLAY_PROTOCOLS = [
  { value: 'HLS', label: 'HLS' },
  { value: 'DASH', label: 'DASH' },
  { value: 'RTMP', label: 'RTMP' },
];
const PUBLISH_PROTOCOLS = [{ value: 'RTMP', label: 'RTMP' }];
