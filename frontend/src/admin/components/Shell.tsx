//! The frame around every page: where one is, where one can go, who is logged in.

import {
  ActionIcon,
  Anchor,
  AppShell,
  Badge,
  Burger,
  Group,
  NavLink,
  ScrollArea,
  Text,
  Title,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../../gql';
import { useSession } from '../lib/session';
import { Icon } from './Icon';

const APPLICATION_NAMES = graphql(`
  query ApplicationNames {
    applications(first: 250) {
      nodes {
        id
        name
      }
    }
  }
`);

const LOG_OUT = graphql(`
  mutation LogOut {
    logout {
      problems {
        code
        message
      }
    }
  }
`);

interface Props {
  viewer: { kind: string; name: string; role?: string | null };
  version: string;
  children: ReactNode;
}

export function Shell({ viewer, version, children }: Props) {
  const [opened, { toggle, close }] = useDisclosure();
  const { setToken } = useSession();
  const [, logOut] = useMutation(LOG_OUT);
  const { pathname } = useLocation();
  const [{ data }] = useQuery({ query: APPLICATION_NAMES });
  const applications = data?.applications.nodes ?? [];

  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding="lg">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <UnstyledButton component={Link} to="/">
              <Group gap={8} wrap="nowrap">
                <Icon name="gate" size={24} />
                <Title order={4} component="span">
                  Sluice
                </Title>
              </Group>
            </UnstyledButton>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" c="dimmed" visibleFrom="xs">
              {viewer.kind === 'LOCAL' ? 'This machine' : viewer.name}
            </Text>
            {viewer.role && (
              <Badge variant="default" size="sm" tt="lowercase">
                {viewer.role.toLowerCase()}
              </Badge>
            )}
            <SchemeButton />
            {viewer.kind === 'ADMINISTRATOR' && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label="Log out"
                title="Log out"
                onClick={() => void logOut({}).then(() => setToken(null))}
              >
                <Icon name="leave" />
              </ActionIcon>
            )}
          </Group>
        </Group>
      </AppShell.Header>

      <AppShell.Navbar p="sm" aria-label="Main">
        <AppShell.Section grow component={ScrollArea}>
          <Entry to="/" label="Overview" icon="overview" active={pathname === '/'} onClick={close} />
          <Entry to="/decisions" label="Decisions" icon="decisions" active={pathname === '/decisions'} onClick={close} />
          <Entry to="/audit" label="Audit" icon="audit" active={pathname === '/audit'} onClick={close} />
          {viewer.role === 'ADMIN' && (
            <Entry to="/keys" label="API keys" icon="key" active={pathname === '/keys'} onClick={close} />
          )}
          <Text size="xs" fw={600} c="dimmed" px="sm" pt="lg" pb={6}>
            Applications
          </Text>
          {applications.map(({ id, name }) => {
            const base = `/applications/${encodeURIComponent(name)}`;
            const inside = pathname.startsWith(`${base}/`);
            return (
              <NavLink key={id} label={name} defaultOpened={inside || applications.length < 4} variant="subtle" childrenOffset={20}>
                <Entry to={`${base}/broadcasts`} label="Broadcasts" active={pathname.startsWith(`${base}/broadcasts`)} onClick={close} />
                <Entry to={`${base}/settings`} label="Security" active={pathname === `${base}/settings`} onClick={close} />
              </NavLink>
            );
          })}
        </AppShell.Section>
        <AppShell.Section px="sm" pt="sm">
          <Group justify="space-between">
            <Anchor href="/graphql" size="xs" c="dimmed">
              GraphiQL
            </Anchor>
            <Text size="xs" c="dimmed">
              {version}
            </Text>
          </Group>
        </AppShell.Section>
      </AppShell.Navbar>

      <AppShell.Main>{children}</AppShell.Main>
    </AppShell>
  );
}

interface EntryProps {
  to: string;
  label: string;
  active: boolean;
  icon?: 'overview' | 'decisions' | 'audit' | 'key';
  onClick: () => void;
}

function Entry({ to, label, active, icon, onClick }: EntryProps) {
  return (
    <NavLink
      component={Link}
      to={to}
      label={label}
      active={active}
      aria-current={active ? 'page' : undefined}
      leftSection={icon && <Icon name={icon} />}
      onClick={onClick}
      style={{ borderRadius: 'var(--mantine-radius-md)' }}
    />
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? 'Light colours' : 'Dark colours';
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(dark ? 'light' : 'dark')}
    >
      <Icon name={dark ? 'sun' : 'moon'} />
    </ActionIcon>
  );
}
