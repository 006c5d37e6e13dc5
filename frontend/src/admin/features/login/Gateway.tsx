//! The frame of the pages that come before the admin: a card in the middle.

import { Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Icon } from '../../components/Icon';

export function Gateway({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  useDocumentTitle(`${title} · Sluice`);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w={400} maw="100%" gap="lg">
        <Group gap={10} justify="center">
          <Icon name="gate" size={30} />
          <Text fw={650} fz={24}>
            Sluice
          </Text>
        </Group>
        <Paper withBorder p="xl" shadow="sm">
          <Title order={1} size="h3" mb={4}>
            {title}
          </Title>
          <Text size="sm" c="dimmed" mb="lg">
            {text}
          </Text>
          {children}
        </Paper>
      </Stack>
    </Center>
  );
}
