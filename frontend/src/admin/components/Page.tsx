//! The head of a page and the cards that it is made of.

import { Anchor, Breadcrumbs, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

interface PageProps {
  title: string;
  /** Where the page belongs, outermost first. */
  path?: { label: string; to: string }[];
  badge?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, path, badge, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Sluice`);
  return (
    <Stack gap="lg" maw={1240} mx="auto">
      <Stack gap={4}>
        {path && (
          <Breadcrumbs separatorMargin={6}>
            {path.map(({ label, to }) => (
              <Anchor key={to} component={Link} to={to} size="sm" c="dimmed">
                {label}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between">
          <Group gap="sm">
            <Title order={1} size="h2">
              {title}
            </Title>
            {badge}
          </Group>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </Stack>
      {children}
    </Stack>
  );
}

interface CardProps {
  title?: string;
  /** One line on what the card is about. */
  hint?: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function Card({ title, hint, actions, children }: CardProps) {
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      {(title || actions) && (
        <Group justify="space-between" mb="sm" wrap="nowrap">
          <div>
            <Title order={2} size="h5">
              {title}
            </Title>
            {hint && (
              <Text size="sm" c="dimmed">
                {hint}
              </Text>
            )}
          </div>
          {actions}
        </Group>
      )}
      {children}
    </Paper>
  );
}

/** What stands in an empty list. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" size="sm" py="md" ta="center">
      {children}
    </Text>
  );
}
