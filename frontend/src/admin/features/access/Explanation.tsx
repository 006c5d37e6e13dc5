//! What the gate would answer, rule by rule.

import { Alert, Group, List, Text, ThemeIcon } from '@mantine/core';
import { graphql } from '../../../gql';
import type { Explanation_AccessExplanationFragment } from '../../../gql/graphql';
import { Icon } from '../../components/Icon';
import { sentence } from '../../lib/format';
import { reasonText } from '../../lib/reasons';
import { ruleText } from '../../lib/rules';

graphql(`
  fragment Explanation_accessExplanation on AccessExplanation {
    outcome
    reason
    message
    asksWebhook
    wouldSpend {
      kind
      message
    }
    steps {
      rule
      applied
      skipped
      verdict
      reason
      message
    }
  }
`);

type Step = Explanation_AccessExplanationFragment['steps'][number];

export function Explanation({ explanation }: { explanation: Explanation_AccessExplanationFragment }) {
  const { outcome, reason, message, wouldSpend, steps } = explanation;
  const denied = outcome === 'DENIED';
  const asked = steps.filter(({ verdict }) => verdict !== 'NOT_REACHED');
  const unreached = steps.length - asked.length;
  return (
    <>
      <Alert
        role="status"
        variant="light"
        color={denied ? 'red' : 'sluice'}
        icon={<Icon name={denied ? 'lock' : 'unlocked'} />}
        title={denied ? 'They would be refused' : 'They would be let in'}
      >
        <Text size="sm">{denied && reason ? `${reasonText(reason)}.` : sentence(message)}</Text>
        {wouldSpend.map((effect) => (
          <Text key={effect.kind} size="sm">
            {sentence(effect.message)}
          </Text>
        ))}
      </Alert>
      <List listStyleType="none" spacing="xs" aria-label="What the gate asked">
        {asked.map((step) => (
          <List.Item key={step.rule} icon={<Mark step={step} />}>
            <Group gap="xs" wrap="wrap">
              <Text size="sm" fw={step.verdict === 'REFUSED' ? 650 : 400} c={step.applied ? undefined : 'dimmed'}>
                {ruleText(step.rule)}
              </Text>
              <Text size="sm" c={step.verdict === 'REFUSED' ? undefined : 'dimmed'}>
                {step.verdict === 'REFUSED' ? sentence(step.message ?? 'no') : step.applied ? 'Yes' : `Not asked: ${step.skipped}`}
              </Text>
            </Group>
          </List.Item>
        ))}
      </List>
      {unreached > 0 && (
        <Text size="sm" c="dimmed">
          {unreached === 1 ? 'One more rule was' : `${unreached} more rules were`} not reached: the first no decides.
        </Text>
      )}
    </>
  );
}

function Mark({ step }: { step: Step }) {
  const [color, icon] =
    step.verdict === 'REFUSED' ? (['red', 'cross'] as const) : step.applied ? (['sluice', 'done'] as const) : (['gray', 'skip'] as const);
  return (
    <ThemeIcon size={22} radius="xl" color={color} variant="light">
      <Icon name={icon} size={14} />
    </ThemeIcon>
  );
}
