//! What anyone may do in an application right now, in one visible line, and where to close it.

import { Alert, Anchor, Group, Text } from '@mantine/core';
import { Link } from 'react-router';
import { graphql } from '../../../gql';
import type { OpenDoors_ApplicationFragment } from '../../../gql/graphql';
import { Icon } from '../../components/Icon';

graphql(`
  fragment OpenDoors_application on Application {
    name
    openDoors {
      message
      setting
    }
  }
`);

export function OpenDoors({ application }: { application: OpenDoors_ApplicationFragment }) {
  const { name, openDoors } = application;
  const open = openDoors.length > 0;
  return (
    <Alert
      variant="light"
      color={open ? 'orange' : 'sluice'}
      icon={<Icon name={open ? 'unlocked' : 'lock'} />}
      py="xs"
      aria-label={`What stands open in ${name}`}
    >
      <Group justify="space-between" gap="xs">
        <Text size="sm">
          <strong>{name}</strong>
          {': '}
          {open ? openDoors.map(({ message }) => message).join(', ') : 'Nothing stands open.'}
        </Text>
        <Anchor component={Link} to={`/applications/${encodeURIComponent(name)}/settings`} size="sm" c="inherit" td="underline">
          Security settings
        </Anchor>
      </Group>
    </Alert>
  );
}
