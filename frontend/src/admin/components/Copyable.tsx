//! A text that people take elsewhere: an address, a secret, a code.

import { ActionIcon, Code, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { Icon } from './Icon';

interface Props {
  /** What it is: the button reads "Copy {label}". */
  label: string;
  value: string;
  /** Show the label in front. */
  labelled?: boolean;
}

export function Copyable({ label, value, labelled = false }: Props) {
  return (
    <Group gap="xs" wrap="nowrap">
      {labelled && (
        <Text size="sm" w={72} c="dimmed" style={{ flexShrink: 0 }}>
          {label}
        </Text>
      )}
      <Code style={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere', padding: '6px 10px' }}>{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'} withArrow>
            <ActionIcon variant="subtle" color={copied ? 'sluice' : 'gray'} onClick={copy} aria-label={`Copy ${label}`}>
              <Icon name={copied ? 'done' : 'copy'} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
